"""Actions of IAM with which their holder can take further rights."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Statement
from crosslane.iam.lint.actions import Denials, covers_action, is_broad, is_fixed, pointer_for, reaches
from crosslane.iam.lint.conditions import narrowed_by
from crosslane.iam.lint.escalation import FIRST_LIST, SELF, Path
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import Rule
from crosslane.iam.lint.rules.admin_access import is_admin
from crosslane.iam.lint.subject import Kind, Subject


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is not Kind.IDENTITY:
        return
    denials = Denials(subject)
    for statement in subject.allows():
        # All of AWS is admin-access's business, by whatever path.
        if is_admin(statement) and is_broad(statement.resource):
            continue
        open_paths = [path for path in SELF if _is_open(path, statement, denials)]
        by_pointer: dict[str, list[Path]] = {}
        for path in open_paths:
            by_pointer.setdefault(pointer_for(statement.action, path.actions[0]), []).append(path)
        for pointer, paths in by_pointer.items():
            yield _hit(pointer, paths, statement)


def _is_open(path: Path, statement: Statement, denials: Denials) -> bool:
    (action,) = path.actions
    return (
        covers_action(statement.action, action)
        and reaches(statement.resource, path.target)
        and not narrowed_by(statement, path.guards)
        and not denials.all_of(statement, action)
    )


def _hit(pointer: str, paths: list[Path], statement: Statement) -> Hit:
    first = paths[0]
    message = f"{first.actions[0]} lets its holder {first.gains}"
    if len(paths) > 1:
        names = ", ".join(path.actions[0] for path in paths[1:4])
        more = f" and {len(paths) - 4} more" if len(paths) > 4 else ""
        message += f"; likewise {names}{more}"
    guards = any("iam:permissionsboundary" in path.guards for path in paths)
    fix = "Name the resources" + (", and demand a boundary by iam:PermissionsBoundary." if guards else ".")
    if is_broad(statement.resource):
        severity = Severity.WARNING if statement.conditions else None
    else:
        severity = Severity.INFO if is_fixed(statement.resource) else Severity.WARNING
    return Hit(pointer, message, fix, severity, first.url)


RULE = Rule(
    "privilege-escalation",
    "actions with which their holder can take further rights",
    Severity.ERROR,
    FIRST_LIST,
    check,
)
