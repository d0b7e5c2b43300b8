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
    from crosslane.iam.document import Policy, PolicyKind

SUBCOMMANDS: dict[str, str] = {
    "lint": "crosslane.cli.iam_lint",
    "used": "crosslane.cli.iam_used",
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


@command.command(
    "who-can",
    epilog="""\b
Examples:
  aws iam get-account-authorization-details > account.json
  crosslane iam who-can s3:GetObject arn:aws:s3:::artifacts/app.zip --details account.json
  crosslane iam who-can sts:AssumeRole arn:aws:iam::111111111111:role/deployer \\
      --details account.json --resource-policy trust.json""",
)
@click.argument("action")
@click.argument("resource")
@click.option("--details", required=True, metavar="FILE", help="What get-account-authorization-details printed.")
@click.option("--resource-policy", metavar="FILE", help="The policy of the resource: bucket, key, trust policy.")
@click.option("--account", metavar="ID", help="The account that owns the resource, if its ARN does not say.")
@click.option("--scp", "scps", multiple=True, metavar="FILE", help="A service control policy; root first.")
@click.option("--context", "pairs", multiple=True, metavar="KEY=VALUE", help="A condition key of the request.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def who_can(
    action: str,
    resource: str,
    details: str,
    resource_policy: str | None,
    account: str | None,
    scps: tuple[str, ...],
    pairs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Name the users and roles of an account that can do ACTION on RESOURCE, and why.

    A role is named by its sessions. Each --scp is a level of its own.
    """
    from crosslane.iam.account import DetailsError, subjects_of
    from crosslane.iam.document import PolicyKind
    from crosslane.iam.explain import explain
    from crosslane.iam.problem import PolicyError
    from crosslane.iam.query import Target, who_can

    if ":" not in action:
        raise UsageError(f"{action} is no action", code="NoAction", next="give it as service:Action")
    kind = PolicyKind.TRUST if action.lower().startswith("sts:") else PolicyKind.RESOURCE
    context: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair} is no KEY=VALUE", code="NoContext", next="give it as aws:SourceIp=203.0.113.9")
        context[key] = value
    try:
        policy = None if resource_policy is None else _policy(resource_policy, kind)
        subjects = subjects_of(_details(details), [[_policy(path, PolicyKind.SCP)] for path in scps])
        found = list(who_can(action, Target.of(resource, account, policy), subjects, context))
    except (PolicyError, DetailsError) as error:
        raise UsageError(str(error), code="NoPolicy", next="correct the file") from None
    reasons = {decision.request.principal.name: explain(decision).reason for decision in found}
    if as_json:
        rows = [{"principal": name, "reason": reason} for name, reason in reasons.items()]
        click.echo(json.dumps({"ok": True, "error": None, "action": action, "resource": resource, "principals": rows}))
        return
    for name, reason in reasons.items():
        click.echo(f"{name}: {reason}")
    click.echo(f"{len(reasons)} of {len(subjects)} users and roles can {action} on {resource}", err=True)


def _policy(path: str, kind: PolicyKind) -> Policy:
    from crosslane.iam.parse import parse_policy

    with _opened(path) as source:
        return parse_policy(source.read(), kind, path)


def _details(path: str) -> dict[str, Any]:
    from crosslane.iam.cases import CaseError, load_case

    with _opened(path) as source:
        try:
            return load_case(source.read())
        except CaseError as error:
            raise UsageError(
                f"{path}: {error}", code="NoDetails", next="give the JSON that the AWS CLI prints"
            ) from None


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
        raise UsageError(f"{path} is a directory", code="NoSuchFile", next="give the path of a file") from None
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
