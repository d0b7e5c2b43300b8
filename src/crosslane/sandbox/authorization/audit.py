"""The audit file: one JSON object a line for each decision, in the words of CloudTrail where it has some.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html. Secrets are
not among what a decision knows.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from crosslane.iam import LAYERS, Outcome, PrincipalKind
from crosslane.iam.explain import Grounds, grounds
from crosslane.sandbox.authorization.denial import deciding_layer
from crosslane.sandbox.authorization.judge import Judgement, Standing

Listener = Callable[[Judgement], None]
"""Hears of every decision, in order."""


_REMEMBERED = 1024
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=list)
"""Kept: every request waits for its line, and making one of these takes longer than it should."""


class Audit:
    """Writes decisions to a file that only its owner may read. ``OSError`` if it cannot be opened."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, object] = {}

    def __call__(self, found: Judgement) -> None:
        """One line, written at once: a sandbox may end at any moment. A principal's policies are told with its first
        decision and with the first after they have changed."""
        line = written(found, self._clock())
        with self._lock:
            if found.identity is not None:
                held = found.decision.policies.identity
                # Layers are kept while they are in use: the same object is the same policies.
                if self._told.get(found.identity.principal_arn) is not held:
                    self._told[found.identity.principal_arn] = held
                    policies = [{"name": one.name, "document": one.text} for one in held.policies]
                    line = f'{line[:-1]},"policies":{_ENCODER.encode(policies)}}}'
            left = memoryview(f"{line}\n".encode())
            while left:
                left = left[os.write(self._file, left) :]


def written(found: Judgement, now: datetime) -> str:
    """A decision as one JSON object; ``now`` is in UTC. What is the same for many decisions is written once and put
    together: the call, who calls, and what the decision rests on."""
    request, use, decision = found.request, found.use, found.decision
    principal, identity = decision.request.principal, found.identity
    call = _call(request.service, request.operation, request.region)
    role = None if identity is None else identity.principal_arn
    who = _who(principal.kind, principal.name, role, principal.account, () if identity is None else identity.via)
    asked, owned = _asked(use.action, decision.request.account, use.via)
    resource, context = _ENCODER.encode(use.resource), _context(decision.request.context, found)
    behind, layer = grounds(decision), deciding_layer(decision)
    result = _result(decision.outcome, decision.results, layer, behind)
    time = now.isoformat(timespec="milliseconds")[:23]
    return f'{{"eventTime":"{time}Z",{call},{who},{asked}{resource}{owned},"context":{context},{result}}}'


@lru_cache(_REMEMBERED)
def _call(service: str, operation: str, region: str) -> str:
    return _members({"eventSource": f"{service}.amazonaws.com", "eventName": operation, "awsRegion": region})


@lru_cache(_REMEMBERED)
def _who(kind: PrincipalKind, name: str, role: str | None, account: str | None, via: tuple[str, ...]) -> str:
    told = {"type": kind.value, "arn": name, "principalArn": role, "accountId": account, "invokedBy": via}
    return _members({"userIdentity": told})


@lru_cache(_REMEMBERED)
def _asked(action: str, owner: str | None, via: str | None) -> tuple[str, str]:
    """What stands before and after the ARN of the resource; objects have too many to remember them."""
    before = f'{_members({"action": action})},"resources":[{{"ARN":'
    return before, f",{_members({'accountId': owner})}}}],{_members({'via': via})}"


def _context(context: Mapping[str, Any], found: Judgement) -> str:
    standing, own = found.standing, found.own
    if standing is None or not own or len(standing.context) + len(own) != len(context):
        return _ENCODER.encode(context)  # not known by parts, or a key is in both
    return f"{{{_common(standing)},{_members(own)}}}"


@lru_cache(_REMEMBERED)
def _common(standing: Standing) -> str:
    return _members(standing.context)


@lru_cache(_REMEMBERED)
def _result(outcome: Outcome, results: tuple[Outcome | None, ...], layer: str | None, behind: Grounds) -> str:
    layers = behind.deciding if layer is None else (layer,)
    named = zip(LAYERS, results, strict=True)
    statements = [
        {
            "layer": name,
            "policy": one.policy.name,
            "sid": one.statement.sid,
            "index": one.statement.index,
            "pointer": one.statement.pointer,
            "effect": one.statement.effect,
        }
        for name, one in behind.determining
        if name in layers or outcome is Outcome.ALLOWED
    ]
    return _members(
        {
            "decision": outcome,
            "layer": layer,
            "layers": {name: result for name, result in named if result is not None},
            "statements": statements,
            "reason": behind.reason,
        }
    )


def _members(found: Mapping[str, Any]) -> str:
    """The members of a JSON object, to put beside others."""
    return _ENCODER.encode(found)[1:-1]


def all_of(listeners: Iterable[Listener]) -> Listener:
    """One listener that tells several."""
    listed = tuple(listeners)
    if len(listed) == 1:
        return listed[0]

    def tell(found: Judgement) -> None:
        for one in listed:
            one(found)

    return tell
