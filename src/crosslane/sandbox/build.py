"""Puts the sandbox together: store, accounts, services, front layer, server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crosslane.sandbox.accounts import Member, sign_in
from crosslane.sandbox.clients import Clients
from crosslane.sandbox.front import Front, Key, Routes
from crosslane.sandbox.identities import Identities, Identity
from crosslane.sandbox.request import Handler
from crosslane.sandbox.server import Server
from crosslane.sandbox.services import sts
from crosslane.sandbox.store import Store

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Options:
    """What a sandbox is started with. ``region`` is where its accounts' roles of the sign-in live."""

    members: Sequence[Member]
    region: str
    partition: str = "aws"
    port: int = 0
    propagation_seconds: float = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox that listens (``server.serve_forever`` makes it answer). ``sign_ins`` are by account name."""

    server: Server
    store: Store
    identities: Identities
    clients: Clients
    sign_ins: Mapping[str, Identity]


def system_clock() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def build(options: Options, clock: Clock = system_clock) -> Sandbox:
    """A sandbox bound to its port. ``OSError`` if the port is in use."""
    store = Store(options.partition, [member.id for member in options.members])
    identities = Identities(clock, store.user_of_key)
    sign_ins = {
        member.name: sign_in(store, identities, member, options.region, options.seed) for member in options.members
    }
    server = Server(lambda environ, start: [], options.port)
    clients = Clients(server.endpoint, store, identities)
    routes = Routes(handlers=sts.handlers(store, identities))
    server.application = Front(store, identities, routes, {"cloudformation": _cloudformation(clients, clock)})
    return Sandbox(server, store, identities, clients, sign_ins)


def _cloudformation(clients: Clients, clock: Clock) -> Callable[[], Mapping[Key, Handler]]:
    """The engine, imported at the first request for it: most of a start's time would be spent on it."""

    def load() -> Mapping[Key, Handler]:
        from crosslane.sandbox.cloudformation.engine import Engine

        handlers: Mapping[Key, Handler] = Engine(clients, clock).handlers()
        return handlers

    return load
