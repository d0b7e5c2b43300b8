"""What could not be looked at is a finding: nobody knows whether it is as it should be."""

from __future__ import annotations

import re

from crosslane.checks.model import Finding, Severity

DENIAL_URL = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"
_DENIAL = re.compile(
    r"User: (?P<who>\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>.+?))?(?= because | with an explicit |\.?$| \()"
    r"(?: because no (?P<lacking>[\w -]+?) allows| with an explicit deny in (?:an? |the )?(?P<denying>[\w -]+))?"
)
"""AWS's sentence for most denials, by its page of 2026-11-25."""


def unread(identifier: str, account: str, subject: str, reason: str) -> Finding:
    """The finding for a read that failed; ``reason`` is AWS's or our line about it.

    Of a denial it says what to grant, in which type of policy; else that asking again may help.
    """
    denial = _DENIAL.search(reason)
    return Finding(
        id=identifier,
        severity=Severity.ERROR,
        account=account,
        subject=subject,
        evidence=f"it is not verified: {reason}",
        cause="AWS did not answer, or could not" if denial is None else "the credentials in use may not read it",
        fix="run crosslane verify again" if denial is None else f"{_grant(denial)}; then run crosslane verify again",
        url=None if denial is None else DENIAL_URL,
    )


def _grant(denial: re.Match[str]) -> str:
    """What would let the read through: AWS names the type of policy that stands in its way."""
    what = denial["action"] + (f" on {denial['resource']}" if denial["resource"] else "")
    if denial["denying"]:
        return f"except {what} for {denial['who']} from the deny in its {denial['denying'].strip()}"
    return f"allow {denial['who']} to do {what} in its {denial['lacking'] or 'identity-based policy'}"
