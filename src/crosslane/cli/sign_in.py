"""``crosslane sign-in``: profiles for the config's accounts, from IAM Identity Center or from a pasted block."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from crosslane.apply.outcome import Outcome
from crosslane.apply.sign_in import SignedIn, sign_in
from crosslane.cli.browser import has_browser, open_browser
from crosslane.cli.desk import Opened, opened_desk, portal_of, wanted_accounts
from crosslane.cli.options import Invocation, common_options
from crosslane.credentials.authorization import Invitation, Person
from crosslane.credentials.sso_cache import SsoSession, SsoToken
from crosslane.errors import DONE, UsageError
from crosslane.report.document import error_document

EXAMPLES = """\b
Examples:
  crosslane sign-in                       # all accounts, one approval in the browser
  crosslane sign-in dev --permission-set PowerUserAccess
  crosslane sign-in --device              # no browser here: a code to enter elsewhere
  crosslane sign-in --paste tools         # paste the block that the portal shows
  crosslane sign-in --sandbox --yes       # offline; approves by itself
"""


@click.command("sign-in", epilog=EXAMPLES)
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--start-url", metavar="URL", help="Start URL of the portal.  [default: the config's]")
@click.option("--sso-region", metavar="REGION", help="Region of IAM Identity Center.  [default: the config's]")
@click.option("--sso-session", metavar="NAME", help="Use this sso-session of the AWS config file.")
@click.option("--permission-set", metavar="NAME", help="Permission set to use.  [default: the config's, or asked for]")
@click.option("--device", is_flag=True, help="Show a code to enter in a browser on any machine.")
@click.option("--browser/--no-browser", default=None, help="Open a browser, or only print the address.")
@click.option("--static", is_flag=True, help="Store temporary keys in the profiles instead of the session's name.")
@click.option("--paste", is_flag=True, help="Read the portal's block of keys from standard input instead.")
@click.option("--adopt", is_flag=True, help="Take over profiles that crosslane did not make.")
@common_options
def command(
    invocation: Invocation,
    accounts: tuple[str, ...],
    start_url: str | None,
    sso_region: str | None,
    sso_session: str | None,
    permission_set: str | None,
    device: bool,
    browser: bool | None,
    static: bool,
    paste: bool,
    adopt: bool,
) -> int:
    """Write profiles that are signed in: to all accounts of the config, or those named.

    The sign-in is that of `aws sso login`: both tools share it. Identity and account of each profile are checked.
    """
    if paste:
        from crosslane.cli.sign_in_paste import run_paste

        _refuse_beside_paste(start_url, sso_region, sso_session, permission_set, device, accounts)
        return run_paste(invocation, accounts[0] if accounts else None, adopt=adopt)
    with opened_desk(invocation, adopt=adopt, static=static) as opened:
        opened.desk.files.refuse_unreadable()
        wanted = wanted_accounts(opened, accounts)
        session = portal_of(opened, start_url=start_url, sso_region=sso_region, name=sso_session)
        if not isinstance(session, SsoSession):
            chosen = _choose_session(invocation, session)
            session = portal_of(opened, start_url=start_url, sso_region=sso_region, name=chosen)
            assert isinstance(session, SsoSession)
        person = person_of(invocation, opened, device=device, browser=browser)
        token, results = sign_in(
            opened.desk,
            session,
            wanted,
            permission_set=permission_set or opened.config.sign_in.permission_set,
            person=person,
            ask=_ask if may_ask(invocation) else None,
        )
        _report(invocation, opened, session, token, results)
    failed = next((result.error for result in results if result.error is not None), None)
    return failed.exit_code if failed is not None else DONE


def may_ask(invocation: Invocation) -> bool:
    """Whether there is a person to ask: only on a terminal, and not with ``--yes``."""
    return not invocation.yes and sys.stdin.isatty() and sys.stderr.isatty()


def _refuse_beside_paste(
    start_url: str | None,
    sso_region: str | None,
    sso_session: str | None,
    permission_set: str | None,
    device: bool,
    accounts: Sequence[str],
) -> None:
    given = {
        "--start-url": start_url,
        "--sso-region": sso_region,
        "--sso-session": sso_session,
        "--permission-set": permission_set,
        "--device": device,
    }
    beside = [flag for flag, value in given.items() if value]
    if beside:
        raise UsageError(
            f"{' and '.join(beside)} cannot be used with --paste: the pasted keys have all that it takes",
            code="BadFlag",
            next=f"leave {' and '.join(beside)} out",
        )
    if len(accounts) > 1:
        raise UsageError(
            "a pasted block is of one account",
            code="BadFlag",
            next="name one account, or none to find it by the keys",
        )


def person_of(invocation: Invocation, opened: Opened, *, device: bool, browser: bool | None) -> Person:
    """How the person is reached. In a sandbox a browser is opened only when asked for; ``--yes`` approves there."""
    sandboxed = opened.kept_sandbox is not None
    here = has_browser(os.environ)
    opening = browser if browser is not None else here and not sandboxed
    approves = sandboxed and invocation.yes

    def invite(invitation: Invitation) -> None:
        if approves:
            from crosslane.sandbox.identity_center.approval import approve

            click.echo("--yes: approves the sign-in itself, as the sandbox's person at the browser", err=True)
            approve(invitation.complete_url)
            return
        opened_it = opening and open_browser(invitation.complete_url)
        first = "a browser was opened; if it shows nothing, open" if opened_it else "to sign in, open"
        click.echo(f"{first}\n  {invitation.url}", err=True)
        if invitation.user_code is not None:
            click.echo(f"and enter the code\n  {invitation.user_code}", err=True)
            if invitation.complete_url != invitation.url:
                click.echo(f"or open, with the code filled in\n  {invitation.complete_url}", err=True)
        if sandboxed:
            click.echo("(this is the sandbox: nobody has to be known there, the page asks yes or no)", err=True)

    return Person(invite, device=device or not (here or sandboxed or browser is not None))


def _choose_session(invocation: Invocation, names: Sequence[str]) -> str:
    if not may_ask(invocation):
        raise UsageError(
            f"there is a choice of portals: {', '.join(names)}",
            code="SsoSessionNeeded",
            next=f"add --sso-session {names[0]}, or start_url and region under [sign_in] in the config",
        )
    return str(click.prompt("Which sso-session?", type=click.Choice(list(names)), default=names[0], err=True))


def _ask(accounts: Sequence[str], sets: Sequence[str]) -> str:
    text = f"Which permission set in {', '.join(accounts)}?"
    return str(click.prompt(text, type=click.Choice(list(sets)), default=sets[0], err=True))


def _report(
    invocation: Invocation, opened: Opened, session: SsoSession, token: SsoToken, results: Sequence[SignedIn]
) -> None:
    errors = [result.error for result in results if result.error is not None]
    if invocation.json:
        document = {
            "ok": not errors,
            "error": error_document(errors[0]) if errors else None,
            "session": {
                "name": session.name,
                "start_url": session.start_url,
                "region": session.region,
                "expires": _instant(token.expires),
                "renewable": token.refresh_token is not None,
            },
            "accounts": [account_document(result) for result in results],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        lasts = "renews itself" if token.refresh_token is not None else f"until {token.expires.astimezone():%H:%M}"
        click.echo(f"signed in to {session.start_url} (sso-session {session.name}, {lasts})")
        for line in account_lines(results):
            click.echo(line)
    for error in errors:
        where = f" (account {error.account})" if error.account else ""
        click.echo(f"{click.style('error:', fg='red', bold=True)} {error}{where}", err=True)
        if error.next:
            click.echo(f"  next: {error.next}", err=True)
    if opened.kept_sandbox is False:
        click.echo("the sandbox of this command ends with it, and the sign-in too", err=True)
        click.echo("  next: crosslane sandbox start --detach   keeps one", err=True)


def account_document(result: SignedIn) -> dict[str, Any]:
    """An account in ``--json``."""
    return {
        "name": result.account.name,
        "id": result.account.id,
        "profile": result.account.profile,
        "permission_set": result.permission_set,
        "arn": result.arn,
        "outcome": str(result.outcome),
        "expires": _instant(result.expires),
        "error": error_document(result.error),
    }


def account_lines(results: Sequence[SignedIn]) -> list[str]:
    """A line for each account that worked."""
    good = [result for result in results if result.outcome is not Outcome.FAILED]
    widest = max((len(result.account.name) for result in good), default=0)
    return [
        f"  {result.account.name:<{widest}}  {result.account.id}  profile {result.account.profile} {result.outcome}"
        f"  as {result.arn}"
        for result in good
    ]


def _instant(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
