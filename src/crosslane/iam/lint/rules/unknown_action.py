"""Actions that their service does not have, and wildcards that match none of its actions."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.patterns import is_pattern
from crosslane.iam.lint.reference import MOST_SUGGESTIONS, elsewhere, expand, nearest_action, services
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown


def check(subject: Subject) -> Iterator[Hit]:
    left = MOST_SUGGESTIONS
    for statement in subject:
        for index, value in enumerate(statement.action.values):
            service, colon, name = value.partition(":")
            if not colon or is_unknown(value) or service.lower() not in services() or expand(value):
                continue
            wild = is_pattern(name)
            message = f"{value} matches no action of {service}" if wild else f"{service} has no action {name}"
            fix = _fix(service, name.strip("*?") if wild else name, left > 0)
            left -= 1
            yield Hit(statement.action.pointer_of(index), message, fix)


def _fix(service: str, name: str, suggest: bool) -> str:
    near = (nearest_action(service, name) or elsewhere(name)) if suggest else None
    return f"Did you mean {near}?" if near else "Remove it, or take the name from the service authorization reference."


RULE = Rule(
    "unknown-action",
    "actions that do not exist and action wildcards that match nothing",
    Severity.WARNING,
    policy_check("error-invalid-action"),
    check,
)
