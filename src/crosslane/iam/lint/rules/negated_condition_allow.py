"""Negated operators in an Allow: they hold for requests without the key."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.conditions import requires_presence
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.global_keys import global_key
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Kind, Subject


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is Kind.SCP:
        return
    for statement in subject.allows():
        for condition in statement.conditions:
            key = condition.key
            known = global_key(key)
            # IfExists says that the missing key was thought of.
            if (
                not condition.operator.negated
                or condition.operator.if_exists
                or condition.operator.quantifier is not None
            ):
                continue
            if (known is not None and known.always) or requires_presence(statement, key):
                continue
            message = f"{condition.operator.text} allows requests without {key} too"
            fix = f'Add "Null": {{"{key}": "false"}}, or say so with {condition.operator.text}IfExists.'
            # Compared with nothing, it is meant to demand a value, which most often something else does too.
            yield Hit(condition.pointer, message, fix, Severity.INFO if condition.values == ("",) else None)


RULE = Rule(
    "negated-condition-allow",
    "negated conditions in an Allow that hold when the key is missing",
    Severity.WARNING,
    f"{USER_GUIDE}/reference_policies_elements_condition_operators.html#Conditions_IfExists",
    check,
)
