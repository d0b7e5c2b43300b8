"""``crosslane status``: how the pipeline's latest execution goes."""

from __future__ import annotations

import json

import click

from crosslane.cli.choosing import latest_to_follow, of_commit
from crosslane.cli.following import Wishes, comment_of, followed
from crosslane.cli.options import Invocation, common_options
from crosslane.cli.pipeline import Site, held, opened_pipeline, report
from crosslane.errors import DONE, UsageError
from crosslane.pipeline.read import latest_execution, read_definition, read_execution
from crosslane.pipeline.start import check_commit
from crosslane.report.pipeline_document import execution_document

EXAMPLES = """\b
Examples:
  crosslane status
  git push && crosslane status --follow
  crosslane status --follow --commit "$(git rev-parse HEAD)"
  crosslane status --execution 3137f7cb-7cf7-039j-s83l-d7eu3EXAMPLE --json
"""


@click.command("status", epilog=EXAMPLES)
@click.option("--follow", is_flag=True, help="Follow it to its end, as run does.")
@click.option("--execution", "execution_id", metavar="ID", help="This execution instead of the latest.")
@click.option("--commit", metavar="ID", help="The newest execution of this commit (40 digits).")
@click.option("--until-approval", is_flag=True, help="With --follow: be done as soon as it waits for approval.")
@click.option("--approve", is_flag=True, help="With --follow: approve every stage by itself, as run does.")
@click.option("--comment", metavar="TEXT", help="The comment of --approve.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="MINUTES",
    help="Follow no longer than this; 0 is without end.",
)
@common_options
def command(
    invocation: Invocation,
    follow: bool,
    execution_id: str | None,
    commit: str | None,
    until_approval: bool,
    approve: bool,
    comment: str | None,
    timeout: float,
) -> int:
    """Show the latest execution: stages, actions, what waits, and the first error.

    With --follow, right after a push, it is the execution that the push starts, which is waited for.

    Without --follow the code is 0 however it went; with it, as of run.
    """
    _refuse(follow, execution_id, commit, until_approval, approve, comment)
    wishes = Wishes(timeout * 60 or None, until_approval, approve, comment_of(comment))
    commit = check_commit(commit) if commit is not None else None
    with opened_pipeline(invocation) as site:
        definition = read_definition(site.tools, site.place.name)
        execution_id = execution_id or _chosen(site, commit, follow)
        if execution_id is None:
            return _never_ran(invocation, site)
        if follow:
            return followed(invocation, site, definition, execution_id, wishes, fresh=False)
        execution = read_execution(site.tools, definition, execution_id)
        return report(invocation, site, execution, None, stood=held(site, execution), judged=False)


def _chosen(site: Site, commit: str | None, follow: bool) -> str | None:
    """The execution of the commit, or the latest; a push's is waited for only to follow it."""
    if commit is not None:
        return of_commit(site, commit, wait=follow)
    return latest_to_follow(site) if follow else latest_execution(site.tools, site.place.name)


def _never_ran(invocation: Invocation, site: Site) -> int:
    if invocation.json:
        click.echo(
            json.dumps(execution_document(site.place, None, error=None, failure=None, now=site.world.now()), indent=2)
        )
    else:
        click.echo(f"{site.place.name} has not run yet; crosslane run{site.flags} starts it")
    return DONE


def _refuse(
    follow: bool, execution_id: str | None, commit: str | None, until_approval: bool, approve: bool, comment: str | None
) -> None:
    """``UsageError`` for options that contradict each other."""
    pairs = (
        (execution_id is not None and commit is not None, "--execution and --commit both say which one is meant"),
        (approve and until_approval, "--approve and --until-approval exclude each other"),
        (until_approval and not follow, "--until-approval belongs to --follow"),
        (approve and not follow, "--approve belongs to --follow"),
        (comment is not None and not approve, "--comment belongs to --approve"),
    )
    for wrong, why in pairs:
        if wrong:
            raise UsageError(why, code="BadFlag", next="crosslane status --help")
