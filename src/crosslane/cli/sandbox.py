"""``crosslane sandbox``: an offline AWS with all accounts of the config, for crosslane and for any AWS client."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crosslane.cli.options import Invocation, common_options
from crosslane.cli.sandbox_invoke import invoke

if TYPE_CHECKING:
    from crosslane.config.model import Config
    from crosslane.sandbox.lifecycle import Running

SHELLS = ("sh", "fish", "powershell")

UNSET = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
"""Variables that would win over a profile's credentials, region or the endpoint
(https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html, 2026-10)."""


@click.group("sandbox")
def command() -> None:
    """Start, stop or use an offline AWS with all accounts of the config.

    Commands with --sandbox use the sandbox that is kept here, else one of their own.
    """


command.add_command(invoke)


@command.command("start")
@click.option("--detach", is_flag=True, help="Leave it running in the background until `stop`.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Listen here instead of on a free port.")
@click.option(
    "--propagation",
    type=click.FloatRange(0, 600),
    default=0,
    metavar="SECONDS",
    help="Delay what IAM makes by up to SECONDS, as AWS does.",
)
@click.option("--seed", type=int, default=0, help="Seed of the delays and of generated names.")
@click.option("--enforce/--no-enforce", default=True, help="Let policies and signatures count (the default), or not.")
@click.option(
    "--audit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write each decision to FILE, one JSON object a line.",
)
@click.option(
    "--issuers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help='Take tokens of OIDC issuers: {"https://ISSUER": {"keys": [JWK]}}.',
)
@common_options
def start(
    invocation: Invocation,
    *,
    detach: bool,
    port: int,
    propagation: float,
    seed: int,
    enforce: bool,
    audit: Path | None,
    issuers: Path | None,
) -> None:
    """Start the sandbox of this config and keep it.

    Without --detach it runs in the foreground until Ctrl-C. `crosslane iam used FILE` reads what --audit writes.

    \b
    Example:
      crosslane sandbox start --detach
      eval "$(crosslane sandbox env)"
      aws sts get-caller-identity --profile tools
    """
    from crosslane.sandbox import lifecycle

    config = invocation.load_config()
    running = lifecycle.start(
        config,
        port=port,
        detach=detach,
        propagation_seconds=propagation,
        seed=seed,
        enforce=enforce,
        audit=audit,
        issuers=issuers,
    )
    if detach:
        _say_started(invocation, config, running)
        return
    try:
        _say_started(invocation, config, running)
        while lifecycle.find(config) is not None:
            time.sleep(1)
        click.echo("the sandbox was stopped", err=True)
    except KeyboardInterrupt:
        click.echo("stopping", err=True)
    finally:
        lifecycle.stop(config)


@command.command("stop")
@common_options
def stop(invocation: Invocation) -> None:
    """Stop the kept sandbox of this config and remove its files.

    \b
    Example:
      crosslane sandbox stop
    """
    from crosslane.sandbox import lifecycle

    stopped = lifecycle.stop(invocation.load_config())
    if invocation.json:
        click.echo(json.dumps({"ok": True, "error": None, "stopped": stopped}))
    else:
        click.echo("stopped" if stopped else "no sandbox of this config is running")


@command.command("env")
@click.option("--shell", type=click.Choice(SHELLS), default="sh", show_default=True, help="Whose syntax to print.")
@common_options
def env(invocation: Invocation, *, shell: str) -> None:
    """Print what points AWS clients at the kept sandbox.

    \b
    Example:
      eval "$(crosslane sandbox env)"
      crosslane sandbox env --shell fish | source
    """
    from crosslane.errors import OutcomeError
    from crosslane.sandbox import lifecycle

    config = invocation.load_config()
    running = lifecycle.find(config)
    if running is None:
        raise OutcomeError("no sandbox of this config is running", "NoSandbox", next="crosslane sandbox start --detach")
    variables = environment(running, config)
    if invocation.json:
        click.echo(json.dumps({"ok": True, "error": None, "set": variables, "unset": list(UNSET)}))
        return
    click.echo("\n".join(shell_lines(variables, shell)))


def environment(running: Running, config: Config) -> dict[str, str]:
    """The variables with which ordinary clients of AWS and git reach the sandbox and nothing else. git acts as the
    account of the source repository, or as ``AWS_PROFILE`` where that is set.

    Where a proxy is configured, clients would send even requests for this machine through it.
    """
    from crosslane.sandbox.git.environment import variables

    owner = config.account(config.pipeline.source.account)
    proxied = any(name.lower() in ("http_proxy", "all_proxy") for name in os.environ)
    others = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    direct = ",".join(filter(None, ("127.0.0.1", others)))
    return {
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": str(running.credentials_file),
        "AWS_CONFIG_FILE": str(running.config_file),
        "AWS_EC2_METADATA_DISABLED": "true",
        **({"NO_PROXY": direct, "no_proxy": direct} if proxied else {}),
        **variables(running.endpoint, owner.profile or owner.name, config.pipeline.region),
    }


def shell_lines(variables: Mapping[str, str], shell: str) -> list[str]:
    """Commands of the shell that set ``variables`` and unset what would get in their way."""
    if shell == "powershell":
        quoted = {name: value.replace("'", "''") for name, value in variables.items()}
        removed = [f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in UNSET]
        return [f"$Env:{name} = '{value}'" for name, value in quoted.items()] + removed
    if shell == "fish":
        fish = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in variables.items()}
        return [f"set -gx {name} '{value}'" for name, value in fish.items()] + [f"set -e {name}" for name in UNSET]
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()] + [f"unset {' '.join(UNSET)}"]


def _say_started(invocation: Invocation, config: Config, running: Running) -> None:
    profiles = {account.name: account.profile or account.name for account in config.accounts}
    if invocation.json:
        started = {"endpoint": running.endpoint, "pid": running.pid, "profiles": profiles}
        click.echo(json.dumps({"ok": True, "error": None, **started, "environment": environment(running, config)}))
        return
    path = str(invocation.config_path)
    option = "" if path == "crosslane.toml" else f" --config {shlex.quote(path)}"
    click.echo(f"sandbox at {running.endpoint} with {len(profiles)} accounts")
    for name, profile in profiles.items():
        click.echo(f"  {name:<12} {config.account(name).id}  --profile {profile}")
    click.echo(f'use it:  eval "$(crosslane sandbox env{option})"')
    click.echo(f"         crosslane up --sandbox{option}")
    click.echo(f"end it:  crosslane sandbox stop{option}")
