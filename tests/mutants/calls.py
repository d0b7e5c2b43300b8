"""Recorded authorizations: who did what to what, under which policies; and what those say when something changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from crosslane.iam import Decision, Layers, PolicyKind, Principal, PrincipalKind, decide, parse_policy
from crosslane.iam import Request as Question
from crosslane.iam.matching import StatementSet
from crosslane.sandbox.authorization import denial
from crosslane.sandbox.authorization.judge import Judgement
from crosslane.sandbox.authorization.operations import Use
from crosslane.sandbox.identities import Credentials, Identity, Kind
from crosslane.sandbox.request import Caller, Request


@dataclass(frozen=True, slots=True)
class Held:
    """One policy of a layer. ``kind`` is the value of ``PolicyKind``."""

    kind: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Policies:
    """The layers of one authorization. None means that there is no such policy."""

    identity: tuple[Held, ...] = ()
    resource: tuple[Held, ...] | None = None
    session: tuple[Held, ...] | None = None
    boundary: tuple[Held, ...] | None = None
    scps: tuple[tuple[Held, ...], ...] = ()
    rcps: tuple[tuple[Held, ...], ...] = ()
    block_public_access: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One use of one request of the good run.

    ``act`` is the position of the command in the scenario; ``principal`` the ARN of user or role, or a service;
    ``caller`` the ARN that messages name; ``owner`` the account of the resource.
    """

    act: int
    account: str | None
    principal: str
    caller: str
    user_id: str | None
    service: str
    operation: str
    protocol: str
    region: str
    action: str
    resource: str
    owner: str
    shown: str | None
    exists: bool
    temporary: bool
    allowed: bool = True
    """False for what was denied and gone on without: ``tolerated`` lists them."""
    context: Mapping[str, Any] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)

    @property
    def by_service(self) -> bool:
        return self.principal.endswith(".amazonaws.com")


def decision_of(call: Call, policies: Policies) -> Decision:
    """What the policy engine says of the call under these policies."""
    who = Principal.service(call.principal) if call.by_service else Principal.parse(call.caller, call.user_id)
    question = Question(who, call.action, call.resource, call.owner, dict(call.context))
    return decide(question, _layers(policies))


def message_of(call: Call, decision: Decision) -> tuple[str, str]:
    """The code and the sentence that the caller of a denied call reads."""
    identity = Identity(Kind.ROLE, call.account or "", call.caller, "", call.principal, Credentials("", ""), "")
    request = Request(
        call.service, call.operation, {}, call.region, call.owner, Caller(call.account or "", call.caller, "")
    )
    use = Use(call.action, call.resource, call.owner, shown=call.shown)
    told = denial.denied(Judgement(request, identity, use, decision, call.exists), call.protocol)
    return told.code, told.message


def _layers(policies: Policies) -> Layers:
    def one(held: tuple[Held, ...] | None) -> StatementSet | None:
        return None if held is None else _compiled(held)

    return Layers(
        _compiled(policies.identity),
        one(policies.resource),
        one(policies.session),
        one(policies.boundary),
        tuple(_compiled(level) for level in policies.scps),
        tuple(_compiled(level) for level in policies.rcps),
        None,
        policies.block_public_access,
    )


@lru_cache(maxsize=4096)
def _compiled(held: tuple[Held, ...]) -> StatementSet:
    return StatementSet([parse_policy(one.text, PolicyKind(one.kind), one.name) for one in held])


def recorded(found: Judgement, act: int, protocol: str) -> Call:
    """The call behind a decision of the sandbox."""
    question, layers = found.decision.request, found.decision.policies
    service = question.principal.kind is PrincipalKind.SERVICE
    identity = found.identity
    return Call(
        act,
        question.principal.account,
        identity.principal_arn if identity else question.principal.name,
        question.principal.name,
        question.principal.user_id,
        found.request.service,
        found.request.operation,
        protocol,
        found.request.region,
        found.use.action,
        found.use.resource,
        str(question.account),
        found.use.shown,
        found.exists,
        not service and identity is not None and identity.credentials.token is not None,
        found.allowed,
        dict(question.context),
        Policies(
            _held(layers.identity) or (),
            _held(layers.resource),
            _held(layers.session),
            _held(layers.boundary),
            tuple(_held(level) or () for level in layers.scps),
            tuple(_held(level) or () for level in layers.rcps),
            layers.block_public_access,
        ),
    )


def _held(found: StatementSet | None) -> tuple[Held, ...] | None:
    if found is None:
        return None
    return tuple(Held(one.kind.value, one.name, str(one.text)) for one in found.policies)


def save(calls: Sequence[Call], path: Path) -> None:
    path.write_text(json.dumps([asdict(call) for call in calls]))


@dataclass(frozen=True, slots=True)
class Record:
    """A good run: the calls that were allowed, in order, and those that were denied without harm."""

    calls: tuple[Call, ...]
    tolerated: tuple[Call, ...]


def load(path: Path) -> Record:
    found = tuple(_call(told) for told in json.loads(path.read_text()))
    return Record(tuple(one for one in found if one.allowed), tuple(one for one in found if not one.allowed))


def _call(told: dict[str, Any]) -> Call:
    layers = told.pop("policies")

    def held(listed: Any) -> tuple[Held, ...] | None:
        return None if listed is None else tuple(Held(**one) for one in listed)

    policies = Policies(
        held(layers["identity"]) or (),
        held(layers["resource"]),
        held(layers["session"]),
        held(layers["boundary"]),
        tuple(held(level) or () for level in layers["scps"]),
        tuple(held(level) or () for level in layers["rcps"]),
        layers["block_public_access"],
    )
    return Call(**told, policies=policies)
