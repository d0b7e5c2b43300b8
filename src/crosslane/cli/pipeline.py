"""What ``run``, ``status``, ``logs``, ``approve`` and ``reject`` share: whose calls they are, following, the end."""

from __future__ import annotations

import contextlib
import json
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from crosslane.apply.sessions import check_identity
from crosslane.cli.main import Terminated
from crosslane.cli.opening import opened
from crosslane.cli.options import Invocation
from crosslane.cli.recovery import SignInAgain
from crosslane.cli.world import World
from crosslane.config.model import Account
from crosslane.errors import DONE, INTERRUPTED, TERMINATED, CrosslaneError, EnvironmentFailure, OutcomeError
from crosslane.live.model import Who
from crosslane.pipeline.approvals import Answer, answer_gate, read_state
from crosslane.pipeline.calling import Caller, Checked, FirstThatMay
from crosslane.pipeline.failure import find_failure, verdict
from crosslane.pipeline.follow import OFFLINE, ON_AWS, Pace, TimedOut, Watch, first_look, follow
from crosslane.pipeline.model import ActionStatus, Definition, Execution
from crosslane.plan.model import VerifyIdentity
from crosslane.report.pipeline_document import Given, PipelineIn, execution_document
from crosslane.report.pipeline_progress import LiveExecution, PlainExecution, execution_on_stderr
from crosslane.report.pipeline_text import duration, execution_text

Display = PlainExecution | LiveExecution


class Left(CrosslaneError):
    """The person stopped following; the execution goes on."""

    exit_code = INTERRUPTED


class Ended(CrosslaneError):
    """This process was told to end; the execution goes on."""

    exit_code = TERMINATED


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

    def of_account(self, account_id: str) -> Caller | None:
        """Who calls in the account of that id, or None if the config has no such account."""
        account = next((one for one in self.world.config.accounts if one.id == account_id), None)
        return None if account is None else caller_in(self.world, account)


@contextlib.contextmanager
def opened_pipeline(invocation: Invocation) -> Iterator[Site]:
    """The pipeline of this invocation. ``OutcomeError`` for a sandbox that is not kept: nothing can be in it."""
    if invocation.sandbox:
        from crosslane.sandbox.lifecycle import find

        if find(invocation.load_config()) is None:
            raise OutcomeError(
                "no sandbox of this config is running, so there is no pipeline in it",
                code="NoSandbox",
                next="crosslane sandbox start --detach, then crosslane up --sandbox",
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
        yield Site(world, place, caller_in(world, config.tools), sign_in_of(world, config.tools), _flags(invocation))


def _flags(invocation: Invocation) -> str:
    flags = [] if invocation.config_path == Path("crosslane.toml") else ["--config", str(invocation.config_path)]
    flags += ["--sandbox"] if invocation.sandbox else []
    flags += ["--region", invocation.region] if invocation.region else []
    return "".join(f" {shlex.quote(flag)}" for flag in flags)


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


@dataclass(frozen=True, slots=True)
class Wishes:
    """How an execution is followed. ``limit`` is in seconds; ``comment`` is for the gates that are approved."""

    limit: float | None = None
    until_approval: bool = False
    approve: bool = False
    comment: str = ""


@dataclass(slots=True)
class Course:
    """What following saw: the latest state, and the approvals that were given on the way."""

    execution: Execution | None = None
    approved: list[Given] = field(default_factory=list)


def followed(
    invocation: Invocation, site: Site, definition: Definition, execution_id: str, wishes: Wishes, *, fresh: bool
) -> int:
    """Follow an execution to its end, or as far as wished, and report it; returns the exit code."""
    course = Course()
    again = f"crosslane status --follow --execution {execution_id}{site.flags}"
    error: CrosslaneError | None = None
    try:
        with execution_on_stderr(site.world.now) as display:
            if isinstance(site.world.cloud.recover, SignInAgain):
                site.world.cloud.recover.display = display.paused
            _watch(site, definition, execution_id, wishes, course, display, fresh)
    except TimedOut:
        error = OutcomeError(
            f"execution {execution_id} still runs after {duration(wishes.limit or 0)}",
            "StillRunning",
            site.place.account,
            again,
        )
    except KeyboardInterrupt:
        error = Left("stopped following; the pipeline goes on", "Interrupted", site.place.account, again)
    except Terminated:
        error = Ended("terminated; the pipeline goes on", "Terminated", site.place.account, again)
    except EnvironmentFailure as failed:
        failed.next = f"{failed.next}; {again}" if failed.next else again
        error = failed
    except OutcomeError as refused:
        if course.execution is None:
            raise
        error = refused
    return report(invocation, site, course.execution, error, course.approved)


def _watch(
    site: Site,
    definition: Definition,
    execution_id: str,
    wishes: Wishes,
    course: Course,
    display: Display,
    fresh: bool,
) -> None:
    """Look again and again, and do at gates what is wished."""
    told: set[str] = set()
    still = 0
    watch = Watch(
        site.pace,
        time.monotonic,
        time.sleep,
        wishes.limit,
        lost=lambda error: display.note(f"no answer, trying again: {error}"),
    )
    first = first_look(site.tools, definition, execution_id, watch, fresh=fresh)
    for execution in follow(site.tools, definition, first, watch):
        still = still + 1 if execution == course.execution else 0
        course.execution = execution
        display.show(execution)
        if execution.waiting and wishes.until_approval:
            return
        if execution.waiting and wishes.approve:
            course.approved += _approve(site, execution, wishes.comment, told, display)
        elif execution.waiting:
            _say_how(site, execution, told, display)
        elif still == 2 and not execution.status.final and not _works(execution):
            for line in why_still(site, execution):
                display.note(line)


def _works(execution: Execution) -> bool:
    return any(action.status is ActionStatus.IN_PROGRESS for action in execution.actions)


def _approve(site: Site, execution: Execution, comment: str, told: set[str], display: Display) -> list[Given]:
    """Approve the gates that this execution waits at, as the sign-in; each once, and said before it is done."""
    given = []
    for gate in read_state(site.tools, site.place.name).gates:
        if gate.execution != execution.id or gate.token in told:
            continue
        told.add(gate.token)
        who = _who(site)
        display.note(f"approving {gate.path} as {who}, without a person looking (--approve)")
        answer_gate(site.person, site.place.name, gate, Answer.APPROVED, comment)
        given.append(Given(gate, comment, who))
    return given


def _who(site: Site) -> str:
    """The sign-in's ARN."""
    return str(site.person.call("sts", "GetCallerIdentity")["Arn"])


def _say_how(site: Site, execution: Execution, told: set[str], display: Display) -> None:
    for action in execution.waiting:
        if action.declared.path not in told:
            told.add(action.declared.path)
            display.note(approval_hint(site, action.declared.stage))


def approval_hint(site: Site, stage: str) -> str:
    """How to answer a gate."""
    return f"{stage} waits for approval: crosslane approve {stage}{site.flags}, or reject"


def why_still(site: Site, execution: Execution) -> list[str]:
    """Why an execution stands before a stage: its transition is closed, or another execution is in it."""
    state = read_state(site.tools, site.place.name)
    ahead = [
        stage
        for stage in execution.stages
        if all(action.status is ActionStatus.NOT_RUN for action in execution.of_stage(stage))
    ][:1]
    lines = [
        f"nothing enters {stage}: its transition is disabled" + (f" ({reason})" if reason else "")
        for stage, reason in state.closed
        if stage in ahead
    ]
    for stage, other in state.busy:
        if stage in ahead and other != execution.id:
            lines.append(f"waits until execution {other} has left {stage}")
            lines += [approval_hint(site, stage) for gate in state.gates if gate.stage == stage]
    return lines


def report(
    invocation: Invocation,
    site: Site,
    execution: Execution | None,
    error: CrosslaneError | None,
    approved: Sequence[Given] = (),
    *,
    judged: bool = True,
) -> int:
    """Print how the execution is; returns the exit code. ``judged``: one that is over and no success is an error."""
    now = site.world.now()
    failure = None
    if execution is not None and not isinstance(error, EnvironmentFailure | Left | Ended):
        failure = find_failure(execution, site.tools, site.of_account)
        if error is None and judged:
            error = verdict(execution, failure, site.place.account, site.flags)
    if invocation.json:
        document = execution_document(site.place, execution, error=error, failure=failure, approved=approved, now=now)
        click.echo(json.dumps(document, indent=2))
    elif execution is not None:
        click.echo(execution_text(site.place, execution, now, failure))
        for action in execution.waiting:
            click.echo(f"\n{approval_hint(site, action.declared.stage)}")
    if error is None:
        return DONE
    if failure is None or invocation.json or error.code not in ("ExecutionFailed", "ExecutionRejected"):
        click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
    if error.next:
        click.echo(f"  next: {error.next}", err=True)
    return error.exit_code
