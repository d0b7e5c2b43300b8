"""Actions and resources that another value of the same list covers."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Clause
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.patterns import covers
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import shown

_MOST_VALUES = 600


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        for clause in (statement.action, statement.resource):
            if clause is not None and 1 < len(clause.values) <= _MOST_VALUES:
                yield from _look(clause)


def _look(clause: Clause) -> Iterator[Hit]:
    """One finding a list, at its first such value."""
    fold = clause.element.endswith("Action")
    values = [value.lower() if fold else value for value in clause.values]
    wild = [index for index, value in enumerate(values) if "*" in value or "?" in value]
    first: dict[str, int] = {}
    found: list[tuple[int, int]] = []
    for index, value in enumerate(values):
        outer = first.setdefault(value, index)
        if outer == index:
            outer = next((other for other in wild if values[other] != value and covers(values[other], value)), index)
        if outer != index:
            found.append((index, outer))
    if found:
        index, outer = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        same = values[index] == values[outer]
        what = "stands twice" if same else f"is covered by {shown(clause.values[outer])}"
        yield Hit(clause.pointer_of(index), f"{shown(clause.values[index])} {what}{more}", "Remove it.")


RULE = Rule(
    "redundant-value",
    "actions and resources that another one of the list covers",
    Severity.INFO,
    policy_check("suggestion-redundant-action"),
    check,
)
