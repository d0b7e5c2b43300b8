"""``crosslane deploy``: the script's half of ``up``."""

from __future__ import annotations

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.cli.running import run_up
from crosslane.plan.up import Scope

EXAMPLES = """\b
Examples:
  crosslane bootstrap && crosslane deploy
"""


@click.command("deploy", epilog=EXAMPLES)
@click.option("--adopt", is_flag=True, help="Take over things of the same name that no pipeline holds.")
@click.option("--static", is_flag=True, help="Store the session's keys in its profile, as the guide does.")
@common_options
def command(invocation: Invocation, adopt: bool, static: bool) -> int:
    """Deploy the pipeline's stacks with the profiles that bootstrap made."""
    return run_up(invocation, Scope(bootstrap=False, adopt=adopt), static=static)
