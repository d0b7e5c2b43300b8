"""``crosslane iam lint``: what is wrong with policies, without asking AWS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from crosslane import __version__
from crosslane.errors import DONE, NOT_SO, UsageError

KINDS = ("identity", "trust", "resource", "bucket", "key", "boundary", "session", "scp", "rcp", "vpce")
FORMATS = ("text", "json", "sarif")


@click.command(
    "lint",
    short_help="Find what is wrong with policies.",
    epilog="""\b
Examples:
  crosslane iam lint policy.json
  crosslane iam lint --kind scp --strict guardrails/*.json
  crosslane iam lint --format sarif template.json > lint.sarif
  aws kms get-key-policy ... | crosslane iam lint --kind key -
  crosslane iam lint --rules""",
)
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option("--kind", type=click.Choice(KINDS), help="What the policies are attached to, instead of a guess.")
@click.option("--ignore", "ignored", multiple=True, metavar="ID", help="Leave a rule out; may be repeated.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--rules", "list_rules", is_flag=True, help="List the rules and do nothing else.")
def command(
    files: tuple[str, ...],
    kind: str | None,
    ignored: tuple[str, ...],
    strict: bool,
    form: str,
    as_json: bool,
    list_rules: bool,
) -> int:
    """Look for what AWS would refuse, what does not do what it seems to, and what is dangerous.

    FILE is a policy in JSON, or a CloudFormation template in JSON, whose policies are looked at; - is stdin. Exit code
    1 with errors (with --strict also with warnings), 2 for a file that cannot be read, else 0.
    """
    from crosslane.iam.lint import RULES, Kind, Severity, count, findings_document, findings_text, lint_text
    from crosslane.iam.lint.document import sarif_document

    if list_rules:
        click.echo("\n".join(f"{rule.id:<30} {rule.severity.value:<8} {rule.title}" for rule in RULES))
        return DONE
    if not files:
        raise UsageError("no file is named", "NoFile", next="crosslane iam lint --help")
    _check_ids(ignored, {rule.id for rule in RULES})
    texts = _read_all(files)
    findings = [
        finding for file, text in texts for finding in lint_text(text, file, Kind(kind) if kind else None, ignored)
    ]
    numbers = count(findings)
    failed = numbers[Severity.ERROR] > 0 or (strict and numbers[Severity.WARNING] > 0)
    if as_json or form == "json":
        click.echo(json.dumps(findings_document(findings, ok=not failed), indent=2))
    elif form == "sarif":
        click.echo(json.dumps(sarif_document(findings, __version__), indent=2))
    else:
        click.echo(findings_text(findings, len(texts)))
    return NOT_SO if failed else DONE


def _check_ids(ignored: tuple[str, ...], known: set[str]) -> None:
    from difflib import get_close_matches

    for one in ignored:
        if one not in known:
            near = get_close_matches(one, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"there is no rule {one}{hint}", "UnknownRule", next="crosslane iam lint --rules")


def _read_all(files: tuple[str, ...]) -> list[tuple[str, bytes]]:
    """Every file's name and bytes; UsageError naming all that cannot be read."""
    read: list[tuple[str, bytes]] = []
    failed: list[str] = []
    for file in dict.fromkeys(files):
        try:
            text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except (OSError, ValueError) as error:
            failed.append(f"cannot read {file}: {getattr(error, 'strerror', None) or error}")
        else:
            read.append((file, text))
    if failed:
        raise UsageError("\n".join(failed), "Unreadable", next="name files that exist, or - for stdin")
    return read
