"""``crosslane deploy``: the script's half of ``up``."""

from __future__ import annotations

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.cli.running import adopt_option, run_up, static_option
from crosslane.plan.up import Scope

EXAMPLES = """\b
Examples:
  crosslane bootstrap && crosslane deploy
"""


@click.command("deploy", epilog=EXAMPLES)
@adopt_option
@static_option
@common_options
def command(invocation: Invocation, adopt: bool, static: bool) -> int:
    """Deploy the pipeline's stacks with the profiles that bootstrap made."""
    return run_up(invocation, Scope(bootstrap=False, adopt=adopt), static=static)
