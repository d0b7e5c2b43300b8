"""A rule: one kind of finding, with its check."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.subject import Subject

USER_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
POLICY_CHECKS = f"{USER_GUIDE}/access-analyzer-reference-policy-checks.html"
SERVICE_REFERENCE = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)

Check = Callable[[Subject], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """``title`` completes "reports …"; ``severity`` is the usual one, a hit may carry another."""

    id: str
    title: str
    severity: Severity
    url: str
    check: Check


def policy_check(name: str) -> str:
    """The URL of one of IAM Access Analyzer's policy checks, by the end of its anchor (looked up 2026-11-24)."""
    return f"{POLICY_CHECKS}#access-analyzer-reference-policy-checks-{name}"
