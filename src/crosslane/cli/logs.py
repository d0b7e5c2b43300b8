"""``crosslane logs``: what a build, or a deployment, said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.cli.pipeline import Site, opened_pipeline
from crosslane.errors import DONE, EnvironmentFailure, OutcomeError, UsageError
from crosslane.pipeline.follow import Watch, patiently
from crosslane.pipeline.logs import Line, account_of, log_of, logged_action, stack_events
from crosslane.pipeline.model import Action, ActionStatus, Definition
from crosslane.pipeline.read import latest_execution, read_actions, read_definition, read_execution

EXAMPLES = """\b
Examples:
  crosslane logs                              # the build of the latest execution
  crosslane logs --follow
  crosslane logs DeployToTest                 # the events of its stack
  crosslane logs --build sample-lambda:0f2c…
"""


@click.command("logs", epilog=EXAMPLES)
@click.argument("action", required=False, metavar="[ACTION]")
@click.option("--execution", "execution_id", metavar="ID", help="Of this execution instead of the latest.")
@click.option("--build", "build_id", metavar="ID", help="The log of this build of CodeBuild.")
@click.option("--follow", is_flag=True, help="Go on until it is over.")
@click.option("--timestamps", is_flag=True, help="Put each line's time (UTC) before it.")
@common_options
def command(
    invocation: Invocation,
    action: str | None,
    execution_id: str | None,
    build_id: str | None,
    follow: bool,
    timestamps: bool,
) -> int:
    """Print the build's log, or the events of a stack that an action deployed.

    ACTION is an action, STAGE/ACTION, or a stage; without it, the build.
    """
    if build_id is not None and (action is not None or execution_id is not None):
        raise UsageError("--build says already which log is meant", code="BadFlag", next="crosslane logs --help")
    with opened_pipeline(invocation) as site:
        source = None if build_id is not None else _source(site, action, execution_id)
        lines: list[Line] = []
        for line in _lines(site, source, build_id, follow):
            lines.append(line)
            if not invocation.json:
                click.echo(f"{line.time:%Y-%m-%dT%H:%M:%S.%fZ} {line.text}" if timestamps else line.text)
        if invocation.json:
            click.echo(json.dumps(_document(source, build_id, lines), indent=2))
        elif not lines:
            click.echo("nothing was said yet", err=True)
    return DONE


@dataclass(frozen=True, slots=True)
class Source:
    """The action whose lines are meant, and where it is from."""

    definition: Definition
    execution: str
    action: Action


def _source(site: Site, name: str | None, execution_id: str | None) -> Source:
    """The action that is named, of the execution that is named or the latest."""
    definition = read_definition(site.tools, site.place.name)
    execution_id = execution_id or latest_execution(site.tools, site.place.name)
    if execution_id is None:
        raise OutcomeError(
            f"{site.place.name} has not run yet", "NoLog", site.place.account, f"crosslane run{site.flags}"
        )
    execution = read_execution(site.tools, definition, execution_id)
    return Source(definition, execution_id, logged_action(execution, name, site.place.account))


def _lines(site: Site, source: Source | None, build_id: str | None, follow: bool) -> Iterator[Line]:
    """The lines as they come."""
    watch = site.watch(_say_lost)
    if source is not None and source.action.declared.is_stack:
        yield from _events(site, source, follow, watch)
        return
    wanted = build_id or (source.action.external_id if source is not None else "")
    if not wanted:
        raise OutcomeError("the build has no log yet", "NoLog", site.place.account, "run it again in a moment")
    pieces = log_of(
        site.tools, wanted, following=follow, patiently=partial(patiently, watch=watch), pauses=_pauses(watch)
    )
    for piece in pieces:
        yield from piece


def _events(site: Site, source: Source, follow: bool, watch: Watch) -> Iterator[Line]:
    """The events of the action's stack; if following, until the action is over."""
    account = account_of(source.action)
    caller = site.tools if account is None else site.of_account(account)
    if caller is None:
        raise OutcomeError(f"the config has no account {account}, in which the stack is", "UnknownAccount")
    action, told = source.action, 0
    while True:
        lines = patiently(partial(stack_events, caller, action), watch)
        yield from lines[told:]
        told = max(told, len(lines))
        if not follow or action.status is not ActionStatus.IN_PROGRESS:
            return
        watch.sleep(watch.pace.longest)
        actions = patiently(partial(read_actions, site.tools, source.definition, source.execution), watch)
        action = next(one for one in actions if one.declared == source.action.declared)


def _say_lost(error: EnvironmentFailure) -> None:
    click.echo(f"no answer, trying again: {error}", err=True)


def _pauses(watch: Watch) -> Iterator[float]:
    """Sleeps whenever the next one is asked for."""
    while True:
        watch.sleep(watch.pace.longest / 2)
        yield watch.now()


def _document(source: Source | None, build_id: str | None, lines: list[Line]) -> dict[str, object]:
    return {
        "ok": True,
        "error": None,
        "execution": None if source is None else source.execution,
        "stage": None if source is None else source.action.declared.stage,
        "action": None if source is None else source.action.declared.name,
        "source": build_id or (source.action.external_id if source is not None else None) or None,
        "lines": [{"time": line.time.isoformat(), "text": line.text} for line in lines],
    }
