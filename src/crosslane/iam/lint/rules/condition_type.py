"""Operators that do not fit the type of their condition key."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Comparison
from crosslane.iam.lint.conditions import DATES, NUMBERS, STRINGS, type_of_key
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.subject import Subject

_ARNS = frozenset({Comparison.ARN_LIKE})
_FITTING = {
    "String": STRINGS | _ARNS | {Comparison.BINARY_EQUALS},
    "ARN": STRINGS | _ARNS,
    "Bool": frozenset({Comparison.BOOL}),
    "Numeric": NUMBERS,
    "Date": DATES | NUMBERS,
    "IPAddress": frozenset({Comparison.IP_ADDRESS}),
}
_ADVICE = {
    "String": "StringEquals or StringLike",
    "ARN": "ArnLike",
    "Bool": "Bool",
    "Numeric": "NumericEquals or another numeric operator",
    "Date": "DateLessThan or another date operator",
    "IPAddress": "IpAddress",
}


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        for condition in statement.conditions:
            comparison = condition.operator.comparison
            documented = type_of_key(condition.key)
            kind = (documented or "").removeprefix("ArrayOf")
            if comparison is Comparison.NULL or kind not in _FITTING or comparison in _FITTING[kind]:
                continue
            message = f"{condition.operator.text} does not fit {condition.key}, whose type is {kind}"
            # Compared as text, these still work for values that are written the way that AWS writes them.
            mild = comparison in STRINGS and kind in ("Bool", "Numeric")
            yield Hit(condition.pointer, message, f"Use {_ADVICE[kind]}.", Severity.INFO if mild else None)


RULE = Rule(
    "condition-type",
    "condition operators that do not fit the type of their key",
    Severity.WARNING,
    policy_check("general-warning-type-mismatch"),
    check,
)
