"""Wildcards under operators that take them for plain characters."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Comparison
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import shown
from crosslane.iam.variables import parts_of

_LITERAL = frozenset({Comparison.STRING_EQUALS, Comparison.STRING_EQUALS_IGNORE_CASE})


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        for condition in statement.conditions:
            if condition.operator.comparison not in _LITERAL:
                continue
            for index, value in enumerate(condition.values):
                plain = "".join(part for part in parts_of(value) if isinstance(part, str))
                if "*" not in plain and not (plain.startswith("arn:") and "?" in plain):
                    continue
                like = "StringNotLike" if condition.operator.negated else "StringLike"
                what = "always holds" if condition.operator.negated else "holds for this very text only"
                message = f"{condition.operator.text} knows no wildcards: {shown(value)} {what}"
                yield Hit(condition.pointer_of(index), message, f"Use {like}, or ${{*}} for an asterisk.")


RULE = Rule(
    "wildcard-in-string-equals",
    "wildcards under StringEquals, which takes them literally",
    Severity.WARNING,
    f"{USER_GUIDE}/reference_policies_elements_condition_operators.html#Conditions_String",
    check,
)
