"""Mutants of a Deny, judged by requests that the Deny must stop, made from the statement itself.

Everything else allows here: a request gets past the working policy only if no Deny stops it, and has to get past the
mutant. So what is tried is the Deny alone, whether or not something else would stop the same request today.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosslane.iam import Layers, PolicyKind, Principal, Request, decide, parse_policy
from crosslane.iam.catalogue import expand_action
from crosslane.iam.matching import StatementSet
from tests.mutants.calls import Call, Held
from tests.mutants.edits import OtherValue, WithoutAction
from tests.mutants.generate import STRANGER, InPolicy, Mutant
from tests.mutants.judge import edited_text

_EVERYTHING = {"Sid": "Everything", "Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
_NEGATED = ("ArnNotEquals", "ArnNotLike", "StringNotEquals", "StringNotLike")


@dataclass(frozen=True, slots=True)
class Stopped:
    """A request that the working policy's Deny stops and the mutant lets through.

    ``otherwise``: the working policy without any Deny would not allow it either; the Deny is a second lock.
    """

    action: str
    resource: str
    context: Mapping[str, str]
    otherwise: bool


def let_through(mutant: Mutant, calls: Sequence[Call]) -> Stopped | None:
    """A request that tells the mutant of a Deny from the working policy; None if there is none.

    One that nothing else stops is looked for first.
    """
    change = mutant.change
    assert isinstance(change, InPolicy)
    held = _in_force(change, calls)
    if held is None:
        return None
    document = json.loads(held.text)
    broken = json.loads(edited_text(held.text, change.edit))
    working, changed, open_to = _layers(document, held), _layers(broken, held), _layers(document, held, alone=True)
    second: Stopped | None = None
    for action, resource, context in _requests(document, change, frozenset(call.action.lower() for call in calls)):
        question = Request(_who(change.owner), action, resource, change.owner, dict(context))
        if decide(question, working).allowed or not decide(question, changed).allowed:
            continue
        found = Stopped(action, resource, context, not decide(question, open_to).allowed)
        if not found.otherwise:
            return found
        second = second or found
    return second


def _in_force(change: InPolicy, calls: Sequence[Call]) -> Held | None:
    """The policy as it was asked last in the good run."""
    for call in reversed(calls):
        resource = call.policies.resource or () if call.owner == change.owner else ()
        for one in (*(call.policies.boundary or ()), *resource):
            if change.is_of(one.name):
                return one
    return None


def _who(account: str) -> Principal:
    return Principal.parse(f"arn:aws:sts::{account}:assumed-role/somebody/session", "AROA:session")


def _layers(document: Mapping[str, Any], held: Held, *, alone: bool = False) -> Layers:
    """The policy in an account where everything else allows.

    ``alone``: without its Denies, and a boundary with its own Allow statements only.
    """
    kind = PolicyKind(held.kind)
    statements = [one for one in document["Statement"] if not alone or one["Effect"] == "Allow"]
    if kind is PolicyKind.BOUNDARY and not alone:
        statements = [*statements, _EVERYTHING]
    identity = _compiled([_EVERYTHING], PolicyKind.IDENTITY)
    policy = _compiled(statements, kind)
    return Layers(identity, boundary=policy) if kind is PolicyKind.BOUNDARY else Layers(identity, resource=policy)


def _compiled(statements: Sequence[Any], kind: PolicyKind) -> StatementSet:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return StatementSet([parse_policy(text, kind, "tried")])


# -- requests from the statement --------------------------------------------------------------------------------------


def _requests(
    document: Mapping[str, Any], change: InPolicy, used: frozenset[str]
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Requests that the changed statement may match: actions, resources and contexts in every combination.

    Actions that are ``used`` in the good run come first.
    """
    edit = change.edit
    assert isinstance(edit, WithoutAction | OtherValue)
    statement = next(one for one in document["Statement"] if one["Sid"] == edit.sid)
    patterns = [edit.action] if isinstance(edit, WithoutAction) else _listed(statement["Action"])
    known = [action for pattern in patterns for action in expand_action(pattern)]
    actions = sorted(known, key=lambda action: action.lower() not in used)
    allowed = [one for one in document["Statement"] if one["Effect"] == "Allow" and "NotResource" not in one]
    named = [arn for one in (*allowed, statement) for arn in _listed(one["Resource"]) if arn != "*"]
    resources = list(dict.fromkeys(arn.replace("*", "x") for arn in named))
    contexts = list(_contexts(statement.get("Condition", {}), edit))
    # What lets a request past the other Denies: the values that their negated conditions name.
    agreeing = dict(_agreeing(one for one in document["Statement"] if one["Effect"] == "Deny" and one is not statement))
    for base, found in itertools.product(({}, agreeing), contexts):
        for action, resource in itertools.product(actions, resources):
            yield action, resource, {**base, **found}


def _contexts(condition: Mapping[str, Mapping[str, Any]], edit: WithoutAction | OtherValue) -> Iterator[dict[str, str]]:
    """Contexts for which the condition holds; with a changed value, those that have it first."""
    other = edit.value if isinstance(edit, OtherValue) and edit.operator in _NEGATED else None
    context: dict[str, str] = {}
    for operator, keys in condition.items():
        for key, value in keys.items():
            if operator in _NEGATED:
                context[key] = other or f"arn:aws:iam::{STRANGER}:policy/other"
            elif operator != "Null":
                context[key] = str(_listed(value)[0])
    yield context
    if condition and set(condition) <= set(_NEGATED):
        yield {}


def _agreeing(statements: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for statement in statements:
        for operator, keys in statement.get("Condition", {}).items():
            if operator in _NEGATED:
                yield from ((key, str(_listed(value)[0])) for key, value in keys.items())


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
