"""``crosslane.toml`` in, a frozen ``Config`` out: read once, validated once, all problems told at once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NoReturn

from crosslane.config.build import build_config
from crosslane.config.model import Config
from crosslane.config.rules import broken_region
from crosslane.config.tables import KeyPath, Problem, quoted
from crosslane.errors import ConfigError, UsageError

FILE_NAME = "crosslane.toml"


def find_config(start: Path) -> Path:
    """The ``crosslane.toml`` in ``start`` or in the nearest folder above it.

    Raises ``ConfigError`` (code ``ConfigMissing``) if there is none.
    """
    folder = start.absolute()
    for place in (folder, *folder.parents):
        if (place / FILE_NAME).is_file():
            return place / FILE_NAME
    raise ConfigError(
        f"there is no {FILE_NAME} in {start} or above it",
        "ConfigMissing",
        next="crosslane init writes one; --config FILE names another",
    )


def load_config(path: Path, *, region: str | None = None) -> Config:
    """Read and validate the config file ``path``; ``region``, from the command line, overrides the file's.

    Raises ``ConfigError`` for the first problem of the file, with the other problems in its ``others``;
    ``UsageError`` if ``region`` itself is none. Whether the app's folder exists is not looked at.
    """
    return parse_config(_read(path), path, region=region)


def parse_config(text: str, path: Path, *, region: str | None = None) -> Config:
    """As ``load_config``, on the ``text`` of a file that is, or is to be, at ``path``."""
    if region is not None and (why := broken_region(region)):
        raise UsageError(f"--region: {quoted(region)} {why}", "BadRegion")
    config, problems = build_config(_parse(text, path), path, region)
    if config is None:
        _refuse(problems, text, path)
    return config


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise _missing(path) from None
    except IsADirectoryError:
        raise ConfigError(
            "is a folder, not a config file",
            "ConfigUnreadable",
            next=f"name the file: {path / FILE_NAME}",
            path=path,
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ConfigError(
            f"cannot be read: {getattr(error, 'strerror', None) or error}",
            "ConfigUnreadable",
            next="see to it that you may read this file, or name another with --config",
            path=path,
        ) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        raise ConfigError(
            "is UTF-16, not UTF-8" if utf16 else "is not UTF-8",
            "ConfigNotUtf8",
            next="save the file as UTF-8",
            path=path,
            line=None if utf16 else data.count(b"\n", 0, error.start) + 1,
        ) from error


def _missing(path: Path) -> ConfigError:
    """The error for a file that is not there, with the file that was perhaps meant."""
    from difflib import get_close_matches

    try:
        siblings = [other.name for other in path.parent.iterdir() if other.suffix == ".toml"]
    except OSError:
        siblings = []
    if near := get_close_matches(path.name, siblings, n=1):
        hint: str | None = f"did you mean {path.parent / near[0]}?"
    else:
        try:
            hint = f"there is one above: --config {find_config(path.absolute().parent)}"
        except ConfigError as error:
            hint = error.next
    return ConfigError("there is no such config file", "ConfigMissing", next=hint, path=path)


def _parse(text: str, path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text, path) from error
    except (ValueError, RecursionError) as error:  # a number or a nesting beyond what Python takes
        raise ConfigError(
            "is not TOML that can be read: a number or a nesting in it is too large",
            "ConfigSyntax",
            path=path,
        ) from error


def _syntax_error(message: str, text: str, path: Path) -> ConfigError:
    """tomllib's error, with its place as our line and with the slips that are common here named."""
    where = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    lines = text.splitlines() or [""]
    line, column = len(lines), None
    if where:
        message = message[: where.start()]
        if where[1]:
            line, column = int(where[1]), int(where[2])
    content = text.replace("\r\n", "\n").split("\n")[line - 1] if line else ""
    next_ = "correct the TOML; https://toml.io/en/v1.0.0 is its reference"
    if re.search(r"\bid\s*=\s*0\d+", content):
        message = "an account id must be a quoted string of 12 digits: a number would lose its leading zeros"
        next_ = "put the id in double quotes"
    elif re.match(r"\s*[\w.-]+\s*=\s*[A-Za-z][\w.-]*\s*(#.*)?$", content):
        next_ = "put the value in double quotes"
    at = f", at column {column}" if column else ""
    return ConfigError(
        f"not valid TOML{at}: {_decapitalise(message)}", "ConfigSyntax", next=next_, path=path, line=line
    )


def _decapitalise(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _refuse(problems: list[Problem], text: str, path: Path) -> NoReturn:
    """Raise the problems as one error, in the order of their lines."""
    from crosslane.config.locate import locate

    try:
        lines = locate(text)
    except RecursionError:  # nested beyond reason: then without lines
        lines = {}
    found = sorted((_error(problem, path, lines) for problem in problems), key=lambda error: error.line or 0)
    if len(found) > 1:  # there is one place for advice only, so that of each goes on its own line
        for error in found:
            error.message += f"; {error.next}" if error.next else ""
            error.next = None
    found[0].others = tuple(found[1:])
    raise found[0]


def _error(problem: Problem, path: Path, lines: dict[KeyPath, int]) -> ConfigError:
    line = _line(problem.key, lines)
    return ConfigError(problem.message, problem.code, next=problem.next, path=path, line=line)


def _line(key: KeyPath, lines: dict[KeyPath, int]) -> int | None:
    """The line of ``key``, or of the nearest thing around it that the file has; None for what is nowhere."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key)
