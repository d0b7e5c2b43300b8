"""Policies that are larger than AWS takes, or so large that little can be added."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Kind, Subject
from crosslane.iam.lint.unknown import BEGIN

_IAM = f"{USER_GUIDE}/reference_iam-quotas.html#reference_iam-quotas-entity-length"
_ORGANIZATIONS = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"


@dataclass(frozen=True, slots=True)
class _Quota:
    limit: int
    unit: str
    fix: str
    url: str
    stretchable: int | None = None
    """Up to where AWS raises the quota on request."""


_SPLIT = "Split it, or use wildcards for actions that share a beginning."
_QUOTAS = {
    Kind.IDENTITY: _Quota(
        6_144, "characters (a managed policy; all inline ones of a role: 10,240)", _SPLIT, _IAM, 10_240
    ),
    Kind.BOUNDARY: _Quota(6_144, "characters", _SPLIT, _IAM),
    Kind.TRUST: _Quota(2_048, "characters", "Shorten it, or have the quota raised (to 4,096 at most).", _IAM, 4_096),
    Kind.SESSION: _Quota(2_048, "characters", "Shorten it, or pass managed policies by ARN.", _IAM),
    Kind.BUCKET: _Quota(
        20 * 1024,
        "bytes",
        "Move grants to access points, or to identity policies.",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html",
    ),
    Kind.KEY: _Quota(
        32 * 1024,
        "bytes",
        "Grant to the account, and narrow in identity policies.",
        "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html",
    ),
    # The pages differ by age: 5,120 until 2025, 10,240 for SCPs since (unverified); the larger one is certain to fail.
    Kind.SCP: _Quota(10_240, "characters", _SPLIT, _ORGANIZATIONS),
    Kind.RCP: _Quota(5_120, "characters", _SPLIT, _ORGANIZATIONS),
}


def size_of(subject: Subject) -> int:
    """The length that AWS counts: without white space between JSON elements; in bytes for buckets and keys."""
    text = json.dumps(subject.document, separators=(",", ":"), ensure_ascii=False)
    return len(text.encode(errors="surrogatepass")) if subject.kind in (Kind.BUCKET, Kind.KEY) else len(text)


def check(subject: Subject) -> Iterator[Hit]:
    quota = _QUOTAS.get(subject.kind)
    if quota is None:
        return
    size = size_of(subject)
    if size <= quota.limit:
        return
    about = "about " if BEGIN in str(subject.document) else ""
    message = f"{about}{size:,} of at most {quota.limit:,} {quota.unit}"
    likely = about or (quota.stretchable is not None and size <= quota.stretchable)
    yield Hit("", message, quota.fix, Severity.WARNING if likely else None, quota.url)


RULE = Rule("size", "policies larger than AWS's quotas", Severity.ERROR, _IAM, check)
