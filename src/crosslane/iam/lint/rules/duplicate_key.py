"""JSON keys that stand twice in one object: only the last would count, and IAM refuses them."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.rules.grammar import problems_of
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    for problem in problems_of(subject, "duplicate-key"):
        yield Hit(
            problem.pointer, problem.message, "Keep one, with the values of both in an array where both are meant."
        )


RULE = Rule(
    "duplicate-key",
    "keys that stand more than once in one JSON object",
    Severity.ERROR,
    f"{USER_GUIDE}/reference_policies_grammar.html#policies-grammar-notes",
    check,
)
