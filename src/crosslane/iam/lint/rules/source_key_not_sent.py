"""Source keys in trusts of services that are not known to send them: the role could not be assumed."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import PrincipalType
from crosslane.iam.lint.conditions import requires_presence
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule
from crosslane.iam.lint.subject import Kind, Subject

_NOT_SENT = {
    "codepipeline.amazonaws.com": ("aws:SourceArn", "aws:SourceAccount"),
    "ec2.amazonaws.com": ("aws:SourceArn", None),
}
"""Services whose documentation and users show no request with ``aws:SourceArn`` when they assume a role, and the key
that serves instead (unverified beyond awslabs/aws-deployment-framework and prowler-cloud/prowler#2810)."""


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is not Kind.TRUST:
        return
    for statement in subject.allows():
        if statement.principal is None or statement.principal.negated:
            continue
        for principal in statement.principal.principals:
            known = _NOT_SENT.get(principal.value) if principal.type is PrincipalType.SERVICE else None
            if known is None or not requires_presence(statement, known[0]):
                continue
            key, instead = known
            pointer = next(one.pointer for one in statement.conditions if one.key.lower() == key.lower())
            message = f"{principal.value} is not known to send {key}: it may not be able to assume the role"
            yield Hit(pointer, message, f"Use {instead}." if instead else "Remove the condition.")


RULE = Rule(
    "source-key-not-sent",
    "source keys in trusts of services that are not known to send them",
    Severity.WARNING,
    "https://github.com/prowler-cloud/prowler/issues/2810",
    check,
)
