"""``crosslane sign-in --paste``: the portal's block of keys, checked, into the profile of its account."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator

import click

from crosslane.apply.sign_in import SignedIn, paste
from crosslane.cli.desk import opened_desk, wanted_accounts
from crosslane.cli.options import Invocation
from crosslane.credentials.paste import MOST_CHARACTERS, complete, parse_keys
from crosslane.errors import DONE, UsageError


def run_paste(invocation: Invocation, name: str | None, *, adopt: bool) -> int:
    """Read, check, store, say what was done."""
    with opened_desk(invocation, adopt=adopt, static=True) as opened:
        opened.desk.files.refuse_unreadable()
        accounts = wanted_accounts(opened, [name] if name else [])
        keys = parse_keys(_read())
        result = paste(opened.desk, accounts, keys)
    _report(invocation, result)
    return DONE


def _read() -> str:
    """Standard input; of a terminal, without echo, and only until the block is whole."""
    if not sys.stdin.isatty():
        try:
            return sys.stdin.read(MOST_CHARACTERS + 1)
        except UnicodeDecodeError:
            raise UsageError("standard input is no UTF-8 text", code="NoKeysPasted") from None
    click.echo("paste the portal's block of keys, then Enter (it is not shown; an empty line twice ends it)", err=True)
    with _no_echo():
        text, empty = "", 0
        while empty < 2 and not complete(text) and len(text) <= MOST_CHARACTERS:
            line = sys.stdin.readline()
            if not line:
                break
            empty = empty + 1 if text and not line.strip() else 0
            text += line
    click.echo(err=True)
    return text


@contextlib.contextmanager
def _no_echo() -> Iterator[None]:
    """Keep the terminal from showing what is typed. What is left over is dropped, so that no shell gets to see it."""
    try:
        import termios
    except ImportError:
        raise UsageError(
            "this terminal cannot hide what is pasted", code="NoHiddenInput", next="pipe the block into the command"
        ) from None
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    hidden = list(before)
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _report(invocation: Invocation, result: SignedIn) -> None:
    from crosslane.cli.sign_in import account_document, account_lines

    if invocation.json:
        document = {"ok": True, "error": None, "session": None, "accounts": [account_document(result)]}
        click.echo(json.dumps(document, indent=2))
        return
    for line in account_lines([result]):
        click.echo(line.strip())
    click.echo("the keys do not say when they end; paste new ones when AWS answers ExpiredToken")
