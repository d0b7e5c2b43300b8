"""Trust in an identity provider without saying which of its users."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import PrincipalType, Statement
from crosslane.iam.lint.actions import covers_action
from crosslane.iam.lint.conditions import fails_when_missing, says_something
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Kind, Subject
from crosslane.iam.lint.unknown import is_unknown, shown

SHARED = frozenset(
    {
        "accounts.google.com",
        "agent.buildkite.com",
        "app.terraform.io",
        "gitlab.com",
        "graph.facebook.com",
        "oidc.circleci.com",
        "token.actions.githubusercontent.com",
        "www.amazon.com",
    }
)
"""Providers whose tokens anyone in the world can get: without the subject, anyone may come in.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html (2026-11-24)."""


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is not Kind.TRUST:
        return
    for statement in subject.allows():
        if statement.principal is None or not covers_action(statement.action, "sts:AssumeRoleWithWebIdentity"):
            continue
        for principal in statement.principal.principals:
            if principal.type is PrincipalType.FEDERATED and ":saml-provider/" not in principal.value:
                hit = _look(statement, principal.value, principal.pointer)
                if hit is not None:
                    yield hit


def _look(statement: Statement, value: str, pointer: str) -> Hit | None:
    provider = value.partition(":oidc-provider/")[2] or value
    if is_unknown(provider):
        return None
    pinned = {
        condition.key.lower().rpartition(":")[2]
        for condition in statement.conditions
        if condition.key.lower().startswith(provider.partition("/")[0].lower())
        and fails_when_missing(condition)
        and all(map(says_something, condition.values))
    }
    if provider == "cognito-identity.amazonaws.com":
        if "aud" in pinned:
            return None
        message = "users of every Cognito identity pool in the world may assume the role"
        return Hit(pointer, message, f'Add "StringEquals": {{"{provider}:aud": "POOL"}}.')
    if pinned - {"aud"} or (pinned and provider.partition("/")[0] not in SHARED):
        return None
    fix = f'Add "StringLike": {{"{provider}:sub": "SUBJECT"}}.'
    if provider.partition("/")[0] in SHARED:
        return Hit(pointer, f"anyone with a token of {shown(provider)} may assume the role", fix)
    return Hit(pointer, f"every user of {shown(provider)} may assume the role", fix, Severity.WARNING)


RULE = Rule(
    "identity-provider-trust",
    "trust in an identity provider without saying which of its users",
    Severity.ERROR,
    f"{USER_GUIDE}/id_roles_create_for-idp_oidc.html",
    check,
)
