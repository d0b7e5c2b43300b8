"""``crosslane bootstrap``: the guide's half of ``up``."""

from __future__ import annotations

from dataclasses import replace

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.cli.running import oidc_option, run_up, write_oidc
from crosslane.plan.up import Scope

EXAMPLES = """\b
Examples:
  crosslane bootstrap
  aws sts get-caller-identity --profile tools_admin_deployer
  crosslane bootstrap --oidc github:octo-org/octo-repo@branch:main
"""


@click.command("bootstrap", epilog=EXAMPLES)
@click.option("--adopt", is_flag=True, help="Take over things of the same name that no pipeline holds.")
@click.option("--static", is_flag=True, help="Store the session's keys in its profile, as the guide does.")
@oidc_option
@click.option("--mfa-code", metavar="CODE", help="A code of the user's MFA device, if its role asks for one.")
@common_options
def command(invocation: Invocation, adopt: bool, static: bool, oidc: str | None, mfa_code: str | None) -> int:
    """Make user, policies, role, key and profiles of each bootstrapped account."""
    invocation = replace(invocation, mfa_code=mfa_code)
    write_oidc(invocation, oidc)
    return run_up(invocation, Scope(deploy=False, adopt=adopt), static=static)
