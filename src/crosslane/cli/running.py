"""What ``up``, ``bootstrap`` and ``deploy`` share: observe, plan, apply, report."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import click

from crosslane.apply.hands import Hands
from crosslane.apply.outcome import StepResult
from crosslane.apply.sessions import not_bootstrapped
from crosslane.cli.applying import apply_plan, hands_of, tell_failure
from crosslane.cli.observing import observe
from crosslane.cli.opening import opened
from crosslane.cli.options import Invocation, aimed
from crosslane.cli.planning import agree, make_plan, refuse
from crosslane.cli.recovery import SignInAgain
from crosslane.cli.world import World
from crosslane.credentials.ring import UNUSABLE
from crosslane.desired.model import Caution
from crosslane.errors import DONE, UsageError
from crosslane.live.model import Absent, Live, LiveRepository, changed_lately
from crosslane.plan.model import Op, Plan
from crosslane.plan.up import Scope
from crosslane.report.document import console_url, first_error, pipeline_document, run_document
from crosslane.report.progress import progress_on_stderr
from crosslane.report.text import caution_lines, plan_text, run_text

adopt_option = click.option("--adopt", is_flag=True, help="Take over things of the same name that no pipeline holds.")
static_option = click.option(
    "--static", is_flag=True, help="Store the session's keys in its profile, as the guide does."
)
oidc_option = click.option(
    "--oidc",
    metavar="REPO",
    help="Let CI jobs of github:OWNER/REPO or gitlab:GROUP/PROJECT, @branch:NAME or @environment:NAME, become the "
    "deployer, in place of user and key. Written to the config first.",
)


def write_oidc(invocation: Invocation, oidc: str | None) -> None:
    """Put what ``--oidc`` says into the config, so that later commands agree; raises what ``set_oidc`` raises."""
    if oidc is not None:
        from crosslane.config.edit import set_oidc

        set_oidc(invocation.config_path, oidc, region=invocation.region)


def run_up(invocation: Invocation, scope: Scope, *, static: bool = False) -> int:
    """Observe, plan, apply, report; returns the exit code."""
    start = time.monotonic()
    with opened(invocation) as world:
        world, live = observe(world, adopt=scope.adopt)
        if not scope.bootstrap:
            _require_deployers(world)
        plan = make_plan(world, live, scope, static=static)
        refuse(plan)
        _say_first(invocation, world, plan)
        with progress_on_stderr(invocation.verbose) as progress:
            if isinstance(world.cloud.recover, SignInAgain):
                world.cloud.recover.display = progress.paused
            hands = hands_of(world, progress, adopt=scope.adopt)
            hands.found.fresh.update(changed_lately(live, datetime.now(UTC)))
            results = apply_plan(plan, hands)
        _report(invocation, world, live, plan, results, hands, time.monotonic() - start)
    failed = first_error(results)
    return failed.exit_code if failed is not None else DONE


def _require_deployers(world: World) -> None:
    """Raise before anything is changed if the profiles that deploy are not there."""
    for account, profile in (world.keys or world.deployers).items():
        if world.files.profile(profile) is None:
            raise not_bootstrapped(account, profile)


def _say_first(invocation: Invocation, world: World, plan: Plan) -> None:
    """Show what changes or goes before it does; ask before anything is deleted."""
    if all(step.op is Op.CREATE for step in plan.changing):
        return
    accounts = [(account.name, account.id) for account in world.config.accounts]
    shown = replace(plan, cautions=())
    click.echo(plan_text(shown, accounts, verbose=invocation.verbose > 0), err=True)
    if invocation.yes or not any(step.op is Op.DELETE for step in plan.changing):
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the plan deletes things and there is no terminal to ask at",
            code="ConfirmationNeeded",
            next="look at crosslane plan, then add --yes",
        )
    agree("Go on?", "nothing was changed, as you said")


def _report(
    invocation: Invocation,
    world: World,
    live: Live,
    plan: Plan,
    results: Sequence[StepResult],
    hands: Hands,
    seconds: float,
) -> None:
    config = world.config
    name, region = world.desired.pipeline_name, config.pipeline.region
    profiles = _profiles(world)
    cautions: Sequence[Caution] = plan.cautions
    if invocation.json:
        document = run_document(
            results,
            seconds=seconds,
            calls=world.cloud.calls,
            places=world.places,
            arns=hands.found.arns,
            profiles=profiles,
            pipeline=pipeline_document(name, hands.found.pipeline, region, config.partition),
            cautions=cautions,
        )
        click.echo(json.dumps(document, indent=2))
        return
    told = cautions if plan.changing else [caution for caution in cautions if caution.id == UNUSABLE]
    if plan.changing or told:
        click.echo()
        for line in caution_lines(told):
            click.echo(line)
    click.echo(
        run_text(
            results,
            seconds=seconds,
            total_calls=world.cloud.calls.total,
            mutating_calls=world.cloud.calls.mutating,
            profiles=profiles,
            pipeline=hands.found.pipeline,
            console=None if world.sandboxed else console_url(name, region, config.partition),
            latest_run=latest_run(world, live, hands),
            following=[aimed(line, invocation) for line in following(world, live)],
        )
    )
    tell_failure(invocation, results)


def _profiles(world: World) -> list[str]:
    """The profiles of the bootstrap that are there."""
    made = (one for state in world.desired.bootstraps for one in (state.key_profile, state.session_profile))
    return [one.name for one in made if one is not None and world.files.profile(one.name) is not None]


def latest_run(world: World, live: Live, hands: Hands) -> str | None:
    """How the pipeline's latest run goes, if that is worth a line; ``live`` is what was there before the run.

    A pipeline that is made starts itself: with nothing on its branch that run can only fail, and is no fault.
    """
    facts, repository = hands.found.pipeline, live.repository
    if facts is None or facts.first_run is None:
        return None
    empty = isinstance(repository, Absent) or (isinstance(repository, LiveRepository) and not repository.has_branch)
    if empty and f"in stage {facts.stages[0]}" in facts.first_run:
        branch = world.config.pipeline.source.branch
        return f"starts by itself and ends in {facts.stages[0]}: nothing is on branch {branch} yet"
    return facts.first_run


def following(world: World, live: Live) -> list[str]:
    """What a person does next; ``live`` is what was there before the run."""
    if world.kept_sandbox is False:
        return [
            "crosslane sandbox start --detach   keeps a sandbox, so that later commands find it",
            'eval "$(crosslane sandbox env)"    lets the AWS CLI use it',
        ]
    source, sandbox = world.config.pipeline.source, " --sandbox" if world.sandboxed else ""
    first = f"push the app to branch {source.branch} of the repository {source.repository} in account {source.account}"
    if isinstance(live.repository, LiveRepository) and live.repository.has_branch:
        first = f"crosslane run{sandbox}   starts the pipeline with what is on branch {source.branch}"
    return [first, f"crosslane verify{sandbox}   asks again whether all is as it should be"]
