"""``crosslane rotate``: a new access key for the user of each bootstrapped account."""

from __future__ import annotations

import json

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.errors import DONE, OutcomeError, UsageError

EXAMPLES = """\b
Examples:
  crosslane rotate             # new key, proven; the old one is deactivated
  crosslane rotate --finish    # some days later: delete the old one
"""


@click.command("rotate", epilog=EXAMPLES)
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--finish", "finishing", is_flag=True, help="Delete the key that the last rotation deactivated.")
@common_options
def command(invocation: Invocation, accounts: tuple[str, ...], finishing: bool) -> int:
    """Make a new access key, prove it with a call, and deactivate the old one.

    A rotation that was cut off goes on where it was. There is a working key at every moment.
    """
    from crosslane.apply.progress import Silent
    from crosslane.apply.rotation import finish, rotate
    from crosslane.cli.applying import hands_of
    from crosslane.cli.opening import opened

    with opened(invocation) as world:
        known = {
            state.account: state.key_profile for state in world.desired.bootstraps if state.key_profile is not None
        }
        if not known:
            raise OutcomeError(
                "there are no access keys: the mode is keyless", code="NoKeyToRotate", next="nothing is to be done"
            )
        unknown = [name for name in accounts if name not in known]
        if unknown:
            raise UsageError(
                f"{unknown[0]} has no access key of crosslane; {', '.join(known)} have", code="UnknownAccount"
            )
        hands = hands_of(world, Silent())
        act = finish if finishing else rotate
        done = [act(known[name], hands) for name in accounts or known]
    if invocation.json:
        rotations = [
            {
                "account": one.account,
                "profile": one.profile,
                "new": one.new,
                "retired": one.retired,
                "deleted": list(one.deleted),
            }
            for one in done
        ]
        click.echo(json.dumps({"ok": True, "error": None, "rotations": rotations}))
        return DONE
    for one in done:
        parts = [f"new key {one.new}" if one.new else "", f"{one.retired} deactivated" if one.retired else ""]
        parts.append(f"{', '.join(one.deleted)} deleted" if one.deleted else "")
        click.echo(f"{one.profile}: {', '.join(part for part in parts if part) or 'nothing to do'}")
    if not finishing:
        click.echo("next: crosslane rotate --finish, once nothing uses the old key any more")
    return DONE
