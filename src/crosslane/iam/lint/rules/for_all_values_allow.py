"""ForAllValues in an Allow: it holds for requests without the key."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Comparison, Quantifier
from crosslane.iam.lint.conditions import requires_presence, type_of_key
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject.allows():
        for condition in statement.conditions:
            operator, key = condition.operator, condition.key
            if operator.quantifier is not Quantifier.ALL or operator.comparison is Comparison.NULL:
                continue
            # On a key of one value, set-operator has said it already.
            if not (type_of_key(key) or "ArrayOf").startswith("ArrayOf") or requires_presence(statement, key):
                continue
            message = f"{operator.text} allows requests without {key} too"
            # A request without tags is usually meant to be allowed, or another condition asks for the tag.
            severity = Severity.INFO if key.lower() == "aws:tagkeys" else None
            yield Hit(condition.pointer, message, f'Add "Null": {{"{key}": "false"}}.', severity)


RULE = Rule(
    "for-all-values-allow",
    "ForAllValues in an Allow without a test for existence",
    Severity.WARNING,
    f"{USER_GUIDE}/reference_policies_condition-single-vs-multi-valued-context-keys.html",
    check,
)
