"""Condition values that their operator cannot read: the condition never holds."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Comparison
from crosslane.iam.lint.conditions import DATES, NUMBERS
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown, shown
from crosslane.iam.values import bytes_of, date_of, network_of, number_of


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        for condition in statement.conditions:
            for index, value in enumerate(condition.values):
                if is_unknown(value) or "${" in value:
                    continue
                wanted = _wanted(condition.operator.comparison, value)
                if wanted is not None:
                    message = f"{condition.operator.text} cannot read {shown(value)!r}"
                    yield Hit(condition.pointer_of(index), message, f"Write {wanted}.")


def _wanted(comparison: Comparison, value: str) -> str | None:
    """What should stand there instead of ``value``, or None where it is all right."""
    if comparison in NUMBERS:
        return None if number_of(value) is not None else "a number"
    if comparison in DATES:
        return None if date_of(value) is not None else "a date, as 2026-12-31T23:59:59Z"
    if comparison in (Comparison.BOOL, Comparison.NULL):
        return None if value.lower() in ("true", "false") else '"true" or "false"'
    if comparison is Comparison.IP_ADDRESS:
        return None if network_of(value) is not None else "an address or a range, as 203.0.113.0/24"
    if comparison is Comparison.BINARY_EQUALS:
        return None if bytes_of(value) is not None else "base64"
    if comparison is Comparison.ARN_LIKE:
        fits = value.count(":") >= 5 or "*" in value
        return None if fits else "an ARN, wildcards allowed"
    return None


RULE = Rule(
    "condition-value",
    "condition values that their operator cannot read",
    Severity.ERROR,
    f"{USER_GUIDE}/reference_policies_elements_condition_operators.html",
    check,
)
