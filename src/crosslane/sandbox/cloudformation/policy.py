"""Stack policies: which resources an update may touch.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html (2026-11-24)
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.errors import invalid

_ELEMENTS = frozenset(["Sid", "Effect", "Action", "NotAction", "Principal", "Resource", "NotResource", "Condition"])


def check_policy(text: str) -> str:
    """The text of a stack policy if it is one. Raises ServiceError (``ValidationError``)."""
    refusal = invalid("Error validating stack policy: Invalid stack policy")
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        raise refusal from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(statements, list):
        raise refusal
    for statement in statements:
        if not isinstance(statement, dict) or set(statement) - _ELEMENTS or statement.get("Principal") != "*":
            raise refusal
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise refusal
        actions = _listed(statement.get("Action", statement.get("NotAction")))
        if not actions or not all(isinstance(a, str) and a.startswith("Update:") for a in actions):
            raise refusal
    return text


def denied_by_policy(policy: str | None, action: str, logical_id: str, type_name: str) -> str | None:
    """The reason why a stack policy keeps an update from ``action`` on a resource, or None.

    Without a policy everything is allowed; with one, only what it allows, and a Deny wins.
    """
    if policy is None:
        return None
    allowed = False
    for number, statement in enumerate(json.loads(policy)["Statement"], 1):
        if not _applies(statement, action, logical_id, type_name):
            continue
        if statement["Effect"] == "Deny":
            return _refusal(f"Statement [#{number}] does not allow", action, logical_id)
        allowed = True
    return None if allowed else _refusal("no statement allows", action, logical_id)


def _refusal(who: str, action: str, logical_id: str) -> str:
    return f"Action denied by stack policy: {who} [{action}] for resource [LogicalResourceId/{logical_id}];"


def _applies(statement: Mapping[str, Any], action: str, logical_id: str, type_name: str) -> bool:
    target = f"LogicalResourceId/{logical_id}"
    return (
        _matches(statement, "Action", "NotAction", action)
        and _matches(statement, "Resource", "NotResource", target)
        and _conditions_hold(statement.get("Condition", {}), type_name)
    )


def _matches(statement: Mapping[str, Any], positive: str, negative: str, value: str) -> bool:
    if positive in statement:
        return any(_like(pattern, value) for pattern in _listed(statement[positive]))
    return not any(_like(pattern, value) for pattern in _listed(statement.get(negative)))


def _conditions_hold(conditions: Mapping[str, Any], type_name: str) -> bool:
    for operator, keys in conditions.items():
        for value in keys.values():
            found = any(_like(p, type_name) if operator == "StringLike" else p == type_name for p in _listed(value))
            if not found:
                return False
    return True


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _like(pattern: str, value: str) -> bool:
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))
