"""What an API operation asks of IAM: actions on resources, with the condition keys that the call itself brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from crosslane.sandbox.request import Request

Values = str | Sequence[str]
"""The value of a condition key: one text, or those of a multivalued key."""


@dataclass(frozen=True, slots=True)
class Use:
    """One action that has to be allowed.

    ``account`` is the resource's owner where its ARN does not tell it (None: the account of the request); ``context``
    the keys that the call brings; ``shown`` how the service's message names the resource, where that is not its ARN;
    ``via`` the service that makes this call on the principal's behalf (``s3``, for the key of an object).
    """

    action: str
    resource: str = "*"
    account: str | None = None
    context: Mapping[str, Values] = field(default_factory=dict)
    shown: str | None = None
    via: str | None = None

    @property
    def service(self) -> str:
        """The action's prefix."""
        return self.action.partition(":")[0]


class Facts(Protocol):
    """What has to be looked up in the sandbox before an action and its resource are known."""

    @property
    def partition(self) -> str: ...

    def entity(self, account: str, kind: str, name: str) -> str:
        """The ARN with its path of a ``user``, ``role`` or ``group``; without a path if there is none of the name."""

    def boundary(self, account: str, kind: str, name: str) -> str | None:
        """The ARN of the permissions boundary that a user or role has."""

    def user_name(self, access_key: str | None) -> str | None:
        """The user behind an access key; None for a role's session."""

    def bucket_owner(self, bucket: str) -> str | None:
        """The account of the bucket; None if there is none of the name."""

    def has_object(self, bucket: str, key: str) -> bool: ...

    def key(self, account: str, region: str, named: str) -> str | None:
        """The ARN of the KMS key with this id, ARN or alias."""

    def ciphertext_key(self, region: str, blob: bytes) -> str | None:
        """The ARN of the key that encrypted the blob."""

    def stack_of_change_set(self, arn: str) -> str | None:
        """The ARN of the stack that a change set is for."""


Row = Callable[[Request, Facts], Iterable[Use]]
"""The uses of one operation."""


def text(parameters: Mapping[str, Any], *names: str) -> str | None:
    """The first of the parameters that is there, as text."""
    for name in names:
        value = parameters.get(name)
        if value is not None and not isinstance(value, (dict, list, tuple)):
            return str(value)
    return None


def arn(facts: Facts, request: Request, service: str, resource: str) -> str:
    """An ARN in the request's region and account."""
    return f"arn:{facts.partition}:{service}:{request.region}:{request.account}:{resource}"
