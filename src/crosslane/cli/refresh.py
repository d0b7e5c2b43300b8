"""``crosslane refresh``: a new session of the deployer now, whatever the old one has left."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC

import click

from crosslane.cli.options import Invocation, common_options, mfa_code_option
from crosslane.errors import DONE, UsageError

EXAMPLES = """\b
Examples:
  crosslane refresh          # all bootstrapped accounts
  crosslane refresh tools
"""


@click.command("refresh", epilog=EXAMPLES)
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@mfa_code_option
@common_options
def command(invocation: Invocation, accounts: tuple[str, ...], mfa_code: str | None) -> int:
    """Renew the deployer's session and the profile that gives it."""
    invocation = replace(invocation, mfa_code=mfa_code)
    from crosslane.cli.opening import opened
    from crosslane.cli.sessions import renewed_session

    with opened(invocation) as world:
        known = {state.account: state.session_profile for state in world.desired.bootstraps}
        for name in accounts:
            if name not in known:
                raise UsageError(
                    f"{name} has no deployer; bootstrapped are {', '.join(known)}",
                    code="UnknownAccount",
                    next="name one of these, or add it to [bootstrap] accounts",
                )
        renewed = {name: renewed_session(world, known[name]) for name in accounts or known}
        now = world.now()
    sessions = [
        {
            "account": name,
            "profile": known[name].name,
            "expires": keys.expires.astimezone(UTC).isoformat() if keys.expires else None,
        }
        for name, keys in renewed.items()
    ]
    if invocation.json:
        click.echo(json.dumps({"ok": True, "error": None, "sessions": sessions}))
        return DONE
    for name, keys in renewed.items():
        left = int((keys.expires - now).total_seconds() / 60) if keys.expires else 0
        click.echo(f"{known[name].name}: a new session, good for {left} minutes")
    return DONE
