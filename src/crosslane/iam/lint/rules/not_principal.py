"""NotPrincipal: with Allow it grants to the whole world; with Deny it is easily wrong."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Effect
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule, policy_check
from crosslane.iam.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        clause = statement.principal
        if clause is None or not clause.negated:
            continue
        if statement.effect is Effect.ALLOW:
            message = "Allow with NotPrincipal grants to everyone else, anonymous users included"
            yield Hit(clause.pointer, message, "Name the principals in Principal.")
        else:
            message = "Deny with NotPrincipal must name the account, the role and each session to spare one"
            fix = 'Deny "*" and spare by a condition: ArnNotEquals on aws:PrincipalArn.'
            url = f"{USER_GUIDE}/reference_policies_elements_notprincipal.html"
            yield Hit(clause.pointer, message, fix, Severity.INFO, url)


RULE = Rule(
    "not-principal",
    "statements with NotPrincipal",
    Severity.ERROR,
    policy_check("security-warning-allow-with-not-principal"),
    check,
)
