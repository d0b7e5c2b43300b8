"""Condition keys that the requests of the statement's actions never carry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from crosslane.iam.document import Condition, Effect, Statement
from crosslane.iam.lint.actions import named_actions
from crosslane.iam.lint.conditions import fails_when_missing, type_of_key
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.global_keys import global_key
from crosslane.iam.lint.patterns import is_pattern
from crosslane.iam.lint.reference import Action, actions_of
from crosslane.iam.lint.rule import SERVICE_REFERENCE, Rule
from crosslane.iam.lint.subject import Subject
from crosslane.iam.wildcard import compile_pattern


@lru_cache(maxsize=8192)
def has_key(action: Action, key: str) -> bool:
    """Whether the action is documented with the condition key, given in lower case."""
    return key in action.keys or any(is_pattern(one) and compile_pattern(one)(key) for one in action.keys)


@lru_cache(maxsize=1024)
def is_listed(key: str) -> bool:
    """Whether any action of the key's service is documented with it.

    Where none is, the reference tells nothing: such keys come with the caller's credentials, as
    ``lambda:SourceFunctionArn`` and ``ec2:SourceInstanceArn`` do with any action of any service, or are missing there.
    https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html (2026-11-25).
    """
    return any(has_key(action, key) for action in actions_of(key.partition(":")[0]).values())


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        if not statement.conditions:
            continue
        actions = named_actions(statement.action)
        if not actions:
            continue
        for condition in statement.conditions:
            key = condition.key.lower()
            if global_key(key) is not None or "." in key.partition(":")[0] or type_of_key(key) is None:
                continue
            lacking = [action for action in actions if not has_key(action, key)]
            if not lacking or not is_listed(key):
                continue
            if len(lacking) == len(actions):
                yield _on_all(statement, condition, actions)
            elif fails_when_missing(condition):
                # A wildcard may well mean more than the condition was made for, an action by name is meant.
                named = {value.lower() for value in statement.action.values}
                lacking = [action for action in lacking if action.text.lower() in named]
                if lacking:
                    yield _on_some(statement, condition, lacking)


def _on_all(statement: Statement, condition: Condition, actions: tuple[Action, ...]) -> Hit:
    who = actions[0].text if len(actions) == 1 else "the statement's actions"
    what = f"this never {_verb(statement)} anything" if fails_when_missing(condition) else "this has no effect"
    message = f"requests of {who} carry no {condition.key}, so that {what}"
    return Hit(condition.pointer, message, "Use a key of these actions, or move it to the actions that have it.")


def _on_some(statement: Statement, condition: Condition, lacking: list[Action]) -> Hit:
    names = ", ".join(action.text for action in lacking[:3])
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    message = f"requests of {names}{more} carry no {condition.key}, so that this never {_verb(statement)} them"
    return Hit(condition.pointer, message, "Move these actions to a statement of their own.")


def _verb(statement: Statement) -> str:
    return "allows" if statement.effect is Effect.ALLOW else "denies"


RULE = Rule(
    "condition-key-without-action",
    "condition keys that none of the statement's actions has",
    Severity.WARNING,
    SERVICE_REFERENCE,
    check,
)
