"""What is wrong with keys, profiles and principals of the bootstrap, beyond what a plan would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from crosslane.checks.model import Finding, Severity
from crosslane.checks.unread import unread
from crosslane.desired.model import BootstrapState
from crosslane.live.model import Grants, Live, LiveUser, LocalProfile, Reading, Unreadable

ROTATE_URL = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html"
PROCESS_URL = "https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html"
INLINE_URL = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html"
ROOT_URL = "https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html"


def key_findings(state: BootstrapState, live: Live, *, oldest: timedelta, now: datetime) -> tuple[Finding, ...]:
    """Keys of the account's user that are old, retired, or not in the profile."""
    if state.user is None or state.key_profile is None:
        return ()
    user = live.users.get((state.account, state.user.name))
    if not isinstance(user, LiveUser):
        return ()
    profile = live.profiles.get(state.key_profile.name)
    held = profile.access_key_id if profile is not None else None
    pending = profile.pending_key_id if profile is not None else None
    retired = profile.retired_key_id if profile is not None else None
    found = []
    for key in user.access_keys:
        days = (now - key.created).days
        if key.id == held and now - key.created > oldest:
            evidence = f"key {key.id} is {days} days old, {oldest.days} are allowed (key_max_age_days)"
            found.append(_key(state, "key.old", evidence, "it was never rotated", "crosslane rotate"))
        elif key.id != held and key.id in (pending, retired) and key.active:
            evidence = f"key {key.id} works and is not the profile's" + (" yet" if key.id == pending else " any more")
            found.append(_key(state, "key.half-rotated", evidence, "a rotation was cut off", "crosslane rotate"))
        elif key.id != held and not key.active:
            evidence = f"key {key.id} is deactivated and still there"
            found.append(_key(state, "key.retired", evidence, "a rotation retired it", "crosslane rotate --finish"))
        elif key.id != held:
            evidence = f"key {key.id} works and is not in profile {state.key_profile.name}"
            cause = "another machine made it, or somebody did by hand"
            found.append(_key(state, "key.unknown", evidence, cause, "delete it if nobody needs it"))
    return tuple(found)


def profile_findings(state: BootstrapState, live: Live, *, now: datetime) -> tuple[Finding, ...]:
    """Profiles whose static keys win over their process, or whose stored session has ended."""
    profile = live.profiles.get(state.session_profile.name)
    if profile is None:
        return ()
    if profile.process is not None and profile.access_key_id is not None:
        return (
            _profile(
                state,
                profile,
                "profile.static-keys-win",
                Severity.ERROR,
                "it has static keys beside its credential_process, and AWS tools take those",
                "somebody pasted a session into it",
                "crosslane up",
            ),
        )
    if profile.process is None and profile.expires is not None and profile.expires <= now:
        evidence = f"its session ended at {profile.expires.isoformat(timespec='minutes')}"
        fix = "crosslane refresh"
        return (_profile(state, profile, "profile.expired", Severity.WARNING, evidence, "time has passed", fix),)
    return ()


def grant_findings(account: str, grants: Mapping[str, Reading[Grants]]) -> tuple[Finding, ...]:
    """What principals of the bootstrap may do beside their managed policies, and where that could not be read.

    Keys are ``user NAME``, ``role NAME``. A principal that is not there has nothing.
    """
    return tuple(finding for subject, grant in grants.items() for finding in _granted(account, subject, grant))


def _granted(account: str, subject: str, grant: Reading[Grants]) -> Iterable[Finding]:
    if isinstance(grant, Unreadable):
        yield unread("principal.unknown", account, subject, grant.reason)
    elif isinstance(grant, Grants):
        for evidence in _evidence(grant):
            yield Finding(
                id="principal.more-than-wanted",
                severity=Severity.ERROR,
                account=account,
                subject=subject,
                evidence=evidence,
                cause="somebody granted it by hand: crosslane attaches managed policies only",
                fix="take it away: it is not in the plan and not bounded by what the plan proves",
                url=INLINE_URL,
            )


def sign_in_findings(arns: Mapping[str, str], user_names: Iterable[str]) -> tuple[Finding, ...]:
    """Sign-ins that are too mighty to work with: the root user, or the bootstrap's own user. ``arns`` by account."""
    names = set(user_names)
    found = []
    for account, arn in arns.items():
        if arn.endswith(":root"):
            evidence, cause = f"it is {arn}", "the account's root user signed in"
            fix = "sign in with a role of IAM Identity Center; a root user cannot assume roles either"
            found.append(
                Finding("sign-in.root", Severity.ERROR, account, "the sign-in", evidence, cause, fix, ROOT_URL)
            )
        elif ":user/" in arn and arn.rsplit("/", 1)[-1] not in names:
            evidence, cause = f"it is {arn}", "its profile holds a user's long-lived key"
            fix = "sign in with IAM Identity Center: crosslane sign-in"
            found.append(Finding("sign-in.user", Severity.WARNING, account, "the sign-in", evidence, cause, fix))
    return tuple(found)


def _evidence(grant: Grants) -> Iterable[str]:
    if grant.inline:
        yield f"it has the inline policies {', '.join(grant.inline)}"
    if grant.groups:
        yield f"it is in the groups {', '.join(grant.groups)}"


def _key(state: BootstrapState, identifier: str, evidence: str, cause: str, fix: str) -> Finding:
    name = state.user.name if state.user is not None else ""
    return Finding(identifier, Severity.WARNING, state.account, f"user {name}", evidence, cause, fix, ROTATE_URL)


def _profile(
    state: BootstrapState,
    profile: LocalProfile,
    identifier: str,
    severity: Severity,
    evidence: str,
    cause: str,
    fix: str,
) -> Finding:
    subject = f"profile {profile.name}"
    return Finding(identifier, severity, state.account, subject, evidence, cause, fix, PROCESS_URL)
