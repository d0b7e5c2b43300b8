"""iam:PassRole of any role, or to any service."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Statement
from crosslane.iam.lint.actions import Denials, covers_action, is_broad, pointer_for, reaches
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule, policy_check
from crosslane.iam.lint.rules.admin_access import is_admin
from crosslane.iam.lint.rules.passed_role_escalation import PASS_ROLE, passed_to
from crosslane.iam.lint.subject import Kind, Subject

_ROLES = "arn:*:iam::*:role/*"


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is not Kind.IDENTITY:
        return
    denials = Denials(subject)
    for statement in subject.allows():
        if is_admin(statement) or not _passes(statement, denials):
            continue
        pointer = pointer_for(statement.action, PASS_ROLE)
        anywhere = passed_to(statement) is None
        if is_broad(statement.resource):
            what = "any service" if anywhere else "a service"
            fix = "Name the roles in Resource, and the service by iam:PassedToService."
            yield Hit(pointer, f"this passes any role to {what}", fix)
        elif anywhere:
            message = "this passes roles to any service that they trust"
            fix = 'Add "StringEquals": {"iam:PassedToService": "SERVICE.amazonaws.com"}.'
            url = f"{USER_GUIDE}/id_roles_use_passrole.html"
            yield Hit(pointer, message, fix, Severity.INFO, url)


def _passes(statement: Statement, denials: Denials) -> bool:
    return (
        covers_action(statement.action, PASS_ROLE)
        and reaches(statement.resource, _ROLES)
        and not denials.all_of(statement, PASS_ROLE)
    )


RULE = Rule(
    "pass-role",
    "iam:PassRole of any role, or to any service",
    Severity.WARNING,
    policy_check("security-warning-pass-role-with-star-in-resource"),
    check,
)
