"""Carries plans out: what the executor works with in this world."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from threading import Event

import click

from crosslane.apply.executor import execute
from crosslane.apply.hands import Hands
from crosslane.apply.outcome import StepResult
from crosslane.apply.progress import Progress
from crosslane.apply.tasks import carry_out
from crosslane.apply.waiting import Clock
from crosslane.cli.options import Invocation, aimed
from crosslane.cli.planning import refuse
from crosslane.cli.world import World
from crosslane.errors import CutShort
from crosslane.live.model import Live, LiveIdentity, Who
from crosslane.plan.model import Plan, Step
from crosslane.report.document import first_error


def hands_of(
    world: World, progress: Progress, *, adopt: bool = False, deployers: Mapping[str, str] | None = None
) -> Hands:
    """What the executor works with. ``deployers`` are the profiles with a session, if not all that are wanted."""
    return Hands(
        cloud=world.cloud,
        files=world.files,
        journal=world.journal,
        sessions=world.sessions,
        mfa_code=world.mfa_code,
        ring=world.ring,
        left_ring=world.left_ring,
        mark=world.mark,
        tags=world.desired.tags,
        bases={place.name: place.profile for place in world.places},
        keys=world.keys,
        deployers=world.deployers if deployers is None else deployers,
        adopt=adopt,
        clock=Clock(Event()),
        now=world.now,
        token=lambda: uuid.uuid4().hex,
        progress=progress,
    )


def working_deployers(world: World, live: Live) -> dict[str, str]:
    """The deployers' profiles whose session works now; in the other accounts the sign-in has to do."""
    return {
        account: profile
        for account, profile in world.deployers.items()
        if isinstance(live.identities.get((account, Who.DEPLOYER)), LiveIdentity)
    }


def apply_plan(plan: Plan, hands: Hands) -> tuple[StepResult, ...]:
    """Carry out the plan; refuses one with conflicts or blocks."""
    refuse(plan)
    return run_steps(plan.steps, hands)


def run_steps(steps: tuple[Step, ...], hands: Hands) -> tuple[StepResult, ...]:
    """Carry out steps, whatever plan they are from."""
    return execute(steps, lambda step: carry_out(step, hands), progress=hands.progress, clock=hands.clock)


def tell_failure(invocation: Invocation, results: Sequence[StepResult]) -> None:
    """Say below the report, which names the failed steps, what to do now."""
    failed = first_error(results)
    if isinstance(failed, CutShort):
        click.echo(f"{click.style('error:', fg='red', bold=True)} {failed}", err=True)
    if failed is not None and failed.next:
        click.echo(f"  next: {aimed(failed.next, invocation)}", err=True)
