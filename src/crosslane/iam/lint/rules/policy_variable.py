"""Policy variables that no request fills, or that stand where there are none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crosslane.iam.lint.conditions import type_of_key
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.global_keys import nearest_global_key
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.rules.variable_in_old_version import texts
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown

_VARIABLE = re.compile(r"\$\{([^}]*)(\}?)")
_MULTIVALUED = f"{USER_GUIDE}/reference_policies_multi-value-conditions.html"


def check(subject: Subject) -> Iterator[Hit]:
    if not subject.policy.has_variables:
        return
    for statement in subject:
        for pointer, text in texts(statement):
            for inside, closed in _VARIABLE.findall(text):
                yield from _variable(pointer, inside, closed)
        values = [(statement.action.pointer_of(index), value) for index, value in enumerate(statement.action.values)]
        if statement.principal is not None:
            values += [(one.pointer, one.value) for one in statement.principal.principals]
        for pointer, value in values:
            if "${" in value:
                yield Hit(pointer, "variables have no meaning in actions and principals", "Write the value itself.")


def _variable(pointer: str, inside: str, closed: str) -> Iterator[Hit]:
    if not closed:
        yield Hit(pointer, "a variable's brace is never closed", "Write ${key}.")
        return
    if inside in ("*", "?", "$") or is_unknown(inside):
        return
    key = inside.partition(",")[0].strip()
    if not key:
        yield Hit(pointer, "a variable without a name", "Write ${key}.")
        return
    kind = type_of_key(key)
    if kind is not None and kind.startswith("ArrayOf"):
        fix = "Use a single-valued key; multivalued ones cannot be variables."
        yield Hit(pointer, f"${{{key}}} has several values", fix, url=_MULTIVALUED)
    elif kind is None and "." not in key.partition(":")[0]:
        near = nearest_global_key(key)
        fix = f"Did you mean ${{{near}}}?" if near else "Use a condition key that the requests carry."
        yield Hit(pointer, f"${{{key}}} is no known condition key", fix, Severity.WARNING)


RULE = Rule(
    "policy-variable",
    "policy variables that are malformed, unknown, multivalued, or out of place",
    Severity.ERROR,
    f"{USER_GUIDE}/reference_policies_variables.html",
    check,
)
