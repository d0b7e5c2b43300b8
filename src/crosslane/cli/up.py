"""``crosslane up``: everything, from nothing to a verified pipeline; again and again without harm."""

from __future__ import annotations

from dataclasses import replace

import click

from crosslane.cli.options import Invocation, common_options, mfa_code_option
from crosslane.cli.running import adopt_option, oidc_option, run_up, static_option, write_oidc
from crosslane.plan.up import Scope

EXAMPLES = """\b
Examples:
  crosslane up --sandbox      # offline, no AWS account needed
  crosslane plan && crosslane up
  crosslane up --json > result.json
  crosslane up --oidc github:octo-org/octo-repo@branch:main
"""


@click.command("up", epilog=EXAMPLES)
@adopt_option
@static_option
@oidc_option
@mfa_code_option
@common_options
def command(invocation: Invocation, adopt: bool, static: bool, oidc: str | None, mfa_code: str | None) -> int:
    """Make the deployer, deploy the pipeline's stacks, verify the result.

    A second run finds nothing to do. A run that was cut off goes on from where it was.
    """
    invocation = replace(invocation, mfa_code=mfa_code)
    write_oidc(invocation, oidc)
    return run_up(invocation, Scope(adopt=adopt), static=static)
