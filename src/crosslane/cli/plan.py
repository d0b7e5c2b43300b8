"""``crosslane plan``: what would happen, and why; changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.errors import DONE, ENVIRONMENT, NOT_SO, EnvironmentFailure

EXAMPLES = """\b
Examples:
  crosslane plan
  crosslane plan --sandbox --json
  crosslane plan --check            # exit code 1 if anything would change
  crosslane plan --export templates # for whoever deploys by other means
"""


@click.command("plan", epilog=EXAMPLES)
@click.option("--check", is_flag=True, help="Exit with 1 if anything would change.")
@click.option("--adopt", is_flag=True, help="Plan as if things that no pipeline holds were to become ours.")
@click.option(
    "--export",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write templates, policies and the commands that use them to DIR; asks AWS nothing.",
)
@common_options
def command(invocation: Invocation, check: bool, adopt: bool, folder: Path | None) -> int:
    """Show what would be created, changed, replaced or deleted in each account, and why."""
    if folder is not None:
        return _export(invocation, folder)
    from crosslane.cli.observing import observe
    from crosslane.cli.opening import opened
    from crosslane.cli.planning import is_denied, make_plan
    from crosslane.plan.up import Scope
    from crosslane.report.document import plan_document
    from crosslane.report.text import plan_text

    with opened(invocation) as world:
        world, live = observe(world, adopt=adopt)
        plan = make_plan(world, live, Scope(adopt=adopt))
    if invocation.json:
        click.echo(json.dumps(plan_document(plan), indent=2))
    else:
        accounts = [(account.name, account.id) for account in world.config.accounts]
        click.echo(plan_text(plan, accounts, verbose=invocation.verbose > 0))
    if plan.blocked:
        return NOT_SO if is_denied(plan) else ENVIRONMENT
    return NOT_SO if plan.conflicts or (check and plan.changing) else DONE


def _export(invocation: Invocation, folder: Path) -> int:
    from crosslane.config.app import configured_stages
    from crosslane.desired.build import desired_state
    from crosslane.desired.export import export_files

    config = invocation.load_config()
    profiles = {account.name: account.profile for account in config.accounts if account.profile is not None}
    files = export_files(desired_state(config, configured=configured_stages(config)), profiles)
    try:
        _write(folder, files)
    except OSError as error:
        raise EnvironmentFailure(
            f"cannot write to {folder}: {error.strerror}", code="ExportFailed", next="name another folder"
        ) from error
    if invocation.json:
        click.echo(json.dumps({"ok": True, "error": None, "files": [str(folder / name) for name in sorted(files)]}))
    else:
        click.echo(f"{len(files)} files in {folder}; begin with {folder / 'README.md'}")
    return DONE


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
