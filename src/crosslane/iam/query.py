"""Questions over many principals or many actions: who can do this, and what can they do?

Every answer is a decision, so that ``explain`` says why. Policies are compiled once, when a ``Subject`` is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crosslane.iam.authorize import Decision, decide
from crosslane.iam.catalogue import expand_action
from crosslane.iam.document import Policy
from crosslane.iam.layers import Layers
from crosslane.iam.matching import StatementSet
from crosslane.iam.principal import Principal
from crosslane.iam.request import ContextValue, Request


@dataclass(frozen=True, slots=True)
class Subject:
    """A principal with the policies on its own side: identity, boundary, session, SCPs.

    ``context`` are the condition keys that every request of it carries besides ``Principal.context``, such as its tags;
    ``role_arn`` the ARN with its path of a session's role.
    """

    principal: Principal
    layers: Layers = field(default_factory=Layers.of)
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    role_arn: str | None = None

    def request(
        self,
        action: str,
        resource: str = "*",
        account: str | None = None,
        context: Mapping[str, ContextValue] | None = None,
    ) -> Request:
        """A request of this principal, as AWS would see it."""
        merged = {**self.context, **(context or {})}
        return Request.of(self.principal, action, resource, account, merged, self.role_arn)


@dataclass(frozen=True, slots=True)
class Target:
    """A resource with the policies on its side."""

    resource: str = "*"
    account: str | None = None
    policy: StatementSet | None = None
    rcps: tuple[StatementSet, ...] = ()
    block_public_access: bool = False

    @classmethod
    def of(
        cls,
        resource: str = "*",
        account: str | None = None,
        policy: Policy | None = None,
        rcps: Sequence[Iterable[Policy]] = (),
        block_public_access: bool = False,
    ) -> Target:
        """Compiles the policies: ``policy`` is the resource's own, ``rcps`` one entry a level, root first."""
        return cls(
            resource,
            account,
            None if policy is None else StatementSet((policy,)),
            tuple([StatementSet(level) for level in rcps]),
            block_public_access,
        )


def ask(subject: Subject, action: str, target: Target, context: Mapping[str, ContextValue] | None = None) -> Decision:
    """Whether the subject may do ``action`` on the target."""
    layers = replace(
        subject.layers,
        resource=target.policy,
        rcps=target.rcps,
        block_public_access=target.block_public_access,
    )
    return decide(subject.request(action, target.resource, target.account, context), layers)


def who_can(
    action: str,
    target: Target,
    subjects: Iterable[Subject],
    context: Mapping[str, ContextValue] | None = None,
) -> Iterator[Decision]:
    """The allowed decisions among the subjects, in their order; ``decision.request.principal`` is who."""
    for subject in subjects:
        decision = ask(subject, action, target, context)
        if decision.allowed:
            yield decision


def what_can(
    subject: Subject,
    target: Target,
    actions: Iterable[str] | None = None,
    context: Mapping[str, ContextValue] | None = None,
) -> Iterator[Decision]:
    """The allowed decisions among the actions on the target, in order.

    Without ``actions``: every action of the target's service in the catalogue, or for a target "*" every action that
    the subject's own Allow statements cover.
    """
    for action in _candidates(subject, target) if actions is None else actions:
        decision = ask(subject, action, target, context)
        if decision.allowed:
            yield decision


def _candidates(subject: Subject, target: Target) -> Sequence[str]:
    parts = target.resource.split(":", 5)
    if len(parts) == 6 and parts[2]:
        # A role is assumed through STS, and its ARN is IAM's.
        prefixes = (parts[2], "sts") if parts[2] == "iam" and parts[5].startswith("role/") else (parts[2],)
        return [action for prefix in prefixes for action in expand_action(f"{prefix}:*")]
    found: dict[str, None] = {}
    for one in subject.layers.identity.statements:
        if one.allows:
            patterns = ("*",) if one.statement.action.negated else one.statement.action.values
            for pattern in patterns:
                found.update(dict.fromkeys(expand_action(pattern)))
    return list(found)
