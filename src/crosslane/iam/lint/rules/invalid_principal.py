"""Principals that can mean nobody: wildcards in ARNs, things that are no principals, misspelt services."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crosslane.iam.arn import is_account_id, parse_arn
from crosslane.iam.document import PolicyPrincipal, PrincipalType
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown

UNIQUE_ID = re.compile(r"A(?:GPA|IDA|IPA|NPA|NVA|PKA|ROA|SCA|SIA|BIA)[A-Z0-9]{12,}")
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws|amazon|aws)(?:\.[a-z-]+)+")
_KINDS = re.compile(r"(?:root|(?:user|role|group|assumed-role|federated-user|saml-provider|oidc-provider)/.+)")


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        if statement.principal is None:
            continue
        for principal in statement.principal.principals:
            if not is_unknown(principal.value) and "${" not in principal.value:
                hit = _look(principal)
                if hit is not None:
                    yield hit


def _look(principal: PolicyPrincipal) -> Hit | None:
    value, pointer = principal.value, principal.pointer
    if principal.type is PrincipalType.ANYONE:
        return None
    if principal.type is PrincipalType.SERVICE:
        if value == "*" or _SERVICE.fullmatch(value):
            return None
        return Hit(pointer, f"{value} is no service principal", "Write SERVICE.amazonaws.com.")
    if principal.type is not PrincipalType.AWS:
        return None
    if is_account_id(value) or UNIQUE_ID.fullmatch(value):
        return None
    arn = parse_arn(value)
    if arn is None:
        return Hit(pointer, f"{value} is no principal", "Write an account id, an ARN, or *.")
    if "*" in value or "?" in value:
        message = f"{value}: principals know no wildcards, so that this means nobody"
        return Hit(pointer, message, "Name the account, and demand aws:PrincipalArn by ArnLike.")
    if arn.service not in ("iam", "sts") or not _KINDS.fullmatch(arn.resource):
        return Hit(pointer, f"{value} is no principal", "Write the ARN of an account, user, role or session.")
    if arn.resource.startswith("group/"):
        return Hit(pointer, f"{value}: a group is no principal", "Name its users, or a role.")
    if arn.account != "cloudfront" and not is_account_id(arn.account):
        return Hit(pointer, f"{value} names no account", "Write twelve digits.")
    return None


RULE = Rule(
    "invalid-principal",
    "principals that mean nobody",
    Severity.ERROR,
    f"{USER_GUIDE}/reference_policies_elements_principal.html",
    check,
)
