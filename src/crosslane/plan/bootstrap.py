"""The steps of the guide for one account (rows G2 to G16): user, policies, role, key, profiles, session."""

from __future__ import annotations

from datetime import datetime, timedelta

from crosslane.desired.model import BootstrapState, KeyProfile, ManagedPolicy, Role, SessionProfile, Tags, User
from crosslane.live.model import (
    Live,
    LiveIdentity,
    LivePolicy,
    LiveRole,
    LiveUser,
    Owner,
    Unreadable,
    Who,
    canonical,
    owner_of,
)
from crosslane.plan.difference import set_differences, tag_differences, text_differences
from crosslane.plan.model import (
    AttachToRole,
    AttachToUser,
    Blocked,
    Change,
    Conflict,
    Op,
    OpenSession,
    PutAccessKey,
    PutKeyProfile,
    PutPolicy,
    PutRole,
    PutSessionProfile,
    PutUser,
    Step,
    VerifyAttached,
    VerifyIdentity,
    VerifyStackAccess,
)
from crosslane.plan.ownership import Foreign, seen

SESSION_LEFT = timedelta(minutes=15)
"""A session with less than this left is renewed before work starts: the longest stack operation fits into it."""

DEAD_KEY_CODES = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"})
"""AWS says that the key is not (or no longer) one of its own; anything else says nothing about the key."""

Part = Step | Conflict | Blocked


def bootstrap_parts(
    state: BootstrapState,
    live: Live,
    *,
    account_id: str,
    first_stack: str,
    ours: Tags,
    mark: str,
    process: str | None,
    adopt: bool,
    after: tuple[str, ...],
    now: datetime,
) -> tuple[Part, ...]:
    """The steps that make (or keep) the deployer of one account, with what stands in their way.

    ``after`` are the steps that come first; ``mark`` is our mark in the profile files; ``first_stack`` is the stack
    whose read proves that the deployer's profile can be given on (G16); ``process`` is the ``credential_process`` of
    the deployer's profile, None for static keys.
    """
    parts: list[Part] = []
    policy_ids = []
    for policy in state.policies:
        part = _policy(policy, live, ours, adopt, after)
        parts.append(part)
        policy_ids.append(step_id(state.account, "policy", policy.name))
    made = (*after, *policy_ids)
    key_ready: tuple[str, ...] = after
    if state.user is not None:
        parts += _user(state.user, live, ours, adopt, made)
        key_ready = (step_id(state.account, "attach-user", state.user.name),)
    parts += _role(state.role, live, ours, adopt, made)
    role_ready: tuple[str, ...] = (step_id(state.account, "verify-attached", state.role.name),)
    if state.key_profile is not None and state.user is not None:
        parts += _key(state.key_profile, state.user, live, mark, adopt, account_id, key_ready)
        role_ready = (*role_ready, step_id(state.account, "verify-key", state.key_profile.name))
    parts += session_parts(
        state,
        live,
        account_id=account_id,
        first_stack=first_stack,
        mark=mark,
        process=process,
        adopt=adopt,
        after=role_ready,
        now=now,
    )
    return tuple(parts)


def step_id(account: str, what: str, name: str) -> str:
    """The stable id of a step."""
    return f"{account}/{what}/{name}"


def _policy(policy: ManagedPolicy, live: Live, ours: Tags, adopt: bool, after: tuple[str, ...]) -> Part:
    account, name = policy.account, policy.name
    found: LivePolicy | Foreign | Blocked | None = seen(
        live.policies[account, name], account=account, kind="policy", name=name, ours=ours, adopt=adopt
    )
    if isinstance(found, Foreign):
        return found.conflict
    if isinstance(found, Blocked):
        return found
    changes: tuple[Change, ...] = ()
    if found is not None:
        changes = (
            *text_differences(found.document, canonical(policy.document.to_json()), "Document"),
            *tag_differences(found.tags, policy.tags),
        )
    op, reason = _op(found is not None, changes, found is not None and owner_of(found.tags, ours) is Owner.NOBODYS)
    return Step(
        id=step_id(account, "policy", name),
        account=account,
        guide=policy.guide,
        title=f"policy {name}",
        op=op,
        kind="policy",
        name=name,
        reason=f"{reason}: {policy.description}" if op is Op.CREATE else reason,
        task=PutPolicy(policy, found),
        changes=changes,
        after=after,
        undo="delete its other versions, then the policy" if op is Op.CREATE else "set the older version as default",
    )


def _user(user: User, live: Live, ours: Tags, adopt: bool, after: tuple[str, ...]) -> list[Part]:
    account, name = user.account, user.name
    found: LiveUser | Foreign | Blocked | None = seen(
        live.users[account, name], account=account, kind="user", name=name, ours=ours, adopt=adopt
    )
    if isinstance(found, Foreign):
        return [found.conflict]
    if isinstance(found, Blocked):
        return [found]
    changes: tuple[Change, ...] = ()
    if found is not None:
        changes = (
            *_boundary_change(found.boundary, user.boundary),
            *tag_differences(found.tags, user.tags),
        )
    op, reason = _op(found is not None, changes, found is not None and owner_of(found.tags, ours) is Owner.NOBODYS)
    put = Step(
        id=step_id(account, "user", name),
        account=account,
        guide=user.guide,
        title=f"user {name}",
        op=op,
        kind="user",
        name=name,
        reason=reason,
        task=PutUser(user, found),
        changes=changes,
        after=after,
        undo="delete its keys and attachments, then the user",
    )
    attached = found.attached if found is not None else ()
    missing, surplus = _missing_and_surplus(attached, user.attached)
    attach = Step(
        id=step_id(account, "attach-user", name),
        account=account,
        guide="G6",
        title=f"policies of user {name}",
        op=_attach_op(missing, surplus),
        kind="attachment",
        name=name,
        reason=_attach_reason(missing, surplus),
        task=AttachToUser(user, missing, surplus),
        changes=set_differences(attached, user.attached, "AttachedPolicies"),
        after=(put.id,),
        undo="detach the policies",
    )
    return [put, attach]


def _role(role: Role, live: Live, ours: Tags, adopt: bool, after: tuple[str, ...]) -> list[Part]:
    account, name = role.account, role.name
    found: LiveRole | Foreign | Blocked | None = seen(
        live.roles[account, name], account=account, kind="role", name=name, ours=ours, adopt=adopt
    )
    if isinstance(found, Foreign):
        return [found.conflict]
    if isinstance(found, Blocked):
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
    op, reason = _op(found is not None, changes, found is not None and owner_of(found.tags, ours) is Owner.NOBODYS)
    put = Step(
        id=step_id(account, "role", name),
        account=account,
        guide=role.guide,
        title=f"role {name}",
        op=op,
        kind="role",
        name=name,
        reason=reason,
        task=PutRole(role, found),
        changes=changes,
        after=after,
        undo="detach its policies, then delete the role",
    )
    attached = found.attached if found is not None else ()
    missing, surplus = _missing_and_surplus(attached, role.attached)
    attach = Step(
        id=step_id(account, "attach-role", name),
        account=account,
        guide="G8",
        title=f"policies of role {name}",
        op=_attach_op(missing, surplus),
        kind="attachment",
        name=name,
        reason=_attach_reason(missing, surplus),
        task=AttachToRole(role, missing, surplus),
        changes=set_differences(attached, role.attached, "AttachedPolicies"),
        after=(put.id,),
        undo="detach the policies",
    )
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


def _key(
    profile: KeyProfile,
    user: User,
    live: Live,
    mark: str,
    adopt: bool,
    account_id: str,
    after: tuple[str, ...],
) -> list[Part]:
    account, name = profile.account, profile.name
    local = live.profiles.get(name)
    if (conflict := _profile_conflict(live, account, name, mark, adopt)) is not None:
        return [conflict]
    held = local.access_key_id if local is not None and local.owner == mark else None
    identity = live.identities.get((account, Who.KEY))
    if held is not None and isinstance(identity, Unreadable) and identity.code not in DEAD_KEY_CODES:
        return [Blocked(account, "identity", name, identity.code, identity.reason)]
    works = held is not None and isinstance(identity, LiveIdentity) and identity.arn == user.arn
    reason = "the profile holds a working key of the user"
    if not works:
        reason = "the profile's key is no longer the user's" if held else "the profile holds no key of the user yet"
    key = Step(
        id=step_id(account, "access-key", name),
        account=account,
        guide="G10",
        title=f"access key of user {user.name}",
        op=Op.KEEP if works else Op.CREATE,
        kind="access key",
        name=user.name,
        reason=reason,
        task=PutAccessKey(profile, held),
        after=after,
        undo="deactivate, then delete the key",
    )
    store = Step(
        id=step_id(account, "key-profile", name),
        account=account,
        guide="G11",
        title=f"profile {name}",
        op=Op.KEEP if works else Op.UPDATE if local is not None else Op.CREATE,
        kind="profile",
        name=name,
        reason="its key, region and output are stored" if not works else "it is as it should be",
        task=PutKeyProfile(profile),
        after=(key.id,),
        undo="remove the profile from the files",
    )
    verify = Step(
        id=step_id(account, "verify-key", name),
        account=account,
        guide="G12",
        title=f"identity of {name}",
        op=Op.VERIFY,
        kind="identity",
        name=name,
        reason="the caller is asked for",
        task=VerifyIdentity(Who.KEY, name, account_id, user.arn),
        after=(store.id,),
    )
    return [key, store, verify]


def session_parts(
    state: BootstrapState,
    live: Live,
    *,
    account_id: str,
    first_stack: str,
    mark: str,
    process: str | None,
    adopt: bool,
    after: tuple[str, ...],
    now: datetime,
) -> list[Part]:
    """The deployer's session (G13 to G16): kept while it is good for the work ahead, else opened anew."""
    profile = state.session_profile
    account, name = profile.account, profile.name
    if (conflict := _profile_conflict(live, account, name, mark, adopt)) is not None:
        return [conflict]
    local = live.profiles.get(name)
    good = session_is_good(profile, live, now)
    opened = Step(
        id=step_id(account, "session", name),
        account=account,
        guide="G13",
        title=f"session of role {state.role.name}",
        op=Op.KEEP if good else Op.OPEN,
        kind="session",
        name=name,
        reason="the stored session works" if good else "there is no session that lasts for the work ahead",
        task=OpenSession(profile),
        after=after,
    )
    # Static keys beside a credential_process would win over it.
    formed = local is not None and local.process == process and not (process and local.access_key_id)
    stored = Step(
        id=step_id(account, "session-profile", name),
        account=account,
        guide="G14",
        title=f"profile {name}",
        op=Op.CREATE if local is None else Op.UPDATE if not formed else Op.KEEP if good or process else Op.OPEN,
        kind="profile",
        name=name,
        reason=_profile_reason(formed, process),
        task=PutSessionProfile(profile, process),
        after=(opened.id,),
        undo="remove the profile from the files",
    )
    arn = assumed_role_arn(profile)
    verify = Step(
        id=step_id(account, "verify-session", name),
        account=account,
        guide="G15",
        title=f"identity of {name}",
        op=Op.VERIFY,
        kind="identity",
        name=name,
        reason="the caller is asked for",
        task=VerifyIdentity(Who.DEPLOYER, name, account_id, arn),
        after=(stored.id,),
    )
    access = Step(
        id=step_id(account, "stack-access", name),
        account=account,
        guide="G16",
        title=f"{name} deploys the stacks",
        op=Op.VERIFY,
        kind="profile",
        name=name,
        reason=f"it must be able to read the stack {first_stack}",
        task=VerifyStackAccess(profile, first_stack),
        after=(verify.id,),
    )
    return [opened, stored, verify, access]


def assumed_role_arn(profile: SessionProfile) -> str:
    """The ARN that GetCallerIdentity gives for the session of the profile.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns (2026-11-24)
    """
    prefix, _, role = profile.role_arn.partition(":role/")
    return f"{prefix.replace(':iam:', ':sts:')}:assumed-role/{role.rsplit('/', 1)[-1]}/{profile.session_name}"


def session_is_good(profile: SessionProfile, live: Live, now: datetime) -> bool:
    """Whether the stored session is the role's, works, and lasts long enough."""
    local = live.profiles.get(profile.name)
    identity = live.identities.get((profile.account, Who.DEPLOYER))
    return (
        local is not None
        and local.expires is not None
        and local.expires - now > SESSION_LEFT
        and isinstance(identity, LiveIdentity)
        and identity.arn == assumed_role_arn(profile)
    )


def _profile_reason(formed: bool, process: str | None) -> str:
    how = "gets a session from crosslane whenever one is needed" if process else "holds the session's keys"
    return f"it {how}" if formed else f"it is to be one that {how}"


def _profile_conflict(live: Live, account: str, name: str, mark: str, adopt: bool) -> Conflict | None:
    local = live.profiles.get(name)
    if local is None or local.owner == mark or (local.owner is None and adopt):
        return None
    if local.owner is None:
        return Conflict(account, "profile", name, "it is in the profile files and not crosslane's", adoptable=True)
    return Conflict(account, "profile", name, f"it belongs to the pipeline {local.owner}", adoptable=False)


def _op(exists: bool, changes: tuple[Change, ...], adopting: bool) -> tuple[Op, str]:
    if not exists:
        return Op.CREATE, "it does not exist"
    if adopting:
        return Op.ADOPT, "it exists and is adopted"
    if changes:
        return Op.UPDATE, f"{len(changes)} of its properties differ"
    return Op.KEEP, "it is as it should be"


def _missing_and_surplus(live: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(set(wanted) - set(live))), tuple(sorted(set(live) - set(wanted)))


def _attach_op(missing: tuple[str, ...], surplus: tuple[str, ...]) -> Op:
    if missing and not surplus:
        return Op.CREATE
    return Op.UPDATE if missing or surplus else Op.KEEP


def _attach_reason(missing: tuple[str, ...], surplus: tuple[str, ...]) -> str:
    if not missing and not surplus:
        return "exactly the wanted policies are attached"
    parts = [f"{len(missing)} to attach"] if missing else []
    return ", ".join(parts + ([f"{len(surplus)} to detach"] if surplus else []))


def _boundary_change(before: str | None, after: str | None) -> tuple[Change, ...]:
    return () if before == after else (Change("PermissionsBoundary", before, after),)


def _value_change(path: str, before: str, after: str) -> tuple[Change, ...]:
    return () if before == after else (Change(path, before, after),)
