"""The same condition key in two spellings under one operator: keys are not case-sensitive."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        seen: dict[tuple[str, str], str] = {}
        for condition in statement.conditions:
            place = (condition.operator.text, condition.key.lower())
            first = seen.setdefault(place, condition.key)
            if first != condition.key:
                message = f"{condition.key} and {first} are the same key"
                yield Hit(condition.pointer, message, "Write it once, with all values in an array.")


RULE = Rule(
    "condition-key-case",
    "condition keys that are repeated in another case",
    Severity.ERROR,
    policy_check("error-duplicate-keys-with-different-case"),
    check,
)
