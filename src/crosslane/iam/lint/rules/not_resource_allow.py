"""Allow with NotResource: it grants whatever resource is made later."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Kind, Subject


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind in (Kind.SCP, Kind.BOUNDARY, Kind.SESSION, Kind.VPC_ENDPOINT):
        return
    for statement in subject.allows():
        if statement.resource is not None and statement.resource.negated:
            message = "Allow with NotResource grants all other resources, present and future"
            yield Hit(
                statement.resource.pointer, message, "List the resources to allow, and deny the ones that are not."
            )


RULE = Rule(
    "not-resource-allow",
    "Allow statements with NotResource",
    Severity.WARNING,
    f"{USER_GUIDE}/reference_policies_elements_notresource.html",
    check,
)
