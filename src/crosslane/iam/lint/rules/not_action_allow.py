"""Allow with NotAction: it grants every action that AWS adds."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Kind, Subject


def check(subject: Subject) -> Iterator[Hit]:
    # SCPs and boundaries grant nothing: there an Allow with NotAction is a deny list.
    if subject.kind in (Kind.SCP, Kind.BOUNDARY, Kind.SESSION, Kind.VPC_ENDPOINT):
        return
    for statement in subject.allows():
        if statement.action.negated:
            message = "Allow with NotAction grants all other actions, of every service, present and future"
            yield Hit(statement.action.pointer, message, "List the actions to allow, or deny the ones that are not.")


RULE = Rule(
    "not-action-allow",
    "Allow statements with NotAction",
    Severity.WARNING,
    f"{USER_GUIDE}/reference_policies_elements_notaction.html",
    check,
)
