"""One change to one policy document, named by the statement's Sid so that it fits rendered and live text alike.

Documents are JSON values; in templates their strings may be intrinsic functions, and a change replaces these whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, assert_never

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No change: what is killed by this is killed by the suite itself."""


@dataclass(frozen=True, slots=True)
class WithoutAction:
    """The statement without one of its actions; without its last one it goes."""

    sid: str
    action: str


@dataclass(frozen=True, slots=True)
class WithoutPrincipal:
    """The statement without one of its principals; without its last one it goes."""

    sid: str
    kind: str
    index: int


@dataclass(frozen=True, slots=True)
class OtherPrincipal:
    """Another principal in place of one."""

    sid: str
    kind: str
    index: int
    value: str


@dataclass(frozen=True, slots=True)
class OtherValue:
    """Another value in place of one of a condition's."""

    sid: str
    operator: str
    key: str
    index: int
    value: str


@dataclass(frozen=True, slots=True)
class Denied:
    """One more statement: a Deny of the action."""

    action: str


Edit = Nothing | WithoutAction | WithoutPrincipal | OtherPrincipal | OtherValue | Denied


def edited(document: Mapping[str, Any], edit: Edit) -> Json:
    """The document after the change. ``KeyError`` if it has no such statement: a mutant must change something."""
    out: Json = deepcopy(dict(document))
    match edit:
        case Nothing():
            return out
        case Denied(action):
            out["Statement"].append({"Sid": "Mutant", "Effect": "Deny", "Action": [action], "Resource": ["*"]})
            return out
        case WithoutAction(sid, action):
            statement = _statement(out, sid)
            statement["Action"] = [one for one in _listed(statement["Action"]) if one != action]
            if not statement["Action"]:
                out["Statement"].remove(statement)
            return out
        case WithoutPrincipal(sid, kind, index):
            statement = _statement(out, sid)
            left = _listed(statement["Principal"][kind])
            del left[index]
            statement["Principal"][kind] = left
            if not left:
                out["Statement"].remove(statement)
            return out
        case OtherPrincipal(sid, kind, index, value):
            principals = _statement(out, sid)["Principal"]
            changed = _listed(principals[kind])
            changed[index] = value
            principals[kind] = changed
            return out
        case OtherValue(sid, operator, key, index, value):
            keys = _statement(out, sid)["Condition"][operator]
            changed = _listed(keys[key])
            changed[index] = value
            keys[key] = changed
            return out
        case _ as unreachable:
            assert_never(unreachable)


def has_statement(document: Mapping[str, Any], edit: Edit) -> bool:
    """Whether the change can be made here: a document of several may hold the statement in part only."""
    match edit:
        case Nothing() | Denied():
            return True
        case WithoutAction(sid, action):
            return any(
                one.get("Sid") == sid and action in _listed(one["Action"]) for one in _listed(document["Statement"])
            )
        case WithoutPrincipal() | OtherPrincipal() | OtherValue():
            return any(one.get("Sid") == edit.sid for one in _listed(document["Statement"]))
        case _ as unreachable:
            assert_never(unreachable)


def _statement(document: Json, sid: str) -> Json:
    document["Statement"] = _listed(document["Statement"])
    for statement in document["Statement"]:
        if statement.get("Sid") == sid:
            found: Json = statement
            return found
    raise KeyError(sid)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
