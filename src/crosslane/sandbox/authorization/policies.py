"""Policy documents as the sandbox keeps them, compiled once for each text and kept while they are in use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crosslane.iam import Policy, PolicyError, PolicyKind, parse_policy
from crosslane.iam.matching import StatementSet
from crosslane.sandbox.request import ServiceError

_KEPT = 1024

Named = tuple[str, str]
"""A policy's name and its text. Two versions of a policy differ in the text."""

Change = Callable[[PolicyKind, str, str], str]
"""The text to use in place of a policy's own: what a test changes to see what depends on it."""


@dataclass(frozen=True, slots=True)
class Attached:
    """The policies of one layer: of a principal, its boundary, its session, a resource, a level of an organization."""

    kind: PolicyKind
    policies: tuple[Named, ...]


class Policies:
    """Compiles layers; those that were not asked for longest are forgotten. Safe to use from several threads.

    Texts are the keys, so that a changed policy is another one: nothing has to be told of changes.
    """

    def __init__(self, change: Change | None = None, kept: int = _KEPT) -> None:
        self._change = change
        self._kept = kept
        self._sets: OrderedDict[Attached, StatementSet] = OrderedDict()
        self._speaking: dict[int, StatementSet] = {}
        self._lock = threading.Lock()

    def compiled(self, kind: PolicyKind, policies: Iterable[Named]) -> StatementSet:
        """The statements of the policies together. Raises ``ServiceError`` for a text that is no policy: nobody is let
        in by what cannot be read."""
        key = Attached(kind, tuple(policies))
        with self._lock:
            found = self._sets.get(key)
            if found is not None:
                self._sets.move_to_end(key)
                return found
        made = StatementSet([self._parsed(kind, name, text) for name, text in key.policies])
        speaks = any("resourcetag" in (policy.text or "").lower() for policy in made.policies)
        with self._lock:
            self._sets[key] = made
            if speaks:
                self._speaking[id(made)] = made
            while len(self._sets) > self._kept:
                self._speaking.pop(id(self._sets.popitem(last=False)[1]), None)
        return made

    def speaks_of_tags(self, statements: StatementSet) -> bool:
        """Whether a policy has a condition on, or a variable of, the resource's tags."""
        return id(statements) in self._speaking

    def _parsed(self, kind: PolicyKind, name: str, text: str) -> Policy:
        used = text if self._change is None else self._change(kind, name, text)
        try:
            return parse_policy(used, kind, name)
        except PolicyError as error:
            raise ServiceError("SandboxFailure", f"The sandbox cannot read the policy {name}: {error}", 400) from error
