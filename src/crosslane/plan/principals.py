"""The steps of managed policies, users, roles and their attachments (rows G4 to G9 of the guide)."""

from __future__ import annotations

from crosslane.desired.model import ManagedPolicy, Role, Tags, User
from crosslane.live.model import Live, LivePolicy, LiveRole, LiveUser, Owner, canonical, owner_of
from crosslane.plan.difference import set_differences, tag_differences, text_differences
from crosslane.plan.model import (
    AttachToRole,
    AttachToUser,
    Blocked,
    Change,
    Conflict,
    Op,
    Part,
    PutPolicy,
    PutRole,
    PutUser,
    Step,
    VerifyAttached,
    step_id,
)
from crosslane.plan.ownership import seen


def policy_part(policy: ManagedPolicy, live: Live, ours: Tags, adopt: bool, after: tuple[str, ...]) -> Part:
    """The managed policy: its document and tags, as they should be."""
    account, name = policy.account, policy.name
    found: LivePolicy | Conflict | Blocked | None = seen(
        live.policies[account, name], account=account, kind="policy", name=name, ours=ours, adopt=adopt
    )
    if isinstance(found, Conflict | Blocked):
        return found
    changes: tuple[Change, ...] = ()
    if found is not None:
        changes = (
            *text_differences(found.document, canonical(policy.document.to_json()), "Document"),
            *tag_differences(found.tags, policy.tags),
        )
    undo = "delete its other versions, then the policy" if found is None else "set the older version as default"
    task = PutPolicy(policy, found)
    return _put("policy", account, name, policy.guide, task, changes, ours, after, undo, made_for=policy.description)


def user_parts(user: User, live: Live, ours: Tags, adopt: bool, after: tuple[str, ...]) -> list[Part]:
    """The user under its boundary, then exactly its policies."""
    account, name = user.account, user.name
    found: LiveUser | Conflict | Blocked | None = seen(
        live.users[account, name], account=account, kind="user", name=name, ours=ours, adopt=adopt
    )
    if isinstance(found, Conflict | Blocked):
        return [found]
    changes: tuple[Change, ...] = ()
    if found is not None:
        changes = (*_boundary_change(found.boundary, user.boundary), *tag_differences(found.tags, user.tags))
    undo = "delete its keys and attachments, then the user"
    put = _put("user", account, name, user.guide, PutUser(user, found), changes, ours, after, undo)
    return [put, _attach(user, found.attached if found is not None else (), "G6", put.id)]


def role_parts(role: Role, live: Live, ours: Tags, adopt: bool, after: tuple[str, ...]) -> list[Part]:
    """The role under its boundary with its trust, then exactly its policies, then a read of them."""
    account, name = role.account, role.name
    found: LiveRole | Conflict | Blocked | None = seen(
        live.roles[account, name], account=account, kind="role", name=name, ours=ours, adopt=adopt
    )
    if isinstance(found, Conflict | Blocked):
        return [found]
    changes: tuple[Change, ...] = ()
    if found is not None:
        changes = (
            *text_differences(found.trust, canonical(role.trust.to_json()), "AssumeRolePolicyDocument"),
            *_boundary_change(found.boundary, role.boundary),
            *_value_change("MaxSessionDuration", str(found.max_session_seconds), str(role.max_session_seconds)),
            *_value_change("Description", found.description, role.description),
            *tag_differences(found.tags, role.tags),
        )
    undo = "detach its policies, then delete the role"
    put = _put("role", account, name, role.guide, PutRole(role, found), changes, ours, after, undo)
    attach = _attach(role, found.attached if found is not None else (), "G8", put.id)
    verify = Step(
        id=step_id(account, "verify-attached", name),
        account=account,
        guide="G9",
        title=f"attached policies of {name}",
        op=Op.VERIFY,
        kind="role",
        name=name,
        reason="they are read again",
        task=VerifyAttached(role),
        after=(attach.id,),
    )
    return [put, attach, verify]


def _put(
    kind: str,
    account: str,
    name: str,
    guide: str | None,
    task: PutPolicy | PutUser | PutRole,
    changes: tuple[Change, ...],
    ours: Tags,
    after: tuple[str, ...],
    undo: str,
    *,
    made_for: str = "",
) -> Step:
    """The step that makes the thing, adopts it, puts it right, or keeps it."""
    if task.live is None:
        op, reason = Op.CREATE, f"it does not exist: {made_for}" if made_for else "it does not exist"
    elif owner_of(task.live.tags, ours) is Owner.NOBODYS:
        op, reason = Op.ADOPT, "it exists and is adopted"
    elif changes:
        op, reason = Op.UPDATE, f"{len(changes)} of its properties differ"
    else:
        op, reason = Op.KEEP, "it is as it should be"
    return Step(
        id=step_id(account, kind, name),
        account=account,
        guide=guide,
        title=f"{kind} {name}",
        op=op,
        kind=kind,
        name=name,
        reason=reason,
        task=task,
        changes=changes,
        after=after,
        undo=undo,
    )


def _attach(principal: User | Role, live: tuple[str, ...], guide: str, after: str) -> Step:
    """The step that attaches what is missing and detaches what is too much."""
    missing = tuple(sorted(set(principal.attached) - set(live)))
    surplus = tuple(sorted(set(live) - set(principal.attached)))
    kind = "user" if isinstance(principal, User) else "role"
    if not missing and not surplus:
        op, reason = Op.KEEP, "exactly the wanted policies are attached"
    else:
        op = Op.UPDATE if surplus else Op.CREATE
        counts = [(len(missing), "attach"), (len(surplus), "detach")]
        reason = ", ".join(f"{count} to {what}" for count, what in counts if count)
    task = (
        AttachToUser(principal, missing, surplus)
        if isinstance(principal, User)
        else AttachToRole(principal, missing, surplus)
    )
    return Step(
        id=step_id(principal.account, f"attach-{kind}", principal.name),
        account=principal.account,
        guide=guide,
        title=f"policies of {kind} {principal.name}",
        op=op,
        kind="attachment",
        name=principal.name,
        reason=reason,
        task=task,
        changes=set_differences(live, principal.attached, "AttachedPolicies"),
        after=(after,),
        undo="detach the policies",
    )


def _boundary_change(before: str | None, after: str | None) -> tuple[Change, ...]:
    return () if before == after else (Change("PermissionsBoundary", before, after),)


def _value_change(path: str, before: str, after: str) -> tuple[Change, ...]:
    return () if before == after else (Change(path, before, after),)
