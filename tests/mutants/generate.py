"""All mutants of a set-up: from the policies as they are rendered, and from the actions that a good run uses.

None is listed by hand. A set-up that grows an action, a principal or a condition grows a mutant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crosslane.config.model import Config
from crosslane.desired.model import Statement
from crosslane.desired.written import Written
from crosslane.iam.catalogue import rcp_services
from tests.mutants.calls import Call
from tests.mutants.edits import Denied, Edit, OtherPrincipal, OtherValue, WithoutAction, WithoutPrincipal

STRANGER = "999999999999"
"""An account that is none of the set-up's."""


@dataclass(frozen=True, slots=True)
class InPolicy:
    """A policy is another. ``where`` says which it is, ``live`` is a pattern of the name it has in the sandbox."""

    where: str
    written: Written
    owner: str
    live: str
    edit: Edit
    sid: str | None = None
    """What the policy's only statement is called, where the service gives it another name: on event buses."""

    def is_of(self, name: str) -> bool:
        return re.fullmatch(self.live, name) is not None


@dataclass(frozen=True, slots=True)
class InOrganization:
    """A service control policy (``SCP``) or resource control policy (``RCP``) on an account denies an action."""

    kind: str
    account: str
    action: str


@dataclass(frozen=True, slots=True)
class InSession:
    """Sessions of a role are made with a session policy that allows all but an action."""

    principal: str
    action: str


@dataclass(frozen=True, slots=True)
class Expired:
    """The session that a principal calls with has expired."""

    principal: str


Change = InPolicy | InOrganization | InSession | Expired


@dataclass(frozen=True, slots=True)
class Mutant:
    """The set-up with one change. ``group`` is the row of the table that it counts in."""

    group: str
    what: str
    change: Change
    allows: bool = True
    """False where what is changed is a Deny: it cannot break a good run, only let a bad call through."""


def mutants_of(config: Config, written: Sequence[Written], calls: Sequence[Call]) -> tuple[Mutant, ...]:
    """All of them, in a fixed order, each once."""
    found = [
        *(mutant for policy in written for mutant in _of_policy(config, policy)),
        *_denials(config, written, calls),
        *_of_organization(config, calls),
        *_of_sessions(calls),
    ]
    return tuple({mutant.what: mutant for mutant in found}.values())


# -- from the rendered policies --------------------------------------------------------------------------------------


def _of_policy(config: Config, written: Written) -> Iterator[Mutant]:
    for statement in written.document.statements:
        yield from _of_actions(config, written, statement)
        yield from _of_principals(config, written, statement)
        yield from _of_conditions(config, written, statement)


def _of_actions(config: Config, written: Written, statement: Statement) -> Iterator[Mutant]:
    allows = statement.effect == "Allow"
    for action in statement.actions:
        change = in_policy(config, written, WithoutAction(statement.sid, action))
        what = f"{change.where}: {statement.sid} without {action}"
        group = "action removed" if allows else "action of a Deny removed"
        if action == "iam:PassRole":
            group = "iam:PassRole removed"
        yield Mutant(group, what, change, allows)


def _of_principals(config: Config, written: Written, statement: Statement) -> Iterator[Mutant]:
    if not isinstance(statement.principal, dict) or statement.effect != "Allow":
        return
    for kind, value in statement.principal.items():
        several = list(value) if isinstance(value, list | tuple) else [value]
        for index, _ in enumerate(several):
            other = f"arn:{config.partition}:iam::{STRANGER}:root" if kind == "AWS" else "ec2.amazonaws.com"
            change = in_policy(config, written, OtherPrincipal(statement.sid, kind, index, other))
            named = f"{change.where}: {statement.sid}, {kind} principal {index + 1} of {len(several)}"
            yield Mutant("principal changed", f"{named} is {other}", change)
            dropped = in_policy(config, written, WithoutPrincipal(statement.sid, kind, index))
            group = "key's use dropped" if written.kind == "key policy" else "principal dropped"
            yield Mutant(group, f"{named} dropped", dropped)


def _of_conditions(config: Config, written: Written, statement: Statement) -> Iterator[Mutant]:
    allows = statement.effect == "Allow"
    for operator, keys in (statement.condition or {}).items():
        for key, value in keys.items():
            several = list(value) if isinstance(value, list | tuple) else [value]
            for index, one in enumerate(several):
                other = _other(config, operator, one)
                change = in_policy(config, written, OtherValue(statement.sid, operator, key, index, other))
                what = (
                    f"{change.where}: {statement.sid}, {operator} {key}, value {index + 1} of {len(several)}: {other}"
                )
                group = "aws:PrincipalArn changed" if key == "aws:PrincipalArn" else "other condition changed"
                yield Mutant(group if allows else "condition of a Deny changed", what, change, allows)


def _other(config: Config, operator: str, value: object) -> str:
    """A value that the operator can take and that nobody here has."""
    if value in ("true", "false"):
        return "false" if value == "true" else "true"
    if "Arn" in operator:
        return f"arn:{config.partition}:iam::{STRANGER}:role/mutant"
    return "mutant"


def in_policy(config: Config, written: Written, edit: Edit) -> InPolicy:
    """The change, with the names that the policy has in the table and in the sandbox."""
    account = config.account(written.account).id
    kind, _, name = written.of.partition(" ")
    iam = f"arn:{config.partition}:iam::{account}"
    where = f"{written.account}, {written.of}, {written.kind}"
    match written.kind:
        case "managed policy" | "permissions boundary":
            live = re.escape(f"{iam}:policy/{name}")
        case "trust policy":
            live = re.escape(f"trust policy of {iam}:role/{name}")
        case "inline policy":
            live = f"inline policy .* of {re.escape(f'{iam}:role/{name}')}"
        case "key policy":
            live = f"key policy of arn:[^:]*:kms:[^:]*:{account}:key/.*"
        case "bucket policy":
            live = "bucket policy of .*"
        case "event bus policy":
            live = "policy of event bus default"
        case unknown:
            raise ValueError(f"{unknown} ({kind}) has no place in the sandbox that is known here")
    sid = written.document.statements[0].sid if written.kind == "event bus policy" else None
    return InPolicy(where, written, account, live, edit, sid)


# -- from the actions of a good run ----------------------------------------------------------------------------------


def _denials(config: Config, written: Sequence[Written], calls: Sequence[Call]) -> Iterator[Mutant]:
    """A Deny in an identity policy or the boundary of each principal of ours, for each action that it uses."""
    used = _in_order((call.principal, call.action) for call in calls if not call.by_service)
    for principal, action in used:
        names = {held.name for call in calls if call.principal == principal for held in call.policies.identity}
        bounds = {held.name for call in calls if call.principal == principal for held in call.policies.boundary or ()}
        # A policy may be as long as it may be: the shortest of them has room for one more statement.
        for policy in sorted(written, key=lambda one: len(one.document.to_text())):
            change = in_policy(config, policy, Denied(action))
            boundary = policy.kind == "permissions boundary"
            if any(change.is_of(name) for name in (bounds if boundary else names)):
                group = "denied by the boundary" if boundary else "denied by an identity policy"
                yield Mutant(group, f"{change.where}: a Deny of {action}", change)
                if boundary:
                    bounds = set()
                else:
                    names = set()


def _of_organization(config: Config, calls: Sequence[Call]) -> Iterator[Mutant]:
    accounts = {account.id: account.name for account in config.accounts}
    for account, action in _in_order((call.account, call.action) for call in calls if not call.by_service):
        if account in accounts:
            what = f"service control policy on {accounts[account]}: a Deny of {action}"
            yield Mutant("denied by an SCP", what, InOrganization("SCP", account, action))
    bound = {service.lower() for service in rcp_services()}
    for owner, action in _in_order((call.owner, call.action) for call in calls if not call.by_service):
        if owner in accounts and action.partition(":")[0].lower() in bound:
            what = f"resource control policy on {accounts[owner]}: a Deny of {action}"
            yield Mutant("denied by an RCP", what, InOrganization("RCP", owner, action))


def _of_sessions(calls: Sequence[Call]) -> Iterator[Mutant]:
    temporary = [call for call in calls if call.temporary]
    for principal, action in _in_order((call.principal, call.action) for call in temporary):
        if "/aws-reserved/" not in principal:
            what = f"sessions of {principal}: session policy without {action}"
            yield Mutant("denied by a session policy", what, InSession(principal, action))
    # Sessions that are made during the run are made anew when they end: by crosslane, or by the service with the role.
    renewed = {call.resource for call in calls if call.action in ("sts:AssumeRole", "iam:PassRole")}
    for (principal,) in _in_order((call.principal,) for call in temporary if call.principal not in renewed):
        yield Mutant("session expired", f"session of {principal} expired", Expired(principal))


def _in_order(found: Iterable[tuple[str, ...] | tuple[str | None, str]]) -> list[tuple[str, ...]]:
    return [tuple(str(part) for part in one) for one in dict.fromkeys(found)]
