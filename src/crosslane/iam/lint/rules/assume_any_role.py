"""sts:AssumeRole of any role."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.actions import Denials, covers_action, is_broad, pointer_for
from crosslane.iam.lint.escalation import CATALOGUE
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule
from crosslane.iam.lint.rules.admin_access import is_admin
from crosslane.iam.lint.subject import Kind, Subject

_ASSUME_ROLE = "sts:AssumeRole"


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is not Kind.IDENTITY:
        return
    denials = Denials(subject)
    for statement in subject.allows():
        if is_admin(statement) or statement.conditions or not is_broad(statement.resource):
            continue
        if not covers_action(statement.action, _ASSUME_ROLE):
            continue
        if denials.all_of(statement, _ASSUME_ROLE):
            continue
        message = "this assumes every role that trusts the account, in any account"
        yield Hit(pointer_for(statement.action, _ASSUME_ROLE), message, "Name the roles in Resource.")


RULE = Rule(
    "assume-any-role",
    "sts:AssumeRole of any role",
    Severity.WARNING,
    f"{CATALOGUE}/sts-001",
    check,
)
