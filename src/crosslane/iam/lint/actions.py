"""Which actions a statement means, and whether its resources are as good as all."""

from __future__ import annotations

from functools import lru_cache

from crosslane.iam.document import Clause, Effect, Statement
from crosslane.iam.lint.catalog import Action, expand
from crosslane.iam.lint.coverage import principals_cover
from crosslane.iam.lint.patterns import arns_meet, covers
from crosslane.iam.lint.unknown import is_unknown


def covers_action(clause: Clause, action: str) -> bool:
    """Whether ``Action`` or ``NotAction`` covers the action, given as ``service:Name``."""
    name = action.lower()
    return any(covers(value.lower(), name) for value in clause.values) is not clause.negated


def value_for(clause: Clause, action: str) -> int | None:
    """The index of the value that covers the action; None for NotAction or where none does."""
    if clause.negated:
        return None
    name = action.lower()
    return next((index for index, value in enumerate(clause.values) if covers(value.lower(), name)), None)


def pointer_for(clause: Clause, action: str) -> str:
    """The pointer of the value that covers the action, or of the whole clause."""
    index = value_for(clause, action)
    return clause.pointer if index is None else clause.pointer_of(index)


def named_actions(clause: Clause) -> tuple[Action, ...] | None:
    """The actions that an ``Action`` clause means; None where that is all of AWS (``"*"`` or NotAction)."""
    if clause.negated or any(value.startswith("*") or is_unknown(value) for value in clause.values):
        return None
    out: dict[str, Action] = {}
    for value in clause.values:
        out.update({action.text: action for action in expand(value)})
    return tuple(out.values())


@lru_cache(maxsize=4096)
def _is_broad(value: str) -> bool:
    if value == "*":
        return True
    if is_unknown(value) or "${" in value:
        return False
    parts = value.split(":", 5)
    if len(parts) < 6:
        return value.endswith("*")
    resource = parts[5]
    if parts[2] != "s3":
        # What is left without the type: ``role/*``, ``function:*``.
        resource = resource[min(len(resource), *(_after(resource, mark) for mark in "/:")) :]
    return not resource.strip("*?/:")


def _after(text: str, mark: str) -> int:
    at = text.find(mark)
    return len(text) if at < 0 else at + 1


def is_broad(clause: Clause | None) -> bool:
    """Whether the resources are all, or all of a type in some account: ``*``, ``arn:aws:iam::1:role/*``."""
    if clause is None:
        return False
    return True if clause.negated else any(map(_is_broad, clause.values))


def is_fixed(clause: Clause | None) -> bool:
    """Whether each resource is named, without wildcards."""
    return (
        clause is not None and not clause.negated and not any("*" in value or "?" in value for value in clause.values)
    )


def reaches(clause: Clause | None, pattern: str) -> bool:
    """Whether some resource of the clause can match the ARN pattern."""
    if clause is None or clause.negated:
        return True
    return any(is_unknown(value) or arns_meet(value, pattern) for value in clause.values)


def denied_outright(statement: Statement, action: str, statements: tuple[Statement, ...]) -> bool:
    """Whether another statement denies the action on all that ``statement`` allows, without a condition."""
    for other in statements:
        if other.effect is not Effect.DENY or other.conditions or not covers_action(other.action, action):
            continue
        if not principals_cover(other.principal, statement.principal):
            continue
        if other.resource is None or statement.resource is None:
            if other.resource is statement.resource:
                return True
            continue
        wide, narrow = other.resource, statement.resource
        if wide.negated or narrow.negated:
            if not wide.negated and "*" in wide.values:
                return True
            continue
        if all(any(covers(one, value) for one in wide.values) for value in narrow.values):
            return True
    return False
