"""The audit file: one JSON object a line for each decision, in the words of CloudTrail where it has some.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html. Secrets are
not among what a decision knows.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from crosslane.iam import LAYERS, Outcome
from crosslane.sandbox.authorization.denial import deciding_layer
from crosslane.sandbox.authorization.judge import Judgement

Listener = Callable[[Judgement], None]
"""Hears of every decision, in order."""


_SCALARS = (str, bool, int, float)
_ENCODER = json.JSONEncoder(separators=(",", ":"))
"""Kept: every request waits for its line, and making one of these takes longer than it should."""


class Audit:
    """Writes decisions to a file that only its owner may read. ``OSError`` if it cannot be opened."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file: IO[str] = os.fdopen(descriptor, "a", encoding="utf-8")
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, object] = {}

    def __call__(self, found: Judgement) -> None:
        """One line, written at once: a sandbox may end at any moment. A principal's policies are told with its first
        decision and with the first after they have changed."""
        told = record(found, self._clock())
        with self._lock:
            if found.identity is not None:
                held = found.decision.policies.identity
                # Layers are kept while they are in use: the same object is the same policies.
                if self._told.get(found.identity.principal_arn) is not held:
                    self._told[found.identity.principal_arn] = held
                    told["policies"] = [{"name": one.name, "document": one.text} for one in held.policies]
            self._file.write(_ENCODER.encode(told) + "\n")
            self._file.flush()


def record(found: Judgement, now: datetime) -> dict[str, Any]:
    """A decision as a JSON object."""
    request, use, decision = found.request, found.use, found.decision
    results = dict(zip(LAYERS, decision.results, strict=True))
    explanation = found.explanation
    layer = deciding_layer(decision)
    layers = explanation.deciding if layer is None else (layer,)
    principal = decision.request.principal
    return {
        "eventTime": now.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
        "eventSource": f"{request.service}.amazonaws.com",
        "eventName": request.operation,
        "awsRegion": request.region,
        "userIdentity": {
            "type": principal.kind.value,
            "arn": principal.name,
            "principalArn": found.identity.principal_arn if found.identity else None,
            "accountId": principal.account,
            "invokedBy": list(found.identity.via) if found.identity else [],
        },
        "action": use.action,
        "resources": [{"ARN": use.resource, "accountId": decision.request.account}],
        "via": use.via,
        "context": {key: _plain(value) for key, value in decision.request.context.items()},
        "decision": str(decision.outcome),
        "layer": layer,
        "layers": {name: str(result) for name, result in results.items() if result is not None},
        "statements": [
            {
                "layer": one.layer,
                "policy": ref.policy,
                "sid": ref.sid,
                "index": ref.index,
                "pointer": ref.pointer,
                "effect": str(ref.effect),
            }
            for one in explanation.layers
            if one.layer in layers or decision.outcome is Outcome.ALLOWED
            for ref in one.determining
        ],
        "reason": explanation.reason,
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, _SCALARS) else list(value)


def all_of(listeners: Iterable[Listener]) -> Listener:
    """One listener that tells several."""
    listed = tuple(listeners)

    def tell(found: Judgement) -> None:
        for one in listed:
            one(found)

    return tell
