"""Condition operators that there are not."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.rules.grammar import problems_of
from crosslane.iam.lint.subject import Subject
from crosslane.iam.operators import OPERATORS


def check(subject: Subject) -> Iterator[Hit]:
    for problem in problems_of(subject, "unknown-operator"):
        name = problem.pointer.rpartition("/")[2].rpartition(":")[2]
        if name.lower() == "nullifexists":
            yield Hit(problem.pointer, "Null cannot take IfExists", "Write Null: it tests for existence already.")
            continue
        near = get_close_matches(name.removesuffix("IfExists"), OPERATORS, n=1)
        fix = f"Did you mean {near[0]}?" if near else "Use an operator such as StringEquals, Bool or ArnLike."
        yield Hit(problem.pointer, problem.message, fix)


RULE = Rule(
    "unknown-operator",
    "condition operators that do not exist",
    Severity.ERROR,
    policy_check("error-invalid-condition-operator"),
    check,
)
