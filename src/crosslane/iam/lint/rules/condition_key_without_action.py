"""Condition keys that the requests of the statement's actions never carry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from crosslane.iam.document import Effect
from crosslane.iam.lint.actions import named_actions
from crosslane.iam.lint.catalog import Action
from crosslane.iam.lint.conditions import fails_when_missing, type_of_key
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.global_keys import global_key
from crosslane.iam.lint.patterns import is_pattern
from crosslane.iam.lint.rule import SERVICE_REFERENCE, Rule
from crosslane.iam.lint.subject import Subject
from crosslane.iam.wildcard import compile_pattern


@lru_cache(maxsize=8192)
def has_key(action: Action, key: str) -> bool:
    """Whether the action is documented with the condition key, given in lower case."""
    return key in action.keys or any(is_pattern(one) and compile_pattern(one)(key) for one in action.keys)


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
            if any(has_key(action, key) for action in actions):
                continue
            who = actions[0].text if len(actions) == 1 else "the statement's actions"
            if fails_when_missing(condition):
                effect = "allows" if statement.effect is Effect.ALLOW else "denies"
                message = f"requests of {who} carry no {condition.key}, so that this never {effect} anything"
            else:
                message = f"requests of {who} carry no {condition.key}, so that this has no effect"
            yield Hit(condition.pointer, message, "Use a key of these actions, or move it to the actions that have it.")


RULE = Rule(
    "condition-key-without-action",
    "condition keys that none of the statement's actions has",
    Severity.WARNING,
    SERVICE_REFERENCE,
    check,
)
