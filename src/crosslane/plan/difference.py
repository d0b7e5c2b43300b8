"""What differs between two values, property by property, in words that a person can check."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.desired.model import Tags
from crosslane.plan.model import Change

SHOWN = 160
"""Longest value that is shown whole, in characters."""


ONE_OR_MANY = ("Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated")
"""Elements of a policy in which a single value needs no list: both ways of writing it mean the same.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html (2026-11-25)
"""


def differences(before: Any, after: Any, path: str = "") -> tuple[Change, ...]:
    """The changes that lead from ``before`` to ``after`` (parsed JSON), one for each property that differs."""
    return tuple(_walk(before, after, path))


def text_differences(before: str, after: str, path: str = "") -> tuple[Change, ...]:
    """The same for two texts of JSON; texts that are no JSON are compared as they are."""
    try:
        return differences(json.loads(before), json.loads(after), path)
    except ValueError:
        return () if before == after else (Change(path, shown(before), shown(after)),)


def set_differences(before: tuple[str, ...], after: tuple[str, ...], path: str) -> tuple[Change, ...]:
    """Members that are missing and members that are too many."""
    missing = [Change(path, None, member) for member in sorted(set(after) - set(before))]
    surplus = [Change(path, member, None) for member in sorted(set(before) - set(after))]
    return (*missing, *surplus)


def tag_differences(before: Tags, after: Tags) -> tuple[Change, ...]:
    """Wanted tags that are missing or have another value; tags that others put there do not count."""
    found = dict(before)
    return tuple(Change(f"Tags.{key}", found.get(key), value) for key, value in after if found.get(key) != value)


def shown(value: Any) -> str | None:
    """A value as text, shortened in the middle; None stays None."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2]} … {text[-SHOWN // 4 :]}"


def _walk(before: Any, after: Any, path: str) -> Iterator[Change]:
    if before == after or (path.rpartition(".")[2] in ONE_OR_MANY and _as_list(before) == _as_list(after)):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from _walk(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
    elif (old := _by_sid(before)) is not None and (new := _by_sid(after)) is not None:
        for sid in sorted({*old, *new}):
            yield from _walk(old.get(sid), new.get(sid), f"{path}[{sid}]")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _walk(one, other, f"{path}[{index}]")
    else:
        yield Change(path, shown(before), shown(after))


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _by_sid(statements: Any) -> dict[str, Any] | None:
    """Statements by Sid, so that one added in front does not make all others differ; None if they have no Sids."""
    if not isinstance(statements, list) or not statements:
        return None
    named = {str(one["Sid"]): one for one in statements if isinstance(one, Mapping) and one.get("Sid")}
    return named if len(named) == len(statements) else None
