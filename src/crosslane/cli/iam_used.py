"""``crosslane iam used``: which rights a sandbox's record shows in use, and which were granted for nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from crosslane.errors import UsageError

if TYPE_CHECKING:
    from crosslane.sandbox.authorization.usage import Usage


@click.command(
    "used",
    short_help="Which rights were used, and which never.",
    epilog="""\b
Examples:
  crosslane sandbox start --detach --audit audit.jsonl
  crosslane up --sandbox
  crosslane iam used audit.jsonl
  crosslane iam used --principal :role/deployer audit.jsonl""",
)
@click.argument("file", metavar="FILE")
@click.option("--principal", metavar="TEXT", help="Only principals whose ARN ends with TEXT.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(file: str, principal: str | None, as_json: bool) -> None:
    """For each principal in FILE, what `sandbox start --audit` wrote: the actions it used, and what its policies
    allow and it never used.

    What is counted are its own policies; what bucket, key and trust policies grant is not. FILE may be - for stdin.
    """
    from crosslane.sandbox.authorization.usage import AuditError, usage_of

    with _opened(file) as source:
        try:
            found = usage_of(source)
        except AuditError as error:
            raise UsageError(
                f"{file}: {error}", "NoAudit", next="name a file that sandbox start --audit wrote"
            ) from None
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{file} is not UTF-8 at byte {error.start}", "NoAudit", next="name another file"
            ) from None
    found = [one for one in found if principal is None or one.principal.endswith(principal)]
    if as_json:
        click.echo(json.dumps({"ok": True, "error": None, "principals": [_document(one) for one in found]}, indent=2))
        return
    if not found:
        click.echo("no principal used anything", err=True)
    for one in found:
        click.echo("\n".join(_lines(one)))


def _document(one: Usage) -> dict[str, object]:
    return {
        "principal": one.principal,
        "used": dict(sorted(one.used.items())),
        "denied": dict(sorted(one.denied.items())),
        "unused": [
            {"policy": row.policy, "sid": row.sid, "index": row.index, "action": row.action} for row in one.unused
        ],
    }


def _lines(one: Usage) -> Iterator[str]:
    yield one.principal
    yield f"  used: {len(one.used)} actions in {sum(one.used.values())} calls"
    for action, times in sorted(one.used.items()):
        yield f"    {times:>5}  {action}"
    if one.denied:
        yield f"  denied: {sum(one.denied.values())} calls"
        for action, times in sorted(one.denied.items()):
            yield f"    {times:>5}  {action}"
    if one.unused:
        yield "  granted and never used:"
    statements: dict[tuple[str, str], list[str]] = {}
    for row in one.unused:
        which = row.sid or f"statement {row.index + 1}"
        statements.setdefault((row.policy, which), []).append(row.action)
    for (policy, which), actions in statements.items():
        yield f"    {policy.rpartition('/')[2]} {which}: {', '.join(actions)}"


@contextmanager
def _opened(file: str) -> Iterator[IO[str]]:
    if file == "-":
        yield sys.stdin
        return
    try:
        with Path(file).open(encoding="utf-8") as source:
            yield source
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot read {file}: {reason}", "Unreadable", next="name a file that exists") from error
