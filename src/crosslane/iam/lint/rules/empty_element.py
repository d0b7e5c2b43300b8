"""Empty lists: a statement with one never applies."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        for clause in (statement.action, statement.resource):
            if clause is not None and not clause.values:
                yield Hit(clause.pointer, f"{clause.element} is an empty list", "List values, or remove the statement.")
        if statement.principal is not None and not statement.principal.principals:
            fix = "Name a principal, or remove the statement."
            yield Hit(statement.principal.pointer, f"{statement.principal.element} names nobody", fix)
        for condition in statement.conditions:
            if not condition.values:
                fix = "List values, or remove the condition."
                yield Hit(condition.pointer, f"{condition.key} is compared with an empty list", fix)


RULE = Rule(
    "empty-element",
    "elements and conditions with an empty list",
    Severity.WARNING,
    policy_check("suggestion-empty-array-action"),
    check,
)
