"""``crosslane bootstrap``: the guide's half of ``up``."""

from __future__ import annotations

from dataclasses import replace

import click

from crosslane.cli.options import Invocation, common_options, mfa_code_option
from crosslane.cli.running import adopt_option, oidc_option, run_up, static_option, write_oidc
from crosslane.plan.up import Scope

EXAMPLES = """\b
Examples:
  crosslane bootstrap
  aws sts get-caller-identity --profile tools_admin_deployer
  crosslane bootstrap --oidc github:octo-org/octo-repo@branch:main
"""


@click.command("bootstrap", epilog=EXAMPLES)
@adopt_option
@static_option
@oidc_option
@mfa_code_option
@common_options
def command(invocation: Invocation, adopt: bool, static: bool, oidc: str | None, mfa_code: str | None) -> int:
    """Make user, policies, role, key and profiles of each bootstrapped account."""
    invocation = replace(invocation, mfa_code=mfa_code)
    write_oidc(invocation, oidc)
    return run_up(invocation, Scope(deploy=False, adopt=adopt), static=static)
