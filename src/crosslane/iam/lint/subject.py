"""What the rules look at: one policy, what it is attached to, and what of its text could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crosslane.iam.document import Effect, Policy, PolicyKind, Statement
from crosslane.iam.problem import Problem


class Kind(StrEnum):
    """What a policy is attached to, as a person says it; finer than ``PolicyKind`` where quotas or rules differ."""

    IDENTITY = "identity"
    TRUST = "trust"
    RESOURCE = "resource"
    BUCKET = "bucket"
    KEY = "key"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"
    VPC_ENDPOINT = "vpce"

    @property
    def policy_kind(self) -> PolicyKind:
        """The kind by whose grammar it is read."""
        return PolicyKind.RESOURCE if self in (Kind.BUCKET, Kind.KEY) else PolicyKind(self.value)

    @property
    def is_resource_policy(self) -> bool:
        """Whether it is attached to a resource: to a bucket, a key, or any other."""
        return self.policy_kind is PolicyKind.RESOURCE

    @property
    def grants_to_others(self) -> bool:
        """Whether its Allow statements name the principals that they grant to."""
        return self.is_resource_policy or self is Kind.TRUST

    @property
    def kept_by_iam(self) -> bool:
        """Whether IAM itself stores it, and so checks its Sids and characters."""
        return self in (Kind.IDENTITY, Kind.TRUST, Kind.BOUNDARY, Kind.SESSION)


@dataclass(frozen=True, slots=True)
class Subject:
    """One policy to lint.

    ``policy`` holds the statements that could be read; ``problems`` says why others could not. ``document`` is the
    JSON value as it was found. Pointers are the policy's own; whoever reports them adds what stands before.
    """

    kind: Kind
    policy: Policy
    document: Any
    problems: tuple[Problem, ...] = ()

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.policy.statements)

    def allows(self) -> Iterator[Statement]:
        """Its Allow statements."""
        return (statement for statement in self.policy.statements if statement.effect is Effect.ALLOW)

    def denies(self) -> Iterator[Statement]:
        """Its Deny statements."""
        return (statement for statement in self.policy.statements if statement.effect is Effect.DENY)
