"""Element names in the wrong case: they are case-sensitive, unlike actions and condition keys."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.rules.grammar import problems_of
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    for problem in problems_of(subject, "element-case"):
        yield Hit(problem.pointer, problem.message, f"Write {problem.expected}.")


RULE = Rule(
    "element-case",
    "element names in the wrong case",
    Severity.ERROR,
    policy_check("error-invalid-policy-element"),
    check,
)
