"""``crosslane iam``: the policy engine on files."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

from crosslane.errors import USAGE, EnvironmentFailure, UsageError

if TYPE_CHECKING:
    from crosslane.iam.cases import Case

SUBCOMMANDS: dict[str, str] = {
    "lint": "crosslane.cli.iam_lint",
}
"""Subcommands that live in modules of their own, imported when they are called."""


class IamGroup(click.Group):
    """The subcommands here, and those of ``SUBCOMMANDS`` that are there."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(name for name in SUBCOMMANDS if self.get_command(ctx, name))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = SUBCOMMANDS.get(cmd_name)
        if module is None:
            return super().get_command(ctx, cmd_name)
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name == module:
                return None
            raise
        command = found.command
        assert isinstance(command, click.Command)
        return command


@click.group(name="iam", cls=IamGroup, short_help="The policy engine on files.")
def command() -> None:
    """Decide requests and look at policies, without AWS."""


@command.command(
    epilog="""\b
Examples:
  crosslane iam decide cases.jsonl
  crosslane iam decide --explain - < case.json
  crosslane iam decide --bench 5 cases.jsonl"""
)
@click.argument("cases", metavar="CASES.jsonl")
@click.option("--explain", "explained", is_flag=True, help="Add the lines that say why.")
@click.option("--bench", type=click.IntRange(min=1), metavar="N", help="Time N passes; print one JSON object.")
@click.option("--json", "_json", is_flag=True, hidden=True, help="Output is JSON anyway.")
@click.pass_context
def decide(ctx: click.Context, cases: str, explained: bool, bench: int | None, _json: bool) -> None:
    """Decide each case of a file: one JSON object a line in, one a line out, in order.

    A case holds a request and every policy that bears on it. Out comes {"id", "decision", "layers"}, the decision being
    allowed, explicitDeny or implicitDeny; for a policy that is none, {"id", "error"}. CASES.jsonl may be - for stdin.
    The exit code is 0 whatever the decisions, and 2 after a line that is no case.
    """
    with _opened(cases) as source:
        if bench is not None:
            click.echo(json.dumps(_bench(source, cases, bench)))
            return
        sound = _decide_all(source, "stdin" if cases == "-" else cases, explained)
    if not sound:
        ctx.exit(USAGE)


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        with open(path, "rb") as source:  # noqa: PTH123 - a path from the command line, read as a stream
            yield source
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}", code="NoSuchFile", next="give the file's path, or - for stdin"
        ) from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a directory", code="NoSuchFile", next="give a file of cases, one a line") from None
    except PermissionError as error:
        raise EnvironmentFailure(f"cannot read {path}: {error.strerror}", code="Unreadable") from None


def _decide_all(source: IO[bytes], name: str, explained: bool) -> bool:
    """Answers every line on stdout; a line that is no case is named on stderr. False if there was one."""
    from crosslane.iam.cases import CaseError, load_case, read_case
    from crosslane.iam.explain import explain
    from crosslane.iam.problem import PolicyError

    sound = True
    write = sys.stdout.write
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            case = load_case(line)
            try:
                read = read_case(case)
            except PolicyError as error:
                answer: dict[str, Any] = {"id": case.get("id"), "error": str(error)}
            else:
                decision = read.decide()
                answer = {"id": read.id, "decision": decision.outcome, "layers": decision.layers}
                if explained:
                    answer["explanation"] = list(explain(decision).lines)
        except CaseError as error:
            sound = False
            sys.stdout.flush()
            click.echo(f"{name}:{number}: {error}", err=True)
            continue
        write(json.dumps(answer) + "\n")
    return sound


def _bench(source: IO[bytes], name: str, passes: int) -> dict[str, Any]:
    """Decisions a second, the median of the passes. Policies are compiled beforehand, requests made anew."""
    from statistics import median
    from time import perf_counter

    from crosslane.iam.authorize import decide
    from crosslane.iam.cases import CaseError, load_case, read_case
    from crosslane.iam.problem import PolicyError
    from crosslane.iam.request import Request

    cases: list[Case] = []
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            cases.append(read_case(load_case(line)))
        except (CaseError, PolicyError) as error:
            raise UsageError(f"{name}:{number}: {error}", code="NoCase", next="time a file of sound cases") from None
    if not cases:
        raise UsageError(f"{name} has no cases", code="NoCase", next="time a file of sound cases")
    inputs = [
        (case.request.principal, case.request.name, case.request.resource, case.request.account, case.request.context)
        for case in cases
    ]
    layers = [case.layers for case in cases]
    rates = []
    for _ in range(passes):
        start = perf_counter()
        for given, policies in zip(inputs, layers, strict=True):
            decide(Request(*given), policies)
        rates.append(len(cases) / (perf_counter() - start))
    return {"cases": len(cases), "passes": passes, "decisions_per_second": round(median(rates))}
