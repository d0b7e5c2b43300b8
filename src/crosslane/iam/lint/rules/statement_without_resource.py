"""Statements of a key policy without Resource: KMS takes them, and they have no effect."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule
from crosslane.iam.lint.subject import Kind, Subject

_URL = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html"


def check(subject: Subject) -> Iterator[Hit]:
    if not subject.kind.is_resource_policy:
        return
    for statement in subject:
        if statement.resource is None:
            what = "KMS takes it, and it has no effect" if subject.kind is Kind.KEY else "most services refuse it"
            yield Hit(statement.pointer, f"a statement without Resource: {what}", 'Add "Resource": "*" or an ARN.')


RULE = Rule(
    "statement-without-resource",
    "statements of resource policies without Resource",
    Severity.WARNING,
    _URL,
    check,
)
