"""Resources that are no ARNs, and ARNs with impossible parts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.patterns import is_pattern, meet
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown, shown

PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html and the endpoints that botocore ships."""
_ACCOUNT = re.compile(r"\d{12}|aws|")


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        if statement.resource is None:
            continue
        for index, value in enumerate(statement.resource.values):
            hit = _look(value, statement.resource.pointer_of(index))
            if hit is not None:
                yield hit


def _look(value: str, pointer: str) -> Hit | None:
    parts = value.split(":", 5)
    head = parts[0]
    if is_unknown(head) or "${" in head or value == "*":
        return None
    if not meet(head, "arn"):
        return Hit(pointer, f'{shown(value)} is no ARN and not "*"', 'Write an ARN, as arn:aws:s3:::my-bucket, or "*".')
    if len(parts) < 6:
        if is_pattern(value) or "${" in value or is_unknown(value):
            return None
        return Hit(
            pointer,
            f"{value} has {len(parts)} of an ARN's 6 parts",
            "Write arn:partition:service:region:account:resource.",
        )
    partition, service, account = parts[1], parts[2], parts[4]
    if not _is_open(partition) and partition not in PARTITIONS:
        return Hit(
            pointer,
            f"{shown(value)}: there is no partition {partition or '(empty)'}",
            f"Write one of {', '.join(PARTITIONS)}.",
        )
    if not _is_open(service) and service != service.lower():
        return Hit(pointer, f"{shown(value)}: services are lower-case in ARNs", f"Write {service.lower()}.")
    if not _is_open(account) and not _ACCOUNT.fullmatch(account):
        return Hit(pointer, f"{shown(value)}: {account} is no account id", "Write twelve digits.")
    return None


def _is_open(part: str) -> bool:
    return is_pattern(part) or "${" in part or is_unknown(part)


RULE = Rule(
    "invalid-arn",
    "resources that are no ARNs, and ARNs with impossible parts",
    Severity.ERROR,
    policy_check("error-invalid-arn-prefix"),
    check,
)
