"""What every command takes, and the value it gets from it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crosslane.errors import CrosslaneError

if TYPE_CHECKING:
    from crosslane.config.model import Config

R = TypeVar("R")
DEFAULT_CONFIG = Path("crosslane.toml")
_COMMAND = re.compile(
    r"\bcrosslane (?P<words>sandbox (?:start|stop|env|invoke)|sign-in(?! again)(?: [a-z][\w-]*)*"
    r"|init|plan|up|bootstrap|deploy|verify|run|status|logs|approve|reject|destroy|refresh|rotate|sign-out)"
    r"(?! --help)\b"
)
"""A command of ours in a text for people; of ``sign-in``, the accounts too."""


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

    @property
    def flags(self) -> tuple[str, ...]:
        """What another command needs to mean the same accounts: each option with its value, quoted for a shell."""
        config = () if self.config_path == DEFAULT_CONFIG else (f"--config {shlex.quote(str(self.config_path))}",)
        region = (f"--region {shlex.quote(self.region)}",) if self.region else ()
        return (*config, *(("--sandbox",) if self.sandbox else ()), *region)


def aimed(text: str, invocation: Invocation) -> str:
    """The text with the invocation's options in each command of ours that it names, so that it can be typed as told.

    Options that a command has already are left, and ``crosslane sandbox …`` needs no ``--sandbox``.
    """
    found = list(_COMMAND.finditer(text))
    ends = [one.start() for one in found] + [len(text)]
    told = text[: ends[0]]
    for one, end in zip(found, ends[1:], strict=True):
        rest = text[one.end() : end]
        missing = [flag for flag in invocation.flags if flag.split()[0] not in rest]
        if one["words"].startswith("sandbox "):
            missing = [flag for flag in missing if flag != "--sandbox"]
        told += "".join([one.group(), *(f" {flag}" for flag in missing), rest])
    return told


mfa_code_option = click.option(
    "--mfa-code", metavar="CODE", help="A code of the user's MFA device, if its role asks for one."
)


def common_options(function: Callable[..., R]) -> Callable[..., R]:
    """Give a click command the common options; its function gets them first, as an ``Invocation``.

    The ``next`` of an error that the command raises gets the same options.
    """

    @click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=DEFAULT_CONFIG,
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
        try:
            return function(invocation, *args, **kwargs)
        except CrosslaneError as error:
            error.next = error.next and aimed(error.next, invocation)
            raise

    return command
