"""iam:PassRole together with actions that make something run with the role."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Condition, Statement
from crosslane.iam.lint.actions import Denials, covers_action, is_broad, pointer_for
from crosslane.iam.lint.conditions import fails_when_missing
from crosslane.iam.lint.escalation import FIRST_LIST, PASSING, Path
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.patterns import covers
from crosslane.iam.lint.rule import Rule
from crosslane.iam.lint.rules.admin_access import is_admin
from crosslane.iam.lint.subject import Kind, Subject

PASS_ROLE = "iam:PassRole"
_TO = "iam:passedtoservice"


def passed_to(statement: Statement) -> Condition | None:
    """The condition that says which services a role may be passed to, if it has to hold."""
    found = (one for one in statement.conditions if one.key.lower() == _TO and fails_when_missing(one))
    return next(found, None)


def check(subject: Subject) -> Iterator[Hit]:
    if subject.kind is not Kind.IDENTITY:
        return
    denials = Denials(subject)
    held = _held(subject, denials)
    for statement in subject.allows():
        if is_admin(statement) or not covers_action(statement.action, PASS_ROLE) or not is_broad(statement.resource):
            continue
        if denials.all_of(statement, PASS_ROLE):
            continue
        services = passed_to(statement)
        paths = [path for path in PASSING if held.issuperset(path.actions) and _may_pass(services, path)]
        if not paths:
            continue
        first = paths[0]
        others = sorted({path.service.partition(".")[0] for path in paths[1:] if path.service} - {_name(first)})
        also = f"; likewise with {', '.join(others)}" if others else ""
        message = f"iam:PassRole of any role and {' + '.join(first.actions)} give the rights of every role{also}"
        severity = None if services is None else Severity.WARNING
        fix = "Name the roles that may be passed, and the service by iam:PassedToService."
        yield Hit(pointer_for(statement.action, PASS_ROLE), message, fix, severity, first.url)


def _name(path: Path) -> str:
    return (path.service or "").partition(".")[0]


def _may_pass(services: Condition | None, path: Path) -> bool:
    if services is None or path.service is None:
        return True
    return any(covers(value, path.service) for value in services.values)


def _held(subject: Subject, denials: Denials) -> frozenset[str]:
    """The actions of all paths that the policy allows somewhere."""
    wanted = {action for path in PASSING for action in path.actions}
    allows = tuple(subject.allows())
    return frozenset(
        action
        for action in wanted
        if any(covers_action(one.action, action) and not denials.all_of(one, action) for one in allows)
    )


RULE = Rule(
    "passed-role-escalation",
    "iam:PassRole of any role together with actions that run something with it",
    Severity.ERROR,
    FIRST_LIST,
    check,
)
