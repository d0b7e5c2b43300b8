"""Statements that another of the same effect covers."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.coverage import statement_covers
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.rules.unreachable_allow import name_of, too_much_work
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    statements = subject.policy.statements
    if too_much_work(statements, statements):
        return
    for inner in statements:
        for outer in statements:
            if outer is inner or outer.effect is not inner.effect or not statement_covers(outer, inner):
                continue
            same = statement_covers(inner, outer)
            if same and outer.index > inner.index:
                continue
            verb = "says the same as" if same else "is covered by"
            yield Hit(inner.pointer, f"this {verb} {name_of(outer)}", "Remove it.")
            break


RULE = Rule(
    "redundant-statement",
    "statements that another of the same effect covers",
    Severity.INFO,
    policy_check("suggestion-redundant-statement"),
    check,
)
