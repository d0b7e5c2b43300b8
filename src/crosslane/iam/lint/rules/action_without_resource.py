"""Actions for which none of their statement's resources is of a fitting kind: they are neither allowed nor denied."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.document import Clause
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.patterns import is_pattern
from crosslane.iam.lint.reference import Action, expand
from crosslane.iam.lint.rule import SERVICE_REFERENCE, Rule
from crosslane.iam.lint.rules.resource_without_action import fits, lists_all_buckets
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        clause, actions = statement.resource, statement.action
        if clause is None or clause.negated or actions.negated:
            continue
        values = clause.values
        if any(_may_be_any(value) for value in values):
            continue
        yield from _look(actions, values)


def _look(actions: Clause, values: tuple[str, ...]) -> Iterator[Hit]:
    """At most two findings a statement: actions on no particular resource, and those on others."""
    aimless: list[tuple[int, Action]] = []
    elsewhere: list[tuple[int, Action]] = []
    for index, text in enumerate(actions.values):
        # A wildcard that is wider than the resources is a way of writing, an action by name is meant.
        if is_pattern(text):
            continue
        for action in expand(text):
            if any(lists_all_buckets(action, value) for value in values):
                continue
            if not any(fits(template, value) for template in action.templates for value in values):
                (elsewhere if action.templates else aimless).append((index, action))
    for found in (aimless, elsewhere):
        if found:
            yield _hit(actions.pointer_of(found[0][0]), [action for _, action in found])


def _may_be_any(value: str) -> bool:
    """Whether the value reaches resources of any kind, or is not known enough to tell."""
    return not value.strip("*") or (is_unknown(value) and not value.startswith("arn:")) or not value.startswith("arn:")


def _hit(pointer: str, found: list[Action]) -> Hit:
    first = found[0]
    names = ", ".join(action.name for action in found[1:4])
    more = f" (likewise {names}{f' and {len(found) - 4} more' if len(found) > 4 else ''})" if names else ""
    if not first.templates:
        fix = 'Move it to a statement with "Resource": "*".'
        return Hit(pointer, f"{first.text} acts on no particular resource, so these never match it{more}", fix)
    forms = sorted({template.arn for template in first.templates})
    fix = "Add " + " or ".join(forms[:2]) + (", or another of its forms." if len(forms) > 2 else ".")
    return Hit(pointer, f"{first.text} acts on none of these resources{more}", fix)


RULE = Rule(
    "action-without-resource",
    "actions that act on none of their statement's resources",
    Severity.WARNING,
    SERVICE_REFERENCE,
    check,
)
