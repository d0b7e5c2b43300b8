"""Grants to anyone, without a condition that says who."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Comparison, Condition, PrincipalType, Statement
from crosslane.iam.lint.conditions import narrowed_by, says_something
from crosslane.iam.lint.coverage import clause_covers
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule
from crosslane.iam.lint.subject import Kind, Subject

_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"

NARROWING = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:principaltag/*",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "aws:username",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    "kms:calleraccount",
    "lambda:eventsourcetoken",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "sts:externalid",
)
"""Keys with which a policy is not public, given fixed values: those that S3 counts ("The meaning of public",
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html) and Access Analyzer's
(https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-filter-keys.html), the organization's, and
those of single services. 2026-11-24."""


def names_anyone(statement: Statement) -> bool:
    """Whether the statement's principal is everyone."""
    clause = statement.principal
    return (
        clause is not None and not clause.negated and any(one.type is PrincipalType.ANYONE for one in clause.principals)
    )


def check(subject: Subject) -> Iterator[Hit]:
    if not subject.kind.grants_to_others:
        return
    for statement in subject.allows():
        if not names_anyone(statement) or narrowed_by(statement, NARROWING) or _others_denied(statement, subject):
            continue
        assert statement.principal is not None
        yield _hit(statement, subject)


def _hit(statement: Statement, subject: Subject) -> Hit:
    assert statement.principal is not None
    what = "assume the role" if subject.kind is Kind.TRUST else f"call {_first_action(statement)}"
    message = f"anyone may {what}"
    if statement.conditions:
        keys = ", ".join(dict.fromkeys(condition.key for condition in statement.conditions))
        message += f": {keys} does not say who"
    fix = "Name the principals, or demand aws:PrincipalOrgID, aws:SourceAccount or the like."
    return Hit(statement.principal.pointer, message, fix)


def _first_action(statement: Statement) -> str:
    values = statement.action.values
    if statement.action.negated or not values:
        return "nearly everything"
    return values[0] if len(values) == 1 else f"{values[0]} and {len(values) - 1} more"


def _others_denied(allow: Statement, subject: Subject) -> bool:
    """Whether a Deny keeps out whoever is not of the accounts, organization or network that it names."""
    for deny in subject.denies():
        if not names_anyone(deny) or not deny.conditions or not all(map(_spares, deny.conditions)):
            continue
        if not clause_covers(deny.action, allow.action, fold=True):
            continue
        if deny.resource is allow.resource or (
            deny.resource is not None and allow.resource is not None and clause_covers(deny.resource, allow.resource)
        ):
            return True
    return False


def _spares(condition: Condition) -> bool:
    """Whether a Deny under the condition spares only whom a narrowing key names."""
    operator = condition.operator
    if operator.comparison is Comparison.NULL or not operator.negated:
        return False
    key = condition.key.lower()
    return key in NARROWING and bool(condition.values) and all(map(says_something, condition.values))


RULE = Rule("public-access", "grants to anyone without a condition that says who", Severity.ERROR, _S3, check)
