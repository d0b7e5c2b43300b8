"""Policy documents as the sandbox keeps them, compiled once for each text and kept while they are in use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from crosslane.iam import Layers, Policy, PolicyError, PolicyKind, parse_policy
from crosslane.iam.matching import StatementSet
from crosslane.sandbox.request import ServiceError

_KEPT = 1024

Named = tuple[str, str]
"""A policy's name and its text. Two versions of a policy differ in the text."""


class Bearing(NamedTuple):
    """The policies that bear on a request, as ``Layers`` has them. A named tuple: it is made and looked up for each."""

    identity: tuple[Named, ...] = ()
    resource: tuple[PolicyKind, Named] | None = None
    session: tuple[Named, ...] | None = None
    boundary: tuple[Named, ...] | None = None
    scps: tuple[tuple[Named, ...], ...] = ()
    rcps: tuple[tuple[Named, ...], ...] = ()
    block_public_access: bool = False


@dataclass(frozen=True, slots=True)
class Compiled:
    """Policies, ready to be asked."""

    layers: Layers
    speak_of_tags: bool
    """Whether one has a condition on, or a variable of, the resource's tags."""


_Set = tuple[StatementSet, bool]
"""Statements, and whether they speak of the resource's tags."""


class Policies:
    """Compiles policies; those that were not asked for longest are forgotten. Safe to use from several threads.

    Texts are the keys, so that a changed policy is another one: nothing has to be told of changes.
    """

    def __init__(self) -> None:
        self._compiled: OrderedDict[Bearing, Compiled] = OrderedDict()
        self._sets: OrderedDict[tuple[PolicyKind, tuple[Named, ...]], _Set] = OrderedDict()
        self._lock = threading.Lock()

    def compiled(self, bearing: Bearing) -> Compiled:
        """The policies, compiled. Raises ``ServiceError`` for a text that is no policy: nobody is let in by what cannot
        be read."""
        with self._lock:
            found = self._compiled.get(bearing)
            if found is None:
                found = self._compiled[bearing] = self._together(bearing)
                if len(self._compiled) > _KEPT:
                    self._compiled.popitem(last=False)
            else:
                self._compiled.move_to_end(bearing)
            return found

    def _together(self, bearing: Bearing) -> Compiled:
        used: list[_Set] = []

        def compiled(kind: PolicyKind, policies: tuple[Named, ...]) -> StatementSet:
            used.append(self._set(kind, policies))
            return used[-1][0]

        def present(kind: PolicyKind, policies: tuple[Named, ...] | None) -> StatementSet | None:
            return None if policies is None else compiled(kind, policies)

        layers = Layers(
            compiled(PolicyKind.IDENTITY, bearing.identity),
            None if bearing.resource is None else compiled(bearing.resource[0], (bearing.resource[1],)),
            present(PolicyKind.SESSION, bearing.session),
            present(PolicyKind.BOUNDARY, bearing.boundary),
            tuple([compiled(PolicyKind.SCP, level) for level in bearing.scps]),
            tuple([compiled(PolicyKind.RCP, level) for level in bearing.rcps]),
            block_public_access=bearing.block_public_access,
        )
        return Compiled(layers, any(speaks for _, speaks in used))

    def _set(self, kind: PolicyKind, policies: tuple[Named, ...]) -> _Set:
        """Kept by itself: the same policies bear on requests for many resources."""
        key = kind, policies
        found = self._sets.get(key)
        if found is None:
            made = StatementSet([self._parsed(kind, name, text) for name, text in policies])
            speaks = any("resourcetag" in (policy.text or "").lower() for policy in made.policies)
            found = self._sets[key] = made, speaks
            if len(self._sets) > _KEPT:
                self._sets.popitem(last=False)
        else:
            self._sets.move_to_end(key)
        return found

    def _parsed(self, kind: PolicyKind, name: str, text: str) -> Policy:
        try:
            return parse_policy(text, kind, name)
        except PolicyError as error:
            raise ServiceError("SandboxFailure", f"The sandbox cannot read the policy {name}: {error}", 400) from error
