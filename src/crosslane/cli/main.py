"""The program: finds the command, runs it, and turns what went wrong into one line and an exit code.

Commands are imported when they are called: ``crosslane --help`` and each command pay for themselves alone.
"""

from __future__ import annotations

import errno
import gc
import importlib
import json
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from crosslane import __version__
from crosslane.errors import ENVIRONMENT, USAGE, CrosslaneError, CutShort, Terminated

COMMANDS: dict[str, str] = {
    "init": "Write crosslane.toml, by asking or from flags.",
    "sign-in": "Write profiles that are signed in, from IAM Identity Center or a pasted block.",
    "sign-out": "End the sign-in: cached tokens and temporary keys go.",
    "plan": "Show what would be created, changed, replaced or deleted, and why.",
    "up": "Do everything: bootstrap, deploy, verify. Idempotent and resumable.",
    "bootstrap": "Make the deployer of each bootstrapped account: the first half of up.",
    "deploy": "Deploy the pipeline's stacks: the second half of up.",
    "verify": "Check identities, attached policies and drift against what is live.",
    "run": "Start the pipeline and follow it: stages, actions, the first error with its log.",
    "status": "Show how the pipeline's latest execution goes.",
    "logs": "Print what a build, or a deployment, said.",
    "approve": "Approve the stage that waits.",
    "reject": "Reject the stage that waits.",
    "destroy": "Remove what crosslane made, in order, after showing it.",
    "refresh": "Renew the deployer's session now.",
    "rotate": "Make a new access key, prove it, deactivate the old one.",
    "credentials": "Give a profile's credentials to AWS tools (credential_process).",
    "sandbox": "Start, stop or use an offline AWS with all accounts of the config.",
    "iam": "The policy engine on files.",
}
"""Each command and its line in ``--help``; the command itself is ``crosslane.cli.NAME:command``."""


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a write answers where there is no room left."""


class LazyGroup(click.Group):
    """A group that imports a command's module only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"crosslane.cli.{cmd_name.replace('-', '_')}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"crosslane.cli.{cmd_name}:command is no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"there is no command {args[0]}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it without an AWS account: crosslane init --sandbox, then crosslane up --sandbox.",
)
@click.version_option(__version__, prog_name="crosslane")
def program() -> None:
    """A proven, least-privilege delivery pipeline across AWS accounts, from one config file."""


def main() -> NoReturn:
    """Entry point of the console script; always exits."""
    # What a command makes lives as long as it does: looking for garbage every 700 objects took a tenth of `up`.
    gc.set_threshold(200_000)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        _give_output_up()
    gc.freeze()  # or Python looks through everything once more before the process goes: a fifth of `up`
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the program on ``arguments``; returns its exit code.

    What went wrong is a line on stderr, and with ``--json`` a document on stdout.
    """
    as_json = "--json" in arguments
    verbose = any(argument in ("-vv", "-vvv") for argument in arguments)
    _prepare_signals()
    try:
        result = program.main(arguments, prog_name="crosslane", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.UsageError as error:
        if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # click before 8.2 prints it itself
            click.echo(error.format_message(), err=True)
            return USAGE
        hint = f"{error.ctx.command_path if error.ctx else 'crosslane'} --help"
        return _fail(error.format_message(), "UsageError", None, hint, USAGE, as_json)
    except (click.Abort, KeyboardInterrupt, Terminated) as cause:
        cut = CutShort(cause)
        return _fail(cut.message, cut.code, None, cut.next, cut.exit_code, as_json)
    except CrosslaneError as error:
        if verbose:
            _print_traceback()
        return _fail(str(error), error.code, error.account, error.next, error.exit_code, as_json)
    except BrokenPipeError:
        _give_output_up()
        return ENVIRONMENT
    except Exception as error:
        if verbose:
            _print_traceback()
        if isinstance(error, OSError) and error.errno in FULL:
            where = f" {error.filename}" if error.filename else ""
            next_ = "make room, and run the same command again to go on"
            return _fail(f"cannot write{where}: {error.strerror}", "DiskFull", None, next_, ENVIRONMENT, as_json)
        message = f"a fault in crosslane itself: {type(error).__name__}: {error}"
        return _fail(
            message,
            "InternalError",
            None,
            "run it again with -vv and report what it prints",
            ENVIRONMENT,
            as_json,
        )
    return result if isinstance(result, int) else 0


def _fail(message: str, code: str, account: str | None, next_: str | None, exit_code: int, as_json: bool) -> int:
    """Say what went wrong: on stderr as a line, on stdout as the JSON document that ``--json`` promises."""
    if as_json:
        error = {"code": code, "message": message, "account": account, "next": next_}
        try:
            click.echo(json.dumps({"ok": False, "error": error}))
        except OSError:
            _give_output_up()
    where = f" (account {account})" if account else ""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {message}{where}", err=True)
    if next_:
        click.echo(f"  next: {next_}", err=True)
    return exit_code


def _give_output_up() -> None:
    """Nothing can be written to stdout; what is left in its buffer must not fail once more when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_traceback() -> None:
    import traceback

    traceback.print_exc()


def _prepare_signals() -> None:
    def terminate(signum: int, frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
