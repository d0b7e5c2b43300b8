"""``crosslane destroy``: removes what crosslane made, after showing it."""

from __future__ import annotations

import json
import sys
import time
from functools import partial

import click

from crosslane.cli.applying import apply_plan, hands_of, tell_failure, working_deployers
from crosslane.cli.observing import observe, reader_of
from crosslane.cli.opening import opened
from crosslane.cli.options import Invocation, common_options
from crosslane.cli.planning import agree, refuse
from crosslane.cli.world import World
from crosslane.desired.names import app_stack
from crosslane.errors import DONE, OutcomeError, UsageError
from crosslane.live.model import Absent, Live, Unreadable
from crosslane.live.read import read_data, reading
from crosslane.plan.destroy import Removal, plan_destroy
from crosslane.plan.model import Plan
from crosslane.report.document import first_error, plan_document, run_document
from crosslane.report.progress import progress_on_stderr
from crosslane.report.text import plan_text, run_text

EXAMPLES = """\b
Examples:
  crosslane destroy                # shows, asks, removes; keeps the data
  crosslane destroy --data --yes   # bucket, key and repository too
  crosslane destroy --dry-run
"""


@click.command("destroy", epilog=EXAMPLES)
@click.option("--data", is_flag=True, help="Also empty and delete the bucket, delete the key and the repository.")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--leave-apps", is_flag=True, help="Go on although stacks that the pipeline deployed are still there.")
@common_options
def command(invocation: Invocation, data: bool, dry_run: bool, leave_apps: bool) -> int:
    """Remove what carries this pipeline's tags, in reverse order, after showing it."""
    start = time.monotonic()
    with opened(invocation) as world:
        world, live = observe(world)
        plan = _plan(world, live, data)
        if dry_run:
            _show(invocation, world, plan, to_stderr=False)
            return DONE
        refuse(plan)
        if plan.steps and not leave_apps:
            _refuse_living_apps(world)
        if plan.steps:
            _confirm(invocation, world, plan)
        with progress_on_stderr(invocation.verbose) as progress:
            hands = hands_of(world, progress, deployers=working_deployers(world, live))
            results = apply_plan(plan, hands)
        seconds = time.monotonic() - start
        if invocation.json:
            document = run_document(
                results,
                seconds=seconds,
                calls=world.cloud.calls,
                places=world.places,
                arns=hands.found.arns,
                profiles=[],
                pipeline=None,
                cautions=plan.cautions,
            )
            click.echo(json.dumps(document, indent=2))
        else:
            click.echo(
                run_text(
                    results,
                    seconds=seconds,
                    total_calls=world.cloud.calls.total,
                    mutating_calls=world.cloud.calls.mutating,
                    profiles=[],
                    pipeline=None,
                    console=None,
                    following=[],
                )
                if results
                else "\n".join([*(caution.message for caution in plan.cautions), "Nothing to remove."])
            )
            tell_failure(invocation, results)
    failed = first_error(results)
    return failed.exit_code if failed is not None else DONE


def _plan(world: World, live: Live, data: bool) -> Plan:
    reader = reader_of(world, world.config.tools.name, live.identities)
    stored = reading(partial(read_data, reader, world.desired.tags))
    return plan_destroy(world.desired, live, stored, mark=world.mark, removal=Removal(data))


def _refuse_living_apps(world: World) -> None:
    """Raise before anything goes while the app's stacks need the roles that would go: nobody could remove them then.

    Asked with the sign-in, since a deployer may not see the app's stacks.
    """
    places = {place.name: place for place in world.places}
    for stage in world.config.stages:
        place, name = places[stage.account], app_stack(world.config, stage)
        gateway = world.cloud.gateway(place.name, place.profile)
        found = reading(partial(gateway.call, "cloudformation", "DescribeStacks", {"StackName": name}))
        if isinstance(found, Absent):
            continue
        with_profile = f" --profile {place.profile}" if place.profile else ""
        raise OutcomeError(
            f"stack {name}, which the pipeline deployed, is still there"
            if not isinstance(found, Unreadable)
            else f"whether stack {name} is still there could not be read: {found.reason}",
            code="AppsLeft",
            account=place.name,
            next=f"delete it first: aws cloudformation delete-stack --stack-name {name}{with_profile}; "
            "or leave it behind with --leave-apps",
        )


def _show(invocation: Invocation, world: World, plan: Plan, *, to_stderr: bool) -> None:
    if invocation.json and not to_stderr:
        click.echo(json.dumps(plan_document(plan), indent=2))
        return
    accounts = [(account.name, account.id) for account in world.config.accounts]
    click.echo(plan_text(plan, accounts, verbose=invocation.verbose > 0), err=to_stderr)


def _confirm(invocation: Invocation, world: World, plan: Plan) -> None:
    """Show the plan and ask; without a terminal only ``--yes`` is an answer."""
    if not invocation.yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"destroy would remove {len(plan.steps)} things and there is no terminal to ask at",
            code="ConfirmationNeeded",
            next="look at crosslane destroy --dry-run, then add --yes",
        )
    _show(invocation, world, plan, to_stderr=True)
    if not invocation.yes:
        agree("Remove all of this?", "nothing was removed, as you said")
