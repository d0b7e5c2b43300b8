"""What can go wrong, as values that speak to a person.

::

    CrosslaneError               one line: what is wrong, where, what to do next
    ├── UsageError               exit code 2: wrong command line or config
    │   └── ConfigError          with file and line
    ├── OutcomeError             exit code 1: it is not so (denied, drift, a failed stack or run)
    ├── EnvironmentFailure       exit code 3: credentials, network, quota, disk, AWS itself
    └── CutShort                 exit code 130 or 143: Ctrl-C or SIGTERM; can be gone on with

Every error that a user can cause is one of these; anything else is a bug of ours. ``code`` is a stable word for
machines, ``next`` the command or the act that helps.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DONE = 0
NOT_SO = 1
USAGE = 2
ENVIRONMENT = 3
INTERRUPTED = 130
TERMINATED = 143


@dataclass(eq=False)
class CrosslaneError(Exception):
    """Base of all errors for people.

    ``message`` is one line without a trailing period; ``code`` a stable CamelCase word (AWS's own error code where
    AWS gave one); ``account`` the config's name of the account it happened in; ``next`` what to do now.
    """

    message: str
    code: str = "Error"
    account: str | None = None
    next: str | None = None

    exit_code = ENVIRONMENT

    def __str__(self) -> str:
        return self.message


class UsageError(CrosslaneError):
    """The command line or an input is wrong; nothing was done."""

    exit_code = USAGE


@dataclass(eq=False)
class ConfigError(UsageError):
    """The config file is wrong. ``path`` and ``line`` (1-based) say where.

    ``others`` are the further problems of the same file; ``str()`` has one line for each, this one first.
    """

    path: Path | None = None
    line: int | None = None
    others: tuple[ConfigError, ...] = ()

    def __str__(self) -> str:
        where = "" if self.path is None else f"{self.path}:{self.line}: " if self.line else f"{self.path}: "
        return "\n".join([where + self.message, *map(str, self.others)])


class OutcomeError(CrosslaneError):
    """The world is not as asked: denied, drifted, or a stack or run failed."""

    exit_code = NOT_SO


class EnvironmentFailure(CrosslaneError):
    """AWS or the machine failed: credentials, network, quota, disk."""

    exit_code = ENVIRONMENT


class Terminated(BaseException):
    """SIGTERM arrived; like ``KeyboardInterrupt``, not an error."""


class CutShort(CrosslaneError):
    """What ``KeyboardInterrupt`` or ``Terminated`` is told as."""

    def __init__(
        self,
        cause: BaseException,
        message: str | None = None,
        account: str | None = None,
        next: str = "run the same command again to go on",
    ) -> None:
        """``message`` is "interrupted" or "terminated" unless given."""
        code = "Terminated" if isinstance(cause, Terminated) else "Interrupted"
        super().__init__(message or code.lower(), code, account, next)
        self.exit_code = TERMINATED if code == "Terminated" else INTERRUPTED
