"""Allow statements that a Deny of the same policy covers wholly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crosslane.iam.document import Statement
from crosslane.iam.lint.coverage import statement_covers
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject

MOST_WORK = 400_000
"""Above this number of pairs of values statements are not compared: no policy within AWS's quotas comes near it."""


def too_much_work(left: Iterable[Statement], right: Iterable[Statement]) -> bool:
    """Whether comparing each of the one with each of the other would take too long."""
    return sum(map(_values, left)) * sum(map(_values, right)) > MOST_WORK


def _values(statement: Statement) -> int:
    return len(statement.action.values) + len(statement.resource.values if statement.resource is not None else ())


def name_of(statement: Statement) -> str:
    """How a person finds the statement: by its Sid, or by its place."""
    return f"statement {statement.sid}" if statement.sid else f"statement {statement.index}"


def check(subject: Subject) -> Iterator[Hit]:
    denies = tuple(subject.denies())
    allows = tuple(subject.allows())
    if too_much_work(denies, allows):
        return
    for allow in allows:
        by = next((deny for deny in denies if statement_covers(deny, allow)), None)
        if by is not None:
            message = f"{name_of(by)} denies everything that this allows"
            yield Hit(allow.pointer, message, "Remove it, or narrow the Deny.")


RULE = Rule(
    "unreachable-allow",
    "Allow statements that a Deny of the same policy covers wholly",
    Severity.WARNING,
    f"{USER_GUIDE}/reference_policies_evaluation-logic.html",
    check,
)
