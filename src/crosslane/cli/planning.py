"""Plans from what is wanted and what is live; refuses a plan that something stands in the way of."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence, Sized
from pathlib import Path

import click

from crosslane.aws.errors import DENIED_CODES
from crosslane.cli.world import World
from crosslane.errors import EnvironmentFailure, OutcomeError
from crosslane.live.model import Live
from crosslane.plan import up
from crosslane.plan.model import Conflict, Plan


def make_plan(world: World, live: Live, scope: up.Scope, *, static: bool | None = False) -> Plan:
    """The plan of ``up`` or one of its halves; ``static`` stores sessions' keys in their profiles, None leaves each
    profile in the form that it has."""
    sessions = {} if static else session_processes(world)
    if static is None:
        sessions = {
            name: process
            for name, process in sessions.items()
            if name not in live.profiles or live.profiles[name].process is not None
        }
    return up.plan_up(
        world.desired,
        live,
        places=world.places,
        mark=world.mark,
        scope=scope,
        now=world.now(),
        processes={**sessions, **key_processes(world)},
    )


def session_processes(world: World) -> dict[str, str]:
    """The ``credential_process`` of each session profile: this program, by its absolute path.

    A sandbox that goes with its command could not answer later: there the keys themselves are stored.
    """
    if world.kept_sandbox is False:
        return {}
    return {name: process_of(world, name) for name in world.deployers.values()}


def key_processes(world: World) -> dict[str, str]:
    """The same of the keys' profiles, where the keyring has the secrets."""
    return {name: process_of(world, name) for name in world.keys.values()} if world.ring is not None else {}


def process_of(world: World, profile: str) -> str:
    """The command that gives the profile's credentials."""
    program = [sys.executable, "-P", "-m", "crosslane"]
    found = shutil.which("crosslane", path=str(Path(sys.executable).parent)) or shutil.which("crosslane")
    if found is not None:
        program = [str(Path(found).absolute())]
    options = ["--config", str(world.config.path.absolute()), *(["--sandbox"] if world.sandboxed else [])]
    return shlex.join([*program, "credentials", profile, *options])


def is_denied(plan: Plan) -> bool:
    """Whether all that could not be read was denied; else AWS or the network failed."""
    return all(block.code in DENIED_CODES for block in plan.blocked)


def refuse(plan: Plan) -> None:
    """Raise if something in the plan's way cannot be read (``OutcomeError`` if that was denied, ``EnvironmentFailure``
    if AWS failed) or is not ours (``OutcomeError``)."""
    if plan.blocked:
        block = plan.blocked[0]
        kind = OutcomeError if is_denied(plan) else EnvironmentFailure
        raise kind(
            f"{block.kind} {block.name} could not be read: {block.reason}{_and_more(plan.blocked)}",
            code=block.code,
            account=block.account,
            next="use credentials that may read it; crosslane plan lists everything that could not be read",
        )
    if plan.conflicts:
        conflict = plan.conflicts[0]
        raise OutcomeError(
            f"{conflict.kind} {conflict.name}: {conflict.reason}{_and_more(plan.conflicts)}; nothing was changed",
            code="NotOurs",
            account=conflict.account,
            next=_way_out(plan.conflicts),
        )


def agree(question: str, otherwise: str) -> None:
    """Ask at the terminal whether to go on with the plan that was shown; ``OutcomeError`` where the answer is no."""
    if not click.confirm(question, err=True):
        raise OutcomeError(otherwise, code="Declined")


def _way_out(conflicts: Sequence[Conflict]) -> str:
    told = [one.next for one in conflicts if one.next is not None]
    if all(one.adoptable or one.next is not None for one in conflicts):
        return "; ".join(told) or "crosslane plan shows them all; --adopt takes over those that no pipeline holds"
    return "use other names in [names] and [bootstrap]"


def _and_more(found: Sized) -> str:
    return f" (and {len(found) - 1} more)" if len(found) > 1 else ""
