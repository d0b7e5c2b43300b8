"""What every command takes, and the value it gets from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from crosslane.config.model import Config

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Invocation:
    """The common options of one call of the program. ``verbose`` counts the ``-v``."""

    config_path: Path
    sandbox: bool
    json: bool
    verbose: int
    yes: bool
    region: str | None
    mfa_code: str | None = None
    """A code of the MFA device, where one was given."""

    def load_config(self) -> Config:
        """The config that ``--config`` names, with ``--region`` applied; ``ConfigError`` if it is wrong."""
        from crosslane.config.load import load_config

        return load_config(self.config_path, region=self.region)


def common_options(function: Callable[..., R]) -> Callable[..., R]:
    """Give a click command the common options; its function gets them first, as an ``Invocation``."""

    @click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("crosslane.toml"),
        show_default=True,
        metavar="FILE",
        help="The config file.",
    )
    @click.option("--sandbox", is_flag=True, help="Use the offline AWS instead of the real one.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout, all else on stderr.")
    @click.option("-v", "--verbose", count=True, help="Say more; -vv adds debug detail.")
    @click.option("--yes", is_flag=True, help="Ask nothing; take yes for an answer.")
    @click.option("--region", metavar="REGION", help="Use this region instead of the config's.")
    @wraps(function)
    def command(
        *args: Any,
        config_path: Path,
        sandbox: bool,
        as_json: bool,
        verbose: int,
        yes: bool,
        region: str | None,
        **kwargs: Any,
    ) -> R:
        invocation = Invocation(config_path, sandbox, as_json, verbose, yes, region)
        return function(invocation, *args, **kwargs)

    return command
