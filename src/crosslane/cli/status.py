"""``crosslane status``: how the pipeline's latest execution goes."""

from __future__ import annotations

import json

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.cli.pipeline import Wishes, followed, opened_pipeline, report, why_still
from crosslane.errors import DONE
from crosslane.pipeline.model import ActionStatus
from crosslane.pipeline.read import latest_execution, read_definition, read_execution
from crosslane.report.pipeline_document import execution_document

EXAMPLES = """\b
Examples:
  crosslane status
  crosslane status --follow
  crosslane status --execution 3137f7cb-7cf7-039j-s83l-d7eu3EXAMPLE --json
"""


@click.command("status", epilog=EXAMPLES)
@click.option("--follow", is_flag=True, help="Follow it to its end, as run does.")
@click.option("--execution", "execution_id", metavar="ID", help="This execution instead of the latest.")
@click.option("--until-approval", is_flag=True, help="With --follow: be done as soon as it waits for approval.")
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
    invocation: Invocation, follow: bool, execution_id: str | None, until_approval: bool, timeout: float
) -> int:
    """Show the latest execution: stages, actions, what waits, and the first error.

    Without --follow the code is 0 however it went; with it, as of run.
    """
    with opened_pipeline(invocation) as site:
        definition = read_definition(site.tools, site.place.name)
        execution_id = execution_id or latest_execution(site.tools, site.place.name)
        if execution_id is None:
            if invocation.json:
                now = site.world.now()
                nothing = execution_document(site.place, None, error=None, failure=None, approved=(), now=now)
                click.echo(json.dumps(nothing, indent=2))
            else:
                click.echo(f"{site.place.name} has not run yet; crosslane run{site.flags} starts it")
            return DONE
        if follow:
            wishes = Wishes(timeout * 60 or None, until_approval)
            return followed(invocation, site, definition, execution_id, wishes, fresh=False)
        execution = read_execution(site.tools, definition, execution_id)
        code = report(invocation, site, execution, None, judged=False)
        stands = all(action.status is not ActionStatus.IN_PROGRESS for action in execution.actions)
        if stands and not execution.status.final and not invocation.json:
            for line in why_still(site, execution):
                click.echo(f"\n{line}")
        return code
