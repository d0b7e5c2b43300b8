"""What a resource type is to the engine: one row of the table."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crosslane.sandbox.cloudformation.resources.shape import Shape

Properties = Mapping[str, Any]


class HandlerError(Exception):
    """A refusal by the resource type itself rather than by a service; ``code`` is the HandlerErrorCode."""

    def __init__(self, message: str, code: str = "InvalidRequest") -> None:
        super().__init__(message)
        self.code = code


_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Live:
    """A resource that exists: its physical id, and properties and attributes as last applied."""

    physical_id: str
    properties: Properties
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler works with. ``client`` gives a botocore client that acts as CloudFormation does for this stack.

    ``made`` must be called with the physical id as soon as the resource exists, before any further call, so that a
    failure in the middle leaves nothing behind. ``random`` gives that many random letters and digits.
    """

    client: Callable[[str], Any]
    account: str
    region: str
    partition: str
    stack_name: str
    stack_id: str
    logical_id: str
    made: Callable[[str], None]
    random: Callable[[int], str]

    def name(self, limit: int) -> str:
        """A physical name as CloudFormation makes it: ``STACK-LOGICALID-RANDOM``, cut to ``limit``."""
        suffix = self.random(12)
        room = limit - len(suffix) - 2
        stack, logical = self.stack_name, self.logical_id
        if len(stack) + len(logical) > room:
            logical = logical[: max(room - len(stack), room // 2)]
            stack = stack[: room - len(logical)]
        return f"{stack}-{logical}-{suffix}"

    def arn(self, service: str, resource: str, *, account: bool = True) -> str:
        """An ARN in this stack's partition, region and account; without ``account`` it names none."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account if account else ''}:{resource}"


def random_letters(count: int) -> str:
    """The default of ``Context.random``."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(count))


@dataclass(frozen=True, slots=True)
class ResourceType:
    """How one resource type is created, changed, read and deleted by ordinary API calls.

    ``create`` calls ``Context.made`` and returns the attributes for ``Fn::GetAtt``; ``update`` changes in place and
    returns them too. ``read`` gives the live values of those properties that the service shows, None if the resource
    is gone; drift is judged on the properties it returns. ``existing`` is for services whose create call takes over
    what is there: it gives the identifier of a resource of that name, which must stay somebody else's, or None.
    ``create_only`` are the properties whose change replaces the resource (the published schema's
    createOnlyProperties). ``named_by`` is the property that makes CAPABILITY_NAMED_IAM necessary; ``iam`` says that the
    type needs CAPABILITY_IAM at all.
    """

    name: str
    shape: Mapping[str, Shape]
    create: Callable[[Context, Properties], Mapping[str, Any]]
    update: Callable[[Context, Live, Properties], Mapping[str, Any]]
    delete: Callable[[Context, Live], None]
    read: Callable[[Context, Live], Properties | None]
    existing: Callable[[Context, Properties], str | None] | None = None
    create_only: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    tags: Literal["list", "map"] | None = None
    iam: bool = False
    named_by: str | None = None


def tag_map(tags: Any) -> dict[str, str]:
    """Tags of either style as a plain map."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {tag["Key"]: tag["Value"] for tag in tags or ()}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as the list of ``Key`` and ``Value`` that most APIs take."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_changes(old: Any, new: Any) -> tuple[dict[str, str], list[str]]:
    """Tags to set and keys to remove on the way from ``old`` to ``new``."""
    before, after = tag_map(old), tag_map(new)
    return (
        {key: value for key, value in after.items() if before.get(key) != value},
        [key for key in before if key not in after],
    )


def found(look: Callable[[], Any]) -> bool:
    """Whether ``look`` finds something; False only where the service says that it is not there."""
    try:
        look()
    except Exception as error:
        if not gone(error):
            raise
        return False
    return True


def error_code(error: Exception) -> str:
    """The AWS error code of a botocore ClientError, else an empty string."""
    response: Any = getattr(error, "response", None)
    return str(response["Error"].get("Code", "")) if isinstance(response, dict) and "Error" in response else ""


def error_text(error: Exception) -> str:
    """What the service said, without what botocore puts before it; else the error's own text."""
    response: Any = getattr(error, "response", None)
    said = response["Error"].get("Message") if isinstance(response, dict) and "Error" in response else None
    return str(said or error)


def gone(error: Exception) -> bool:
    """Whether an error says that the resource does not exist (any more)."""
    code = error_code(error)
    if code in ("NoSuchEntity", "404") or code.startswith("NoSuch"):
        return True
    return any(word in code for word in ("NotFound", "DoesNotExist", "NonExistent"))
