"""``crosslane init``: writes ``crosslane.toml`` from flags and, on a terminal, from questions."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.errors import ConfigError, EnvironmentFailure, UsageError

if TYPE_CHECKING:
    from crosslane.config.model import Config


@click.command(
    epilog="""\b
Examples:
  crosslane init
  crosslane init --sandbox --yes
  crosslane init --pipeline-name shop --region eu-west-1 \\
    --account tools=111111111111 --account dev=222222222222:dev-sso \\
    --account prod=444444444444 --stage production=prod:approval
"""
)
@click.option("--pipeline-name", metavar="NAME", help="Name of the pipeline.")
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="NAME=ID[:PROFILE]",
    help="An account; repeat it, one must be tools. Without PROFILE it is NAME; an empty one means none.",
)
@click.option(
    "--stage",
    "stages",
    multiple=True,
    metavar="NAME=ACCOUNT[:approval]",
    help="A deployment of the app, in order; repeat it.",
)
@click.option("--source-account", metavar="ACCOUNT", help="Account of the CodeCommit repository.")
@click.option("--repository", metavar="NAME", help="The CodeCommit repository.  [default: the pipeline's name]")
@click.option("--branch", metavar="NAME", help="Its branch.  [default: main]")
@click.option(
    "--mode", type=click.Choice(["guide", "least", "keyless"]), help="Mode of the bootstrap.  [default: least]"
)
@click.option("--app", metavar="FOLDER", help="Folder with template.yaml and buildspec.yml.  [default: app]")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@click.option("--schema", is_flag=True, help="Only print the JSON schema of the file, for editors.")
@common_options
def command(
    invocation: Invocation,
    *,
    pipeline_name: str | None,
    accounts: tuple[str, ...],
    stages: tuple[str, ...],
    source_account: str | None,
    repository: str | None,
    branch: str | None,
    mode: str | None,
    app: str | None,
    force: bool,
    schema: bool,
) -> None:
    """Write crosslane.toml, by asking or from flags.

    On a terminal it asks for what the flags leave open. With --sandbox everything has a default, and the AWS config
    file is not read. An existing file is only replaced with --force.
    """
    if schema:
        from crosslane.config.schema import schema_text

        click.echo(schema_text(), nl=False)
        return
    from crosslane.cli import init_answers as answers

    path = invocation.config_path
    _refuse_existing(path, force)
    flags = answers.Flags(
        path=Path(os.path.realpath(path)),
        pipeline_name=pipeline_name,
        region=invocation.region,
        accounts=tuple(map(answers.account_of, accounts)),
        stages=tuple(map(answers.stage_of, stages)),
        source_account=source_account,
        repository=repository,
        branch=branch,
        mode=mode,
        app=app,
    )
    questions = answers.Questions(on_terminal=not invocation.yes and sys.stdin.isatty() and sys.stderr.isatty())
    aws = answers.AwsSettings() if invocation.sandbox else answers.aws_settings(os.environ, Path.home())
    config = answers.config_from(flags, questions, aws=aws, sandbox=invocation.sandbox)
    text = _checked_text(config)
    write_new(path, text, force)
    _report(invocation, path, config)


def _checked_text(config: Config) -> str:
    """The file's text, which the loader has read back as ``config``; ``UsageError`` says what it refuses."""
    from crosslane.config.load import parse_config
    from crosslane.config.write import config_text

    text = config_text(config)
    try:
        text.encode()
        read_back = parse_config(text, config.path)
    except UnicodeEncodeError:
        raise UsageError("a file of TOML cannot hold a name that is not UTF-8", "NotUtf8") from None
    except ConfigError as error:
        problems = [error.message, *(other.message for other in error.others)]
        raise UsageError("\n".join(problems), error.code, next=error.next or "correct the answers") from None
    if read_back != config:
        raise AssertionError("what would be written is not what was meant")
    return text


def _refuse_existing(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise _exists(path)


def _exists(path: Path) -> UsageError:
    return UsageError(
        f"{path} exists already", "ConfigExists", next="--force replaces it; --config FILE writes another"
    )


def write_new(path: Path, text: str, force: bool) -> None:
    """Write ``text`` to ``path`` as a whole or not at all; an existing file is replaced only with ``force``.

    Raises ``UsageError`` if there is a file by now, ``EnvironmentFailure`` if it cannot be written.
    """
    target = Path(os.path.realpath(path))
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        draft.unlink(missing_ok=True)
        try:
            with draft.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if force:
                draft.replace(target)
            else:
                _put_where_nothing_is(draft, target)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise EnvironmentFailure(
            f"{path} cannot be written: {error.strerror or error}",
            "ConfigNotWritable",
            next="see to it that the folder is there and that you may write to it",
        ) from error


def _put_where_nothing_is(draft: Path, target: Path) -> None:
    """Give ``draft`` the name ``target`` unless there is a file of that name, whoever made it and when."""
    try:
        target.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError from None
        draft.replace(target)


def _report(invocation: Invocation, path: Path, config: Config) -> None:
    if invocation.json:
        document = {"ok": True, "error": None, "path": str(path), "config": asdict(config)}
        click.echo(json.dumps(document, default=str))
        return
    accounts, stages = len(config.accounts), len(config.stages)
    click.echo(
        f"Wrote {path}: {accounts} account{'s' * (accounts != 1)}, {stages} stage{'s' * (stages != 1)}, "
        f"mode {config.bootstrap.mode}."
    )
    other = "" if path == Path("crosslane.toml") else f" --config {shlex.quote(str(path))}"
    click.echo(f"Next: crosslane up --sandbox{other} tries it offline; crosslane plan{other} shows what AWS would get.")
