"""``crosslane sign-out``: the end of a sign-in."""

from __future__ import annotations

import json
from pathlib import Path

import click

from crosslane.apply.sign_out import SignedOut, sign_out
from crosslane.cli.desk import Opened, opened_desk, portal_of
from crosslane.cli.options import Invocation, common_options
from crosslane.credentials.sso_cache import SsoSession
from crosslane.errors import DONE, UsageError

EXAMPLES = """\b
Examples:
  crosslane sign-out
  crosslane sign-out --start-url https://my-org.awsapps.com/start
"""


@click.command("sign-out", epilog=EXAMPLES)
@click.option("--start-url", metavar="URL", help="Start URL of the portal.  [default: as with sign-in]")
@click.option("--sso-session", metavar="NAME", help="The sso-session of the AWS config file.")
@common_options
def command(invocation: Invocation, start_url: str | None, sso_session: str | None) -> int:
    """End the sign-in: at the portal, and in the files of this machine.

    The AWS CLI shares the sign-in and is signed out too. Profiles stay, without temporary keys; a user's long-term
    access key stays. Doing it again is no error.
    """
    with opened_desk(invocation) as opened:
        urls = [start_url] if start_url else _start_urls(opened, sso_session)
        cli_cache = None if invocation.sandbox else Path.home() / ".aws" / "cli" / "cache"
        done = sign_out(opened.desk, urls, opened.sessions, cli_cache)
    _report(invocation, done)
    return DONE


def _start_urls(opened: Opened, name: str | None) -> list[str]:
    """The portals of the config's profiles; none where nothing leads to one, for keys may be there all the same."""
    try:
        found = portal_of(opened, start_url=None, sso_region=None, name=name)
    except UsageError:
        if name is not None:
            raise
        return [opened.start_url] if opened.start_url else []
    if isinstance(found, SsoSession):
        return [found.start_url]
    sections = opened.desk.files.sso_sessions()
    used = {
        profile.sso_session
        for account in opened.config.accounts
        if account.profile and (profile := opened.desk.files.profile(account.profile)) is not None
    }
    urls = [sections[one].get("sso_start_url") for one in found if one in used]
    return [url for url in urls if isinstance(url, str)]


def _report(invocation: Invocation, done: SignedOut) -> None:
    if invocation.json:
        document = {
            "ok": True,
            "error": None,
            "tokens": [str(path) for path in done.tokens],
            "ended": list(done.ended),
            "profiles": list(done.profiles),
            "caches": list(done.caches),
            "warnings": list(done.warnings),
        }
        click.echo(json.dumps(document, indent=2))
        return
    for url in done.ended:
        click.echo(f"ended the session at {url}")
    for path in done.tokens:
        click.echo(f"removed the token {path}")
    for name in done.profiles:
        click.echo(f"removed the temporary keys of profile {name}")
    for name in done.caches:
        click.echo(f"removed cached keys of profile {name}")
    for warning in done.warnings:
        click.echo(f"warning: {warning}", err=True)
    if not (done.tokens or done.profiles or done.caches):
        click.echo("nobody was signed in: nothing to remove")
