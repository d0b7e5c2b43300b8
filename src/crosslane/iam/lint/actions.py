"""Which actions a statement means, and whether its resources are as good as all."""

from __future__ import annotations

from functools import lru_cache

from crosslane.iam.document import Clause, Statement
from crosslane.iam.lint.coverage import principals_cover, resources_cover
from crosslane.iam.lint.patterns import arns_meet, covers
from crosslane.iam.lint.reference import Action, expand
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown


def covers_action(clause: Clause, action: str) -> bool:
    """Whether ``Action`` or ``NotAction`` covers the action, given as ``service:Name``."""
    return (_first_for(clause, action) is not None) is not clause.negated


def _first_for(clause: Clause, action: str) -> int | None:
    """The index of the first value that matches the action."""
    name = action.lower()
    for index, value in enumerate(clause.values):
        pattern = value.lower()
        # What stands before the wildcard rules out most values, and costs little.
        if name.startswith(pattern[: max(pattern.find("*"), 0)]) and covers(pattern, name):
            return index
    return None


def value_for(clause: Clause, action: str) -> int | None:
    """The index of the value that covers the action; None for NotAction or where none does."""
    return None if clause.negated else _first_for(clause, action)


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


class Denials:
    """A policy's Deny statements without conditions, by the actions that they cover."""

    __slots__ = ("_by_action", "_denies")

    def __init__(self, subject: Subject) -> None:
        self._denies = tuple(statement for statement in subject.denies() if not statement.conditions)
        self._by_action: dict[str, tuple[Statement, ...]] = {}

    def of(self, action: str) -> tuple[Statement, ...]:
        """The denying statements that cover the action."""
        found = self._by_action.get(action)
        if found is None:
            found = tuple(deny for deny in self._denies if covers_action(deny.action, action))
            self._by_action[action] = found
        return found

    def all_of(self, statement: Statement, action: str) -> bool:
        """Whether the action is denied on all that ``statement`` allows."""
        return any(
            principals_cover(deny.principal, statement.principal) and resources_cover(deny.resource, statement.resource)
            for deny in self.of(action)
        )
