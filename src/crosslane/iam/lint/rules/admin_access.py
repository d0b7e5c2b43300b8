"""Everything on everything."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Statement
from crosslane.iam.lint.actions import is_broad
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Kind, Subject


def is_admin(statement: Statement) -> bool:
    """Whether the statement covers all actions."""
    return not statement.action.negated and any(value in ("*", "*:*") for value in statement.action.values)


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is not Kind.IDENTITY:
        return
    for statement in subject.allows():
        if is_admin(statement) and is_broad(statement.resource) and not statement.conditions:
            message = "this grants every action on every resource"
            yield Hit(statement.action.pointer, message, "List the actions that are needed, and their resources.")


RULE = Rule(
    "admin-access",
    "policies that grant every action on every resource",
    Severity.WARNING,
    f"{USER_GUIDE}/best-practices.html#grant-least-privilege",
    check,
)
