"""The policy's version: absent or old ones know no policy variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject


def has_old_version(subject: Subject) -> bool:
    """Whether the document says no version or the old one."""
    document = subject.document
    return isinstance(document, Mapping) and document.get("Version", "2008-10-17") == "2008-10-17"


def check(subject: Subject) -> Iterator[Hit]:
    if not has_old_version(subject) or subject.policy.version == "2012-10-17":
        return
    absent = "Version" not in subject.document
    message = "there is no Version, so that of 2008 applies" if absent else "the version of 2008 is superseded"
    yield Hit("" if absent else "/Version", message, 'Write "Version": "2012-10-17".')


RULE = Rule(
    "old-version",
    "policies without Version or with the old one",
    Severity.INFO,
    f"{USER_GUIDE}/reference_policies_elements_version.html",
    check,
)
