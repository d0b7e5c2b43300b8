"""Grants to an AWS service without saying for whom it may act."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import PrincipalType, Statement
from crosslane.iam.lint.conditions import narrowed_by
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule, policy_check
from crosslane.iam.lint.subject import Kind, Subject

SOURCE_KEYS = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner")
_ALSO = ("kms:encryptioncontext:*", "kms:calleraccount", "kms:viaservice", "sts:externalid")

IN_TRUSTS = {
    "batch.amazonaws.com": (
        "aws:SourceAccount",
        "https://docs.aws.amazon.com/batch/latest/userguide/cross-service-confused-deputy-prevention.html",
    ),
    "bedrock.amazonaws.com": (
        "aws:SourceAccount",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/cross-service-confused-deputy-prevention.html",
    ),
    "cloudformation.amazonaws.com": (
        "aws:SourceAccount",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cross-service-confused-deputy-prevention.html",
    ),
    "codebuild.amazonaws.com": (
        "aws:SourceArn",
        "https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html",
    ),
    "codepipeline.amazonaws.com": (
        "aws:SourceAccount",
        "https://github.com/awslabs/aws-deployment-framework",
    ),
    "ecs-tasks.amazonaws.com": (
        "aws:SourceAccount",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
    ),
    "eks.amazonaws.com": (
        "aws:SourceAccount",
        "https://docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html",
    ),
    "scheduler.amazonaws.com": (
        "aws:SourceAccount",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html",
    ),
    "states.amazonaws.com": (
        "aws:SourceAccount",
        "https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html",
    ),
}
"""Services known to send the key when they assume a role, and where that is said or shown (2026-11-24).

No public list is complete (prowler-cloud/prowler#2810), and a role that demands a key that its service does not send
cannot be assumed: other services' trusts are left alone."""


def check(subject: Subject) -> Iterator[Hit]:
    if not subject.kind.grants_to_others:
        return
    for statement in subject.allows():
        if narrowed_by(statement, (*SOURCE_KEYS, *_ALSO)):
            continue
        for name, pointer in _services(statement):
            if subject.kind is Kind.TRUST:
                yield from _in_trust(name, pointer)
            else:
                message = f"{name} may act here for anyone's resources"
                fix = "Demand aws:SourceArn, aws:SourceAccount or aws:SourceOrgID."
                yield Hit(pointer, message, fix)


def _services(statement: Statement) -> Iterator[tuple[str, str]]:
    if statement.principal is not None and not statement.principal.negated:
        for one in statement.principal.principals:
            if one.type is PrincipalType.SERVICE:
                yield one.value, one.pointer


def _in_trust(name: str, pointer: str) -> Iterator[Hit]:
    """A role is passed within its account only, so that there is less to confuse: worth knowing, no more."""
    known = IN_TRUSTS.get(name)
    if known is not None:
        key, url = known
        message = f"{name} may assume the role for any of its resources"
        yield Hit(pointer, message, f"Demand {key}, which {name} sends.", Severity.INFO, url)


RULE = Rule(
    "confused-deputy",
    "grants to an AWS service without saying for whom it may act",
    Severity.WARNING,
    policy_check("security-warning-restrict-access-to-service-principal"),
    check,
)
