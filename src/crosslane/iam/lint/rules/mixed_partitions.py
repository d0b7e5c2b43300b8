"""ARNs of different partitions in one policy: what lies in another partition cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.rules.invalid_arn import PARTITIONS
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    first: str | None = None
    for statement in subject:
        if statement.resource is None:
            continue
        for index, value in enumerate(statement.resource.values):
            parts = value.split(":", 2)
            if len(parts) < 3 or parts[0] != "arn" or parts[1] not in PARTITIONS:
                continue
            first = first or parts[1]
            if parts[1] != first:
                message = f"{value} is in partition {parts[1]}, resources before it in {first}"
                yield Hit(statement.resource.pointer_of(index), message, "Keep one policy a partition.")


RULE = Rule(
    "mixed-partitions",
    "resources of more than one partition in one policy",
    Severity.INFO,
    f"{USER_GUIDE}/reference-arns.html",
    check,
)
