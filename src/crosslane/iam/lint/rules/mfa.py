"""Tests for MFA that long-term access keys pass by."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Comparison, Effect
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject

_KEY = "aws:multifactorauthpresent"


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        for condition in statement.conditions:
            operator = condition.operator
            if condition.key.lower() != _KEY or operator.quantifier is not None:
                continue
            value = condition.values[0].lower() if len(condition.values) == 1 else ""
            if statement.effect is Effect.DENY and operator.comparison is Comparison.BOOL:
                if value == "false" and not operator.if_exists:
                    message = "requests with long-term access keys carry no MFA key, so that this does not deny them"
                    yield Hit(condition.pointer, message, "Use BoolIfExists.")
            elif statement.effect is Effect.ALLOW and operator.comparison is Comparison.BOOL:
                if value == "true" and operator.if_exists:
                    message = "BoolIfExists allows requests with long-term access keys without MFA"
                    yield Hit(condition.pointer, message, "Use Bool.")
            elif operator.comparison is Comparison.NULL and statement.effect is Effect.DENY and value == "true":
                message = "the key is there, with the value false, for sessions without MFA, which this does not deny"
                yield Hit(condition.pointer, message, 'Use "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}.')


RULE = Rule(
    "mfa",
    "tests for MFA that long-term access keys pass by",
    Severity.WARNING,
    f"{USER_GUIDE}/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent",
    check,
)
