"""Service prefixes that there are not."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.reference import MOST_SUGGESTIONS, nearest_service, services
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown


def check(subject: Subject) -> Iterator[Hit]:
    left = MOST_SUGGESTIONS
    for statement in subject:
        for index, value in enumerate(statement.action.values):
            service = value.partition(":")[0]
            if ":" not in value or is_unknown(service) or service.lower() in services():
                continue
            near = nearest_service(service) if left > 0 else None
            left -= 1
            fix = f"Did you mean {near}?" if near else "Take the prefix from the service authorization reference."
            yield Hit(statement.action.pointer_of(index), f"no service has the prefix {service}", fix)


RULE = Rule(
    "unknown-service",
    "actions of a service that does not exist",
    Severity.WARNING,
    policy_check("error-invalid-service-in-action"),
    check,
)
