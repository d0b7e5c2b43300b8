"""What verify finds about keys, profiles, principals and sign-ins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crosslane.checks.credentials import grant_findings, key_findings, profile_findings, sign_in_findings
from crosslane.checks.model import Finding, Severity
from crosslane.config.model import Mode
from crosslane.live.model import Absent, AccessKey, Grants, LiveUser, LocalProfile
from tests.fakes.four_accounts import MARK, four_accounts
from tests.fakes.remote import KEY_ID, NOW
from tests.fakes.situation import Situation, everything_exists

OTHER = "AKIAEXAMPLE0000000002"
DAYS_90 = timedelta(days=90)
DEPLOYER = "tools_admin_deployer"


def with_keys(*keys: AccessKey, pending: str | None = None, retired: str | None = None) -> Situation:
    """All is well, and the user has these keys; the profile holds ``KEY_ID``."""
    situation = everything_exists()
    user = situation.user
    situation.remote.users[user.account, user.name] = LiveUser(user.arn, user.attached, user.boundary, keys, user.tags)
    name = situation.key_profile.name
    situation.remote.profiles[name] = LocalProfile(name, MARK, KEY_ID, None, None, pending, retired)
    return situation


def found(situation: Situation) -> tuple[Finding, ...]:
    return key_findings(situation.tools, situation.remote.live(), oldest=DAYS_90, now=NOW)


def key(identifier: str = KEY_ID, *, days: float = 1, active: bool = True) -> AccessKey:
    return AccessKey(identifier, active, NOW - timedelta(days=days))


@pytest.mark.parametrize(("days", "identifiers"), [(89.99, []), (90, []), (90.01, ["key.old"]), (400, ["key.old"])])
def test_a_key_is_too_old_from_the_day_after_its_last(days: float, identifiers: list[str]) -> None:
    findings = found(with_keys(key(days=days)))

    assert [finding.id for finding in findings] == identifiers
    for finding in findings:
        assert finding.severity is Severity.WARNING, "verify warns, and does not fail"
        assert finding.fix == "crosslane rotate"
        assert f"{int(days)} days old" in finding.evidence
        assert "key_max_age_days" in finding.evidence


def test_a_retired_key_is_to_be_deleted() -> None:
    (finding,) = found(with_keys(key(), key(OTHER, active=False), retired=OTHER))

    assert (finding.id, finding.fix) == ("key.retired", "crosslane rotate --finish")
    assert OTHER in finding.evidence


@pytest.mark.parametrize("marks", [{"pending": OTHER}, {"retired": OTHER}])
def test_a_rotation_that_was_cut_off_is_told_from_a_key_of_others(marks: dict[str, str]) -> None:
    (finding,) = found(with_keys(key(), key(OTHER), **marks))

    assert (finding.id, finding.fix) == ("key.half-rotated", "crosslane rotate")


def test_a_working_key_that_no_profile_here_holds_is_told() -> None:
    (finding,) = found(with_keys(key(), key(OTHER)))

    assert finding.id == "key.unknown"
    assert OTHER in finding.evidence
    assert situation_says_nothing_of_secrets(finding)


def situation_says_nothing_of_secrets(finding: Finding) -> bool:
    return "secret" not in f"{finding}".lower()


def test_without_a_user_there_is_nothing_to_say_about_keys() -> None:
    keyless = everything_exists(four_accounts(Mode.KEYLESS))
    assert key_findings(keyless.tools, keyless.remote.live(), oldest=DAYS_90, now=NOW) == ()

    absent = everything_exists()
    absent.remote.users["tools", absent.user.name] = Absent()
    assert found(absent) == ()


def profile(process: str | None, key_id: str | None, *, left: timedelta | None) -> Situation:
    situation = everything_exists()
    expires = None if left is None else NOW + left
    situation.remote.profiles[DEPLOYER] = LocalProfile(DEPLOYER, MARK, key_id, expires, process)
    return situation


@pytest.mark.parametrize(
    ("situation", "identifiers"),
    [
        (profile("crosslane credentials x", None, left=timedelta(hours=1)), []),
        (profile("crosslane credentials x", None, left=timedelta(hours=-1)), []),
        (profile("crosslane credentials x", "ASIA", left=timedelta(hours=1)), ["profile.static-keys-win"]),
        (profile(None, "ASIA", left=timedelta(hours=1)), []),
        (profile(None, "ASIA", left=timedelta(seconds=0)), ["profile.expired"]),
        (profile(None, "ASIA", left=None), []),
    ],
    ids=["process", "process, cache is old", "process and keys", "keys", "keys that ended", "keys of unknown end"],
)
def test_the_deployers_profile_gives_a_session_that_lasts(situation: Situation, identifiers: list[str]) -> None:
    findings = profile_findings(situation.tools, situation.remote.live(), now=NOW)

    assert [finding.id for finding in findings] == identifiers


def test_static_keys_beside_a_process_fail_verify_and_an_ended_session_does_not() -> None:
    both = profile("crosslane credentials x", "ASIA", left=timedelta(hours=1))
    ended = profile(None, "ASIA", left=timedelta(hours=-1))

    (error,) = profile_findings(both.tools, both.remote.live(), now=NOW)
    (warning,) = profile_findings(ended.tools, ended.remote.live(), now=NOW)

    assert (error.severity, error.fix) == (Severity.ERROR, "crosslane up")
    assert (warning.severity, warning.fix) == (Severity.WARNING, "crosslane refresh")


def test_no_profile_no_finding() -> None:
    situation = everything_exists()
    del situation.remote.profiles[DEPLOYER]

    assert profile_findings(situation.tools, situation.remote.live(), now=NOW) == ()


def test_rights_that_somebody_gave_by_hand_are_found() -> None:
    grants = {
        "role deployer": Grants(("extra",), ()),
        "user admin": Grants(("one", "two"), ("Administrators",)),
        "role quiet": Grants((), ()),
    }

    findings = grant_findings("tools", grants)

    assert [(finding.subject, finding.severity) for finding in findings] == [
        ("role deployer", Severity.ERROR),
        ("user admin", Severity.ERROR),
        ("user admin", Severity.ERROR),
    ]
    assert "Administrators" in findings[2].evidence
    assert {finding.id for finding in findings} == {"principal.more-than-wanted"}


@pytest.mark.parametrize(
    ("arn", "identifiers"),
    [
        ("arn:aws:iam::111111111111:root", ["sign-in.root"]),
        ("arn:aws:iam::111111111111:user/somebody", ["sign-in.user"]),
        ("arn:aws:iam::111111111111:user/admin", []),
        ("arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_AdministratorAccess_1/me", []),
    ],
)
def test_sign_ins_are_sessions_and_neither_root_nor_a_users_key(arn: str, identifiers: list[str]) -> None:
    assert [finding.id for finding in sign_in_findings({"tools": arn}, ["admin"])] == identifiers
