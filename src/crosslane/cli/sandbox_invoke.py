"""``crosslane sandbox invoke``: runs a function that was deployed in the kept sandbox."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.errors import NOT_SO, OutcomeError, UsageError


@click.command("invoke")
@click.argument("function", metavar="FUNCTION")
@click.option("--account", metavar="NAME", help="Look in this account only.")
@click.option("--payload", default="{}", metavar="JSON", help="The event; - reads it from standard input.")
@common_options
@click.pass_context
def invoke(context: click.Context, invocation: Invocation, *, function: str, account: str | None, payload: str) -> None:
    """Run a function in the kept sandbox and print its answer.

    FUNCTION is its name, its logical id in a stack, or an output of a stack. -v shows its log. The exit code is 1 if
    the function fails.

    \b
    Examples:
      crosslane sandbox invoke Function --account prod --payload '{"rawPath": "/"}'
      crosslane sandbox invoke FunctionName --account test --payload - < event.json
    """
    from crosslane.sandbox import lifecycle
    from crosslane.sandbox.functions.call import find_function
    from crosslane.sandbox.functions.call import invoke as call

    config = invocation.load_config()
    names = [known.name for known in config.accounts]
    if account is not None and account not in names:
        raise UsageError(f"the config has no account {account}", "UnknownAccount", next=f"one of {', '.join(names)}")
    event = _event(payload)
    running = lifecycle.find(config)
    if running is None:
        raise OutcomeError("no sandbox of this config is running", "NoSandbox", next="crosslane sandbox start --detach")
    region = config.pipeline.region
    accounts = [known for known in config.accounts if account in (None, known.name)]
    found = find_function(running, region, accounts, function)
    answer = call(running, region, config.account(found.account), found, event)
    if invocation.verbose:
        click.echo(f"{found.name} in {found.account} ({found.by})", err=True)
        click.echo("\n".join(answer.log), err=True)
    if invocation.json:
        told = _error(answer.payload) if answer.error else None
        click.echo(
            json.dumps(
                {
                    "ok": answer.error is None,
                    "error": told and {**told, "account": found.account},
                    "function": found.name,
                    "account": found.account,
                    "payload": answer.payload,
                    "log": list(answer.log),
                }
            )
        )
    else:
        click.echo(json.dumps(answer.payload, ensure_ascii=False))
    if answer.error:
        if not invocation.json:
            click.echo(f"the function failed ({answer.error})", err=True)
        context.exit(NOT_SO)


def _event(payload: str) -> bytes:
    text = sys.stdin.read() if payload == "-" else payload
    try:
        json.loads(text)
    except ValueError as error:
        raise UsageError(f"the payload is no JSON: {error}", "BadPayload", next="--payload '{}'") from error
    return text.encode()


def _error(payload: Any) -> dict[str, Any]:
    """A function's error in the form that all commands tell errors in."""
    shown = payload if isinstance(payload, dict) else {}
    return {
        "code": str(shown.get("errorType", "Unhandled")),
        "message": str(shown.get("errorMessage", "")),
        "next": "crosslane sandbox invoke … -v shows the log",
    }
