"""ForAllValues and ForAnyValue on keys of one value, and keys of many values without them."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Comparison, Quantifier
from crosslane.iam.lint.conditions import type_of_key
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule, policy_check
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        for condition in statement.conditions:
            operator = condition.operator
            kind = type_of_key(condition.key)
            if kind is None or operator.comparison is Comparison.NULL:
                continue
            multivalued = kind.startswith("ArrayOf")
            plain = operator.text.rpartition(":")[2]
            if operator.quantifier is None and multivalued:
                message = f"{condition.key} has several values, which {operator.text} does not compare"
                fix = f"Use ForAnyValue:{plain}, or ForAllValues:{plain} together with Null."
                yield Hit(condition.pointer, message, fix)
            elif operator.quantifier is not None and not multivalued:
                message = f"{operator.quantifier.value} on {condition.key}, which has one value"
                worse = " and holds when it is missing" if operator.quantifier is Quantifier.ALL else ""
                url = policy_check("security-warning-forallvalues-with-single-valued-key") if worse else None
                severity = None if worse else Severity.INFO
                yield Hit(condition.pointer, message + worse, f"Use {plain}.", severity, url)


RULE = Rule(
    "set-operator",
    "set operators on single-valued keys, and multivalued keys without one",
    Severity.WARNING,
    f"{USER_GUIDE}/reference_policies_multi-value-conditions.html",
    check,
)
