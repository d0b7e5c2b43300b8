"""What could not be read says what would let the read through, in the policy that AWS names."""

from __future__ import annotations

import pytest

from crosslane.checks.model import Severity
from crosslane.checks.unread import unread

WHO = "arn:aws:sts::111111111111:assumed-role/deployer/s"
DENIED = f"iam:GetRole failed for profile x: AccessDenied: User: {WHO} is not authorized to perform: iam:GetRole"


@pytest.mark.parametrize(
    ("reason", "fix"),
    [
        (
            f"{DENIED} on resource: role app because no identity-based policy allows the iam:GetRole action",
            f"allow {WHO} to do iam:GetRole on role app in its identity-based policy",
        ),
        (
            f"{DENIED} because no permissions boundary allows the iam:GetRole action (account tools)",
            f"allow {WHO} to do iam:GetRole in its permissions boundary",
        ),
        (
            f"{DENIED} on resource: role app with an explicit deny in a service control policy: "
            "arn:aws:organizations::9:policy/o-1/service_control_policy/p-1",
            f"except iam:GetRole on role app for {WHO} from the deny in its service control policy",
        ),
        (
            f"{DENIED} on resource: role app",
            f"allow {WHO} to do iam:GetRole on role app in its identity-based policy",
        ),
    ],
)
def test_a_denied_read_says_what_to_grant_and_where(reason: str, fix: str) -> None:
    finding = unread("principal.unknown", "tools", "role app", reason)

    assert finding.severity is Severity.ERROR, "what is not verified is not well"
    assert reason in finding.evidence
    assert finding.fix == f"{fix}; then run crosslane verify again"


def test_a_read_that_got_no_answer_is_to_be_asked_again() -> None:
    finding = unread("drift.unknown", "tools", "stack app", "drift detection did not end in time")

    assert (finding.severity, finding.fix) == (Severity.ERROR, "run crosslane verify again")
