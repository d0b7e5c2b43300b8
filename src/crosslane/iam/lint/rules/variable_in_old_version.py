"""Policy variables where the version makes them plain text."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Statement
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject


def texts(statement: Statement) -> Iterator[tuple[str, str]]:
    """Pointer and text of each value in which policy variables have a meaning."""
    if statement.resource is not None:
        for index, value in enumerate(statement.resource.values):
            yield statement.resource.pointer_of(index), value
    for condition in statement.conditions:
        for index, value in enumerate(condition.values):
            yield condition.pointer_of(index), value


def check(subject: Subject) -> Iterator[Hit]:
    if subject.policy.has_variables:
        return
    for statement in subject:
        for pointer, text in texts(statement):
            _, opened, rest = text.partition("${")
            inside, closed, _ = rest.partition("}")
            if opened and closed:
                message = f"${{{inside}}} is plain text without Version 2012-10-17"
                yield Hit(pointer, message, 'Write "Version": "2012-10-17".')


RULE = Rule(
    "variable-in-old-version",
    "policy variables in a policy whose version has none",
    Severity.ERROR,
    f"{USER_GUIDE}/reference_policies_variables.html",
    check,
)
