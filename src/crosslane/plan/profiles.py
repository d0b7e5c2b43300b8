"""The steps of keys, sessions and the profiles that give them (rows G10 to G16 of the guide)."""

from __future__ import annotations

from datetime import datetime, timedelta

from crosslane.desired.model import BootstrapState, KeyProfile, SessionProfile, User
from crosslane.live.model import Live, LiveIdentity, Unreadable, Who
from crosslane.plan.model import (
    Blocked,
    Conflict,
    Op,
    OpenSession,
    Part,
    PutAccessKey,
    PutKeyProfile,
    PutSessionProfile,
    Step,
    VerifyIdentity,
    VerifyStackAccess,
    step_id,
)

SESSION_LEFT = timedelta(minutes=15)
"""A session with less than this left is renewed before work starts: the longest stack operation fits into it."""

DEAD_KEY_CODES = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "KeyNotInKeyring"}
)
"""AWS says that the key is not (or no longer) one of its own, or nobody has its secret; anything else says nothing
about the key."""


def key_parts(
    profile: KeyProfile,
    user: User,
    live: Live,
    mark: str,
    adopt: bool,
    account_id: str,
    after: tuple[str, ...],
    process: str | None = None,
) -> list[Part]:
    """The user's access key in its profile (G10 to G12): kept while it works, else made anew.

    So is the key of a profile that is to be adopted, as the guide leaves it: beside a second one nobody would hold it.
    ``process`` is the profile's ``credential_process`` where the secret is kept in the keyring.
    """
    account, name = profile.account, profile.name
    local = live.profiles.get(name)
    if (conflict := _profile_conflict(live, account, name, mark, adopt)) is not None:
        return [conflict]
    identity = live.identities.get((account, Who.KEY))
    ours = local is not None and local.owner == mark
    users = isinstance(identity, LiveIdentity) and identity.arn == user.arn
    held = local.access_key_id if local is not None and (ours or users) else None
    if held is not None and isinstance(identity, Unreadable) and identity.code not in DEAD_KEY_CODES:
        return [Blocked(account, "identity", name, identity.code, identity.reason)]
    works = held is not None and users
    formed = local is not None and ours and local.process == process and not (process and local.static)
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
        task=PutAccessKey(profile, held, process),
        after=after,
        undo="deactivate, then delete the key",
    )
    store = Step(
        id=step_id(account, "key-profile", name),
        account=account,
        guide="G11",
        title=f"profile {name}",
        op=Op.KEEP if works and formed else Op.UPDATE if local is not None else Op.CREATE,
        kind="profile",
        name=name,
        reason="its key, region and output are stored" if not (works and formed) else "it is as it should be",
        task=PutKeyProfile(profile, process),
        after=(key.id,),
        undo="remove the profile from the files",
    )
    task = VerifyIdentity(Who.KEY, name, account_id, user.arn)
    return [key, store, _identity(account, "verify-key", name, "G12", task, store.id)]


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
    """The deployer's session (G13 to G16): kept while it is good for the work ahead, else opened anew.

    None where the caller is the deployer already, as a CI job is: only the read of the stack is left (G16). None at all
    where the caller is nobody that the deployer trusts.
    """
    profile = state.session_profile
    account, name = profile.account, profile.name
    if is_deployer(profile, live):
        return [_access(profile, first_stack, after)]
    if not has_session(state, live):
        return []
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
    ours = local is not None and local.owner == mark
    formed = local is not None and ours and local.process == process and not (process and local.access_key_id)
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
    task = VerifyIdentity(Who.DEPLOYER, name, account_id, assumed_role_arn(profile))
    verify = _identity(account, "verify-session", name, "G15", task, stored.id)
    return [opened, stored, verify, _access(profile, first_stack, (verify.id,))]


def _identity(account: str, kind: str, name: str, guide: str, task: VerifyIdentity, after: str) -> Step:
    """The step that asks AWS who the profile is."""
    return Step(
        id=step_id(account, kind, name),
        account=account,
        guide=guide,
        title=f"identity of {name}",
        op=Op.VERIFY,
        kind="identity",
        name=name,
        reason="the caller is asked for",
        task=task,
        after=(after,),
    )


def _access(profile: SessionProfile, first_stack: str, after: tuple[str, ...]) -> Step:
    return Step(
        id=step_id(profile.account, "stack-access", profile.name),
        account=profile.account,
        guide="G16",
        title=f"{profile.name} deploys the stacks",
        op=Op.VERIFY,
        kind="profile",
        name=profile.name,
        reason=f"it must be able to read the stack {first_stack}",
        task=VerifyStackAccess(profile, first_stack),
        after=after,
    )


def is_deployer(profile: SessionProfile, live: Live) -> bool:
    """Whether the account's own caller is a session of the deployer role, whatever the session's name."""
    caller = live.identities.get((profile.account, Who.BASE))
    role = assumed_role_arn(profile).rpartition("/")[0]
    return isinstance(caller, LiveIdentity) and caller.arn.rpartition("/")[0] == role


def has_session(state: BootstrapState, live: Live) -> bool:
    """Whether the caller works through a session of the deployer, given by a profile of its own.

    A CI job is the deployer itself. Where jobs may become it there is no user and no key, and of people only those
    who signed in with IAM Identity Center can.
    """
    caller = live.identities.get((state.account, Who.BASE))
    if not isinstance(caller, LiveIdentity) or state.provider is None:
        return not is_deployer(state.session_profile, live)
    return ":assumed-role/AWSReservedSSO_" in caller.arn


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
