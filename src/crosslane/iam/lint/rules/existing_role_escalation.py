"""Actions that make something which exists run code with the role it has."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Statement
from crosslane.iam.lint.actions import Denials, covers_action, is_broad, pointer_for
from crosslane.iam.lint.escalation import CATALOGUE, EXISTING, Path
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule
from crosslane.iam.lint.rules.admin_access import is_admin
from crosslane.iam.lint.subject import Kind, Subject


def check(subject: Subject) -> Iterator[Hit]:
    """One finding a statement; only where it reaches everything of the kind, and no condition narrows it."""
    if subject.kind is not Kind.IDENTITY:
        return
    denials = Denials(subject)
    for statement in subject.allows():
        if is_admin(statement) or statement.conditions or not is_broad(statement.resource):
            continue
        paths = [path for path in EXISTING if _holds_all(path, statement, denials)]
        if not paths:
            continue
        first = paths[0]
        more = f" (likewise {', '.join(path.actions[0] for path in paths[1:4])})" if len(paths) > 1 else ""
        message = f"{' + '.join(first.actions)} on any resource lets its holder {first.gains}{more}"
        fix = "Name the resources, or narrow them by tags."
        yield Hit(pointer_for(statement.action, first.actions[0]), message, fix, url=first.url)


def _holds_all(path: Path, statement: Statement, denials: Denials) -> bool:
    return all(
        covers_action(statement.action, action) and not denials.all_of(statement, action) for action in path.actions
    )


RULE = Rule(
    "existing-role-escalation",
    "actions that run code with the role of anything that exists",
    Severity.INFO,
    f"{CATALOGUE}/",
    check,
)
