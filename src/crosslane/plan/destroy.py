"""The plan of ``destroy``: what carries this pipeline's tags, in reverse order."""

from __future__ import annotations

from dataclasses import dataclass

from crosslane.desired.model import BootstrapState, Caution, Desired
from crosslane.live.model import (
    Absent,
    Live,
    LiveData,
    LiveRepository,
    LiveStack,
    Owner,
    Reading,
    Unreadable,
    owner_of,
)
from crosslane.plan.identity_provider import delete_provider, provider_left_over
from crosslane.plan.model import (
    Blocked,
    DeleteBucket,
    DeletePolicy,
    DeleteRepository,
    DeleteRole,
    DeleteStack,
    DeleteUser,
    Op,
    Plan,
    RemoveProfiles,
    ScheduleKeyDeletion,
    Step,
    Task,
    step_id,
)
from crosslane.plan.retire import retire_steps

KEY_DELETION_DAYS = 30
"""The longest waiting period, and AWS's default: artifacts may still be wanted.

https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html (2026-11-24)
"""


@dataclass(frozen=True, slots=True)
class Removal:
    """What ``destroy`` may take: with ``data`` also bucket, key and repository."""

    data: bool


def plan_destroy(desired: Desired, live: Live, stored: Reading[LiveData], *, mark: str, removal: Removal) -> Plan:
    """Stacks level by level from the last, then data if asked, then users, roles, policies, profiles.

    What is absent needs no step; what is not ours is left alone; what cannot be read blocks the plan, since it may
    be ours.
    """
    steps: list[Step] = []
    blocked: list[Blocked] = []
    cautions: list[Caution] = []
    before: tuple[str, ...] = ()
    for level in sorted({stack.level for stack in desired.stacks}, reverse=True):
        made = []
        for stack in (stack for stack in desired.stacks if stack.level == level):
            found = live.stacks[stack.account, stack.name]
            if isinstance(found, LiveStack) and owner_of(found.tags, desired.tags) is Owner.OURS:
                made.append(_delete(stack.account, "stack", stack.name, DeleteStack(stack.account, found), before))
            else:
                _note(found, stack.account, "stack", stack.name, blocked, cautions)
        steps += made
        before = (*before, *(step.id for step in made))
    data = _data(desired, live, stored, before, blocked, cautions, removal)
    steps += data
    before = (*before, *(step.id for step in data))
    for state in desired.bootstraps:
        steps += _bootstrap(state, desired, live, before, blocked, cautions)
    for gone in desired.retired:
        steps += retire_steps(gone, live, desired.tags, mark, tuple(step.id for step in steps))
    names = _profiles(desired, live, mark)
    if names:
        last = tuple(step.id for step in steps)
        account = desired.stacks[0].account
        steps.append(_delete(account, "profiles", ", ".join(names), RemoveProfiles(names), last))
    return Plan(tuple(steps), (), tuple(blocked), tuple(cautions), desired.tags)


def _data(
    desired: Desired,
    live: Live,
    stored: Reading[LiveData],
    after: tuple[str, ...],
    blocked: list[Blocked],
    cautions: list[Caution],
    removal: Removal,
) -> list[Step]:
    """Steps for bucket, key and repository; without ``data`` a caution says that they stay."""
    account = desired.stacks[0].account
    steps: list[Step] = []
    repository = desired.repository
    ours = isinstance(live.repository, LiveRepository) and owner_of(live.repository.tags, desired.tags) is Owner.OURS
    match stored:
        case LiveData(buckets, keys):
            pass
        case Unreadable(reason, code):
            buckets, keys = (), ()
            if removal.data:
                blocked.append(Blocked(account, "data", "bucket and key", code, reason))
        case Absent():
            buckets, keys = (), ()
    if not removal.data:
        kept = [f"bucket {bucket}" for bucket in buckets] + [f"key {key}" for key in keys]
        kept += [f"repository {repository.name}"] if ours else []
        if kept:
            cautions.append(Caution("data-kept", None, f"kept: {', '.join(kept)}; --data removes them too"))
        return []
    for bucket in buckets:
        steps.append(_delete(account, "bucket", bucket, DeleteBucket(account, bucket), after))
    for key in keys:
        emptied = (*after, *(step.id for step in steps if step.kind == "bucket"))
        task = ScheduleKeyDeletion(account, key, KEY_DELETION_DAYS)
        steps.append(_delete(account, "key", key, task, emptied))
    if ours:
        task_ = DeleteRepository(repository)
        steps.append(_delete(repository.account, "repository", repository.name, task_, after))
    return steps


def _bootstrap(
    state: BootstrapState,
    desired: Desired,
    live: Live,
    after: tuple[str, ...],
    blocked: list[Blocked],
    cautions: list[Caution],
) -> list[Step]:
    """User and role first, then the policies that they had."""
    account = state.account
    principals: list[Step] = []
    found: object
    if state.user is not None:
        found = live.users[account, state.user.name]
        if _ours(found, desired):
            principals.append(_delete(account, "user", state.user.name, DeleteUser(state.user), after))
        else:
            _note(found, account, "user", state.user.name, blocked, cautions)
    found = live.roles[account, state.role.name]
    if _ours(found, desired):
        principals.append(_delete(account, "role", state.role.name, DeleteRole(state.role), after))
    else:
        _note(found, account, "role", state.role.name, blocked, cautions)
    freed = (*after, *(step.id for step in principals))
    if _ours(found, desired):
        principals += provider_left_over(state, live, after)
    if state.provider is not None:
        found = live.providers.get((account, state.provider.issuer), Absent())
        if _ours(found, desired):
            principals.append(delete_provider(state, state.provider.issuer, "it carries this pipeline's tags", freed))
        else:
            _note(found, account, "identity provider", state.provider.issuer, blocked, cautions)
    policies = []
    for policy in reversed(state.policies):
        found = live.policies[account, policy.name]
        if _ours(found, desired):
            policies.append(_delete(account, "policy", policy.name, DeletePolicy(policy), freed))
        else:
            _note(found, account, "policy", policy.name, blocked, cautions)
    return [*principals, *policies]


def _ours(found: object, desired: Desired) -> bool:
    tags = getattr(found, "tags", None)
    return tags is not None and owner_of(tags, desired.tags) is Owner.OURS


def _note(found: object, account: str, kind: str, name: str, blocked: list[Blocked], cautions: list[Caution]) -> None:
    """Say why something stays: it is somebody else's, or could not be read."""
    match found:
        case Absent():
            return
        case Unreadable(reason, code):
            blocked.append(Blocked(account, kind, name, code, reason))
        case _:
            cautions.append(Caution("not-ours", account, f"{kind} {name} is not this pipeline's and stays"))


def _profiles(desired: Desired, live: Live, mark: str) -> tuple[str, ...]:
    names = [state.key_profile.name for state in desired.bootstraps if state.key_profile is not None]
    names += [state.session_profile.name for state in desired.bootstraps]
    return tuple(name for name in names if name in live.profiles and live.profiles[name].owner == mark)


def _delete(account: str, kind: str, name: str, task: Task, after: tuple[str, ...]) -> Step:
    return Step(
        id=step_id(account, kind, name),
        account=account,
        guide=None,
        title=f"{kind} {name}",
        op=Op.DELETE,
        kind=kind,
        name=name,
        reason="it carries this pipeline's tags" if kind != "profiles" else "they are crosslane's",
        task=task,
        after=after,
        undo="crosslane up makes it anew",
    )
