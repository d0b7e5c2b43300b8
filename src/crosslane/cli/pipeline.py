"""What ``run``, ``status``, ``logs``, ``approve`` and ``reject`` share: whose calls they are, and how it is told."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import click

from crosslane.apply.sessions import check_identity
from crosslane.cli.opening import opened
from crosslane.cli.options import Invocation, aimed
from crosslane.cli.world import World
from crosslane.config.model import Account, Config
from crosslane.errors import DONE, CrosslaneError, CutShort, EnvironmentFailure, OutcomeError
from crosslane.live.model import Who
from crosslane.pipeline.approvals import read_state
from crosslane.pipeline.calling import Caller, Checked, FirstThatMay
from crosslane.pipeline.failure import find_failure, lacks_branch, verdict
from crosslane.pipeline.follow import OFFLINE, ON_AWS, Pace, Watch
from crosslane.pipeline.model import Execution, Revision
from crosslane.pipeline.read import read_revisions
from crosslane.pipeline.standing import Standing, standing, stands
from crosslane.plan.model import VerifyIdentity
from crosslane.report.pipeline_document import Given, PipelineIn, execution_document
from crosslane.report.pipeline_text import execution_text, revision_text


@dataclass(frozen=True, slots=True)
class Site:
    """A config's pipeline, with those who call: ``tools`` is the deployer where it may and else the sign-in,
    ``person`` the sign-in alone, and ``flags`` what a further command needs to find the same pipeline.
    """

    world: World
    place: PipelineIn
    tools: Caller
    person: Caller
    flags: str

    @property
    def pace(self) -> Pace:
        return OFFLINE if self.world.sandboxed else ON_AWS

    def watch(self, lost: Callable[[EnvironmentFailure], None], limit: float | None = None) -> Watch:
        """How this pipeline is looked at again and again; ``lost`` is told each time no answer came."""
        return Watch(self.pace, time.monotonic, time.sleep, limit, lost)

    def of_account(self, account_id: str) -> Caller | None:
        """Who calls in the account of that id, or None if the config has no such account."""
        account = next((one for one in self.world.config.accounts if one.id == account_id), None)
        return None if account is None else caller_in(self.world, account)


@contextlib.contextmanager
def opened_pipeline(invocation: Invocation) -> Iterator[Site]:
    """The pipeline of this invocation. ``OutcomeError`` for a sandbox that is not kept: nothing can be in it."""
    if invocation.sandbox:
        refuse_without_sandbox(
            invocation.load_config(), "no sandbox of this config is running, so there is no pipeline in it"
        )
    with opened(invocation) as world:
        config = world.config
        place = PipelineIn(
            world.desired.pipeline_name,
            config.tools.name,
            config.pipeline.region,
            config.partition,
            world.sandboxed,
        )
        yield Site(
            world,
            place,
            caller_in(world, config.tools),
            sign_in_of(world, config.tools),
            "".join(f" {flag}" for flag in invocation.flags),
        )


def refuse_without_sandbox(config: Config, why: str) -> None:
    """``OutcomeError`` if no sandbox of this config runs."""
    from crosslane.sandbox.lifecycle import find

    if find(config) is None:
        raise OutcomeError(
            why,
            code="NoSandbox",
            next="crosslane sandbox start --detach, then crosslane up --sandbox",
        )


def sign_in_of(world: World, account: Account) -> Caller:
    """The person's own identity in the account; refused with its first call if it is in another account."""
    profile = world.sign_in(account)
    wanted = VerifyIdentity(Who.BASE, profile, account.id, None)

    def check(account_id: str, arn: str) -> None:
        check_identity(wanted, account_id, arn, account.name)

    return Checked(world.cloud.gateway(account.name, profile), check)


def caller_in(world: World, account: Account) -> Caller:
    """The account's deployer if this machine has its profile, and else, or where it may not, the sign-in."""
    name = world.deployers.get(account.name)
    profile = world.files.profile(name) if name is not None else None
    person = sign_in_of(world, account)
    if name is None or profile is None or profile.owner != world.mark:
        return person
    return FirstThatMay([world.cloud.gateway(account.name, name), person])


def approval_hint(site: Site, stage: str) -> str:
    """How to answer a gate of the execution that is shown."""
    return f"{stage} waits for approval: crosslane approve {stage}{site.flags}, or reject"


@dataclass(frozen=True, slots=True)
class Held:
    """An execution that stands before a stage, and what the one runs on that is in it."""

    standing: Standing
    runs: tuple[Revision, ...] = ()


def held(site: Site, execution: Execution) -> Held | None:
    """What keeps the execution from going on; None if it works, or nothing does."""
    if not stands(execution):
        return None
    found = standing(execution, read_state(site.tools, site.place.name))
    if found is None:
        return None
    runs = read_revisions(site.tools, site.place.name, found.behind) if found.behind is not None else ()
    return Held(found, runs)


def held_lines(site: Site, found: Held) -> list[str]:
    """The same for people, with the command that answers the gate that is in the way."""
    stage, behind = found.standing.stage, found.standing.behind
    lines = []
    if found.standing.closed is not None:
        reason = f" ({found.standing.closed})" if found.standing.closed else ""
        lines.append(f"nothing enters {stage}: its transition is disabled{reason}")
    if behind is not None:
        lines.append(f"waits until execution {named(behind, found.runs)} has left {stage}")
        lines += [
            f"which waits for approval: crosslane approve {gate.stage} --execution {behind}{site.flags}, or reject"
            for gate in found.standing.gates
        ]
    return lines


def named(execution_id: str, runs: Sequence[Revision]) -> str:
    """An execution by its id and what it runs on."""
    return execution_id + (f" ({', '.join(revision_text(one) for one in runs)})" if runs else "")


def _made_it(execution: Execution) -> bool:
    return execution.trigger.startswith("CreatePipeline")


def report(
    invocation: Invocation,
    site: Site,
    execution: Execution | None,
    error: CrosslaneError | None,
    approved: Sequence[Given] = (),
    *,
    stood: Held | None = None,
    judged: bool = True,
) -> int:
    """Print how the execution is; returns the exit code. ``judged``: one that is over and no success is an error.

    ``stood`` is what keeps it from going on.
    """
    now = site.world.now()
    failure = None
    if execution is not None and not isinstance(error, EnvironmentFailure | CutShort):
        failure = find_failure(execution, site.tools, site.of_account)
        if error is None and judged:
            error = verdict(execution, failure, site.place.account, site.flags)
    if error is not None and error.next:
        error.next = aimed(error.next, invocation)
    if invocation.json:
        document = execution_document(
            site.place,
            execution,
            error=error,
            failure=failure,
            approved=approved,
            standing=None if stood is None else stood.standing,
            now=now,
        )
        click.echo(json.dumps(document, indent=2))
    elif execution is not None:
        click.echo(execution_text(site.place, execution, now, failure))
        for action in execution.waiting:
            click.echo(f"\n{approval_hint(site, action.declared.stage)}")
        if failure is not None and lacks_branch(failure) and not judged:
            branch = failure.action.declared.setting("BranchName")
            made = "the pipeline started itself when it was made\n" if _made_it(execution) else ""
            click.echo(f"\n{made}nothing is on branch {branch} yet; a push to it starts the next run")
        if stood is not None:
            click.echo("\n" + "\n".join(held_lines(site, stood)))
    if error is None:
        return DONE
    if failure is None or invocation.json or error.code not in ("ExecutionFailed", "ExecutionRejected"):
        click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
    if error.next:
        click.echo(f"  next: {error.next}", err=True)
    return error.exit_code
