"""Dynamic references: ``{{resolve:SERVICE:NAME…}}`` in a property, replaced when a resource is made or changed.

The stored properties, events and change sets keep the reference, so that no secret shows.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html (2026-11-24)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import HandlerError

_REFERENCE = re.compile(r"\{\{resolve:([a-z-]+):([^}]+)\}\}")


def expand(value: Any, client: Callable[[str], Any]) -> Any:
    """``value`` with every dynamic reference looked up. Raises HandlerError or the service's error."""
    match value:
        case str() if "{{resolve:" in value:
            return _REFERENCE.sub(lambda match: _look_up(match[1], match[2], client), value)
        case dict():
            return {key: expand(item, client) for key, item in value.items()}
        case list():
            return [expand(item, client) for item in value]
        case _:
            return value


def _look_up(service: str, reference: str, client: Callable[[str], Any]) -> str:
    match service:
        case "ssm" | "ssm-secure":
            found = client("ssm").get_parameter(Name=reference, WithDecryption=service == "ssm-secure")
            return str(found["Parameter"]["Value"])
        case "secretsmanager":
            return _secret(reference, client("secretsmanager"))
        case _:
            raise HandlerError(f"Dynamic references to {service} are not known")


def _secret(reference: str, secrets: Any) -> str:
    is_arn = reference.startswith("arn:")
    fields = reference.split(":")
    name, rest = (":".join(fields[:7]), fields[7:]) if is_arn else (fields[0], fields[1:])
    kind, key, stage, version = (*rest, "", "", "", "")[:4]
    if kind not in ("", "SecretString"):
        raise HandlerError(f"Dynamic reference to a secret's {kind} is not known")
    given = {**({"VersionStage": stage} if stage else {}), **({"VersionId": version} if version else {})}
    text = str(secrets.get_secret_value(SecretId=name, **given)["SecretString"])
    return str(json.loads(text)[key]) if key else text
