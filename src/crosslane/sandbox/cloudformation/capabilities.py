"""Which capabilities a template needs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html#using-iam-capabilities
(2026-11-24)
"""

from __future__ import annotations

from collections.abc import Sequence

from crosslane.sandbox.cloudformation.resources.registry import TYPES
from crosslane.sandbox.cloudformation.template import Template
from crosslane.sandbox.request import ServiceError


def needed(template: Template) -> tuple[str | None, tuple[str, ...]]:
    """The capability the template needs, or None, and the resource types that need it."""
    kinds = [(TYPES[r.type], r) for r in template.resources.values() if r.type in TYPES]
    types = tuple(dict.fromkeys(kind.name for kind, _ in kinds if kind.iam))
    if not types:
        return None, ()
    named = any(kind.named_by is not None and kind.named_by in r.properties for kind, r in kinds)
    return ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"), types


def check_capabilities(template: Template, given: Sequence[str]) -> None:
    """Raises ServiceError (``InsufficientCapabilitiesException``) if a capability is missing."""
    capability, _ = needed(template)
    enough = {None: True, "CAPABILITY_IAM": bool({"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(given))}
    if not enough.get(capability, capability in given):
        raise insufficient(str(capability))


def insufficient(capability: str) -> ServiceError:
    """What CloudFormation answers when a capability is not acknowledged."""
    return ServiceError("InsufficientCapabilitiesException", f"Requires capabilities : [{capability}]")
