"""Trust policies that let in a whole account."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import PrincipalType
from crosslane.iam.lint.conditions import narrowed_by
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.rules.public_access import NARROWING
from crosslane.iam.lint.subject import Kind, Subject
from crosslane.iam.lint.unknown import is_unknown, shown
from crosslane.iam.principal import account_named

_ALSO = ("aws:multifactorauthpresent", "sts:rolesessionname", "sts:sourceidentity", "aws:requesttag/*")
# The account is named already: a condition on it says nothing new.
_KEYS = tuple(key for key in (*NARROWING, *_ALSO) if key not in ("aws:principalaccount", "aws:principalorgid"))


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is not Kind.TRUST:
        return
    for statement in subject.allows():
        if statement.principal is None or statement.principal.negated or narrowed_by(statement, _KEYS):
            continue
        for principal in statement.principal.principals:
            if principal.type is PrincipalType.AWS and _is_account(principal.value):
                message = f"{shown(principal.value)}: whoever that account lets may assume the role"
                fix = "Name roles or users, or demand aws:PrincipalArn, for a third party sts:ExternalId."
                yield Hit(principal.pointer, message, fix)


def _is_account(value: str) -> bool:
    if account_named(value) is not None:
        return True
    return is_unknown(value) and value.startswith("arn:") and value.endswith(":root")


RULE = Rule(
    "account-wide-trust",
    "roles that a whole account may assume",
    Severity.WARNING,
    f"{USER_GUIDE}/id_roles_common-scenarios_third-party.html",
    check,
)
