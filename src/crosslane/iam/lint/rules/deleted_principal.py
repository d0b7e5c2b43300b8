"""Principals that are unique ids: what AWS shows when the user or role was deleted."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import PrincipalType
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.rules.invalid_principal import UNIQUE_ID
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        for principal in statement.principal.principals if statement.principal is not None else ():
            if principal.type is PrincipalType.AWS and UNIQUE_ID.fullmatch(principal.value):
                message = f"{principal.value} is a unique id: its user or role was likely deleted"
                fix = "Name the principal by its ARN; one of the same name made anew has another id."
                yield Hit(principal.pointer, message, fix)


RULE = Rule(
    "deleted-principal",
    "principals that are the unique ids of what was likely deleted",
    Severity.WARNING,
    f"{USER_GUIDE}/reference_identifiers.html#identifiers-unique-ids",
    check,
)
