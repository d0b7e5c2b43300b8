"""``crosslane up``: everything, from nothing to a verified pipeline; again and again without harm."""

from __future__ import annotations

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.cli.running import run_up
from crosslane.plan.up import Scope

EXAMPLES = """\b
Examples:
  crosslane up --sandbox      # offline, no AWS account needed
  crosslane plan && crosslane up
  crosslane up --json > result.json
"""


@click.command("up", epilog=EXAMPLES)
@click.option("--adopt", is_flag=True, help="Take over things of the same name that no pipeline holds.")
@click.option("--static", is_flag=True, help="Store the session's keys in its profile, as the guide does.")
@common_options
def command(invocation: Invocation, adopt: bool, static: bool) -> int:
    """Make the deployer, deploy the pipeline's stacks, verify the result.

    A second run finds nothing to do. A run that was cut off goes on from where it was.
    """
    return run_up(invocation, Scope(adopt=adopt), static=static)
