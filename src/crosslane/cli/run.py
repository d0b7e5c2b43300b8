"""``crosslane run``: start the pipeline and follow it."""

from __future__ import annotations

import uuid

import click

from crosslane.cli.choosing import tip, under_way
from crosslane.cli.following import Wishes, comment_of, followed
from crosslane.cli.options import Invocation, common_options
from crosslane.cli.pipeline import Site, opened_pipeline, report
from crosslane.errors import DONE, UsageError
from crosslane.pipeline.model import Execution, ExecutionStatus
from crosslane.pipeline.read import read_definition
from crosslane.pipeline.start import check_commit, start

EXAMPLES = """\b
Examples:
  crosslane run                          # the branch's tip; follows until it is over
  crosslane run --commit "$(git rev-parse HEAD)"
  crosslane run --until-approval         # done as soon as somebody has to approve
  crosslane run --no-follow --json
"""


@click.command("run", epilog=EXAMPLES)
@click.option("--commit", metavar="ID", help="Run this commit (40 digits) instead of the branch's tip.")
@click.option("--branch", metavar="NAME", help="Run the tip of this branch of the repository.")
@click.option("--new", is_flag=True, help="Start one even if an execution of the same commit is under way.")
@click.option("--follow/--no-follow", default=True, help="Follow it to its end, or only start it.")
@click.option("--until-approval", is_flag=True, help="Be done, with code 0, as soon as it waits for approval.")
@click.option("--approve", is_flag=True, help="Approve every stage by itself, as your sign-in; it says so each time.")
@click.option("--comment", metavar="TEXT", help="The comment of --approve.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="MINUTES",
    help="Follow no longer than this; 0 is without end. The pipeline goes on.",
)
@common_options
def command(
    invocation: Invocation,
    commit: str | None,
    branch: str | None,
    new: bool,
    follow: bool,
    until_approval: bool,
    approve: bool,
    comment: str | None,
    timeout: float,
) -> int:
    """Start the pipeline and follow it: stages, actions, and the first error with its log.

    If the commit is under way already, because it was pushed just now, that execution is followed.

    Code 0 only if it succeeded (or was just started, or waits as --until-approval wants it); 1 if it failed, was
    rejected, stopped or superseded, or is not over in time. Ctrl-C leaves it running.
    """
    _refuse(commit, branch, follow, until_approval, approve, comment)
    wishes = Wishes(timeout * 60 or None, until_approval, approve, comment_of(comment))
    commit = check_commit(commit) if commit is not None else None
    with opened_pipeline(invocation) as site:
        definition = read_definition(site.tools, site.place.name)
        if branch is not None:
            commit = tip(site, branch)
        execution_id = None if new else under_way(site, commit)
        fresh = execution_id is None
        if execution_id is None:
            execution_id = start(site.tools, definition, commit=commit, token=lambda: str(uuid.uuid4()))
            click.echo(f"started execution {execution_id} of {site.place.name}", err=True)
        if follow:
            return followed(invocation, site, definition, execution_id, wishes, fresh=fresh)
        return started(invocation, site, execution_id)


def started(invocation: Invocation, site: Site, execution_id: str) -> int:
    """Say that it was started, without asking how it goes."""
    if invocation.json:
        begun = Execution(site.place.name, execution_id, ExecutionStatus.IN_PROGRESS, "", "", (), (), ())
        return report(invocation, site, begun, None)
    click.echo(f"crosslane status --follow --execution {execution_id}{site.flags} follows it")
    return DONE


def _refuse(
    commit: str | None, branch: str | None, follow: bool, until_approval: bool, approve: bool, comment: str | None
) -> None:
    """``UsageError`` for options that contradict each other."""
    pairs = (
        (commit is not None and branch is not None, "--commit and --branch both say what to run"),
        (approve and until_approval, "--approve and --until-approval exclude each other"),
        (approve and not follow, "--approve has to follow the execution to its gates"),
        (until_approval and not follow, "--until-approval has to follow the execution"),
        (comment is not None and not approve, "--comment belongs to --approve"),
    )
    for wrong, why in pairs:
        if wrong:
            raise UsageError(why, code="BadFlag", next="crosslane run --help")
