"""``crosslane credentials``: a ``credential_process`` that gives the deployer's session to any AWS tool.

The cached session is printed without loading config, botocore or anything else: tools call this at every start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.cli.state import state_folder
from crosslane.credentials.secret import Keys
from crosslane.credentials.session_cache import SessionCache, process_output
from crosslane.errors import DONE, UsageError

EXAMPLES = """\b
Examples:
  crosslane credentials tools_admin_deployer | jq .Expiration
In the AWS config file (crosslane up writes it):
  [profile tools_admin_deployer]
  credential_process = /path/crosslane credentials tools_admin_deployer --config /path/my.toml
"""


@click.command("credentials", epilog=EXAMPLES)
@click.argument("profile")
@common_options
def command(invocation: Invocation, profile: str) -> int:
    """Print the credentials of PROFILE as a credential_process does: cached, renewed before they expire.

    It prints secrets, so only to a pipe; a terminal gets an error.
    """
    if sys.stdout.isatty():
        raise UsageError(
            "this prints secrets for a program to read, and stdout is a terminal",
            code="TerminalOutput",
            next=f"use the profile: aws sts get-caller-identity --profile {profile}",
        )
    kept = _kept_offline(invocation) if invocation.sandbox else (_sessions(invocation.config_path), _utc)
    make = partial(_new, invocation, profile)
    click.echo(process_output(make() if kept is None else kept[0].current(profile, make, now=kept[1])))
    return DONE


def _utc() -> datetime:
    return datetime.now(UTC)


def _sessions(config_path: Path) -> SessionCache:
    return SessionCache(state_folder(config_path) / "sessions")


def _kept_offline(invocation: Invocation) -> tuple[SessionCache, Callable[[], datetime]] | None:
    """The kept sandbox's sessions and its own clock."""
    from crosslane.sandbox.lifecycle import clock_of, find

    running = find(invocation.load_config())
    return None if running is None else (SessionCache(running.directory / "sessions"), clock_of(running.clock_file))


def _new(invocation: Invocation, profile: str) -> Keys:
    """Called by one of several callers while the others wait, so that they need not load all of this too."""
    from crosslane.cli.opening import opened
    from crosslane.cli.sessions import held_key, new_session

    with opened(invocation) as world:
        if (world.ring or world.left_ring) is not None and profile in world.keys.values():
            return held_key(world, profile)
        profiles = {state.session_profile.name: state.session_profile for state in world.desired.bootstraps}
        if profile not in profiles:
            raise UsageError(
                f"crosslane gives no credentials for profile {profile}, only for {', '.join(profiles)}",
                code="UnknownProfile",
                next="name one of these profiles, or another config with --config",
            )
        return new_session(world, profiles[profile])
