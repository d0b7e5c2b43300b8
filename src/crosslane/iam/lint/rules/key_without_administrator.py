"""Key policies under which nobody could change the key policy."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.actions import covers_action
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule
from crosslane.iam.lint.subject import Kind, Subject

_URL = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is not Kind.KEY or subject.problems:
        return
    if not any(
        covers_action(statement.action, "kms:PutKeyPolicy") and statement.resource is not None
        for statement in subject.allows()
    ):
        message = "nobody may call kms:PutKeyPolicy: KMS refuses such a policy, unless told not to check"
        fix = 'Allow kms:* to the account: "Principal": {"AWS": "arn:aws:iam::ACCOUNT:root"}.'
        yield Hit("/Statement", message, fix)


RULE = Rule(
    "key-without-administrator",
    "key policies that nobody could change",
    Severity.ERROR,
    _URL,
    check,
)
