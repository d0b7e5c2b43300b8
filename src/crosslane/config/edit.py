"""Puts a value into a config file that a person wrote, and leaves the rest of the file as it is."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path

from crosslane.config.load import load_config, parse_config
from crosslane.config.model import Mode
from crosslane.config.oidc import OidcError, parse_oidc
from crosslane.config.write import toml_string
from crosslane.errors import ConfigError, EnvironmentFailure, UsageError

_HEADER = re.compile(r"^[ \t]*\[[ \t]*bootstrap[ \t]*\][ \t]*(?:#.*)?$", re.M)
_KEY = re.compile(r"^[ \t]*oidc[ \t]*=.*$", re.M)
_NEXT_TABLE = re.compile(r"^[ \t]*\[", re.M)


def set_oidc(path: Path, text: str, *, region: str | None = None) -> bool:
    """Write ``[bootstrap] oidc`` into the file, so that every later command agrees; whether the file changed.

    Raises ``UsageError`` for a bad value, for another mode in the file, or for a file whose form is too free to be
    edited: then it says what to write. ``ConfigError`` for a file that is wrong already.
    """
    config = load_config(path, region=region)
    try:
        wanted = parse_oidc(text, branch=config.pipeline.source.branch)
    except OidcError as error:
        raise UsageError(f"--oidc: {text!r} {error}", code="BadOidc", next="crosslane bootstrap --help") from None
    if config.bootstrap.oidc == wanted:
        return False
    before = path.read_bytes().decode("utf-8-sig" if path.read_bytes().startswith(b"\xef\xbb\xbf") else "utf-8")
    if re.search(r"^[ \t]*mode[ \t]*=", _section(before), re.M) and config.bootstrap.mode is not Mode.KEYLESS:
        raise UsageError(
            f'--oidc goes with mode "keyless", the config says "{config.bootstrap.mode}"',
            code="OidcNeedsKeyless",
            next='write mode = "keyless" under [bootstrap], or take mode out; user and key then go with crosslane up',
        )
    after = _edited(before, f"oidc = {toml_string(str(wanted))}")
    bootstrap = replace(config.bootstrap, oidc=wanted, mode=Mode.KEYLESS)
    try:
        fits = parse_config(after, path, region=region) == replace(config, bootstrap=bootstrap)
    except ConfigError:
        fits = False
    if not fits:
        raise UsageError(
            f"cannot put oidc into {path} without a risk to the rest of it",
            code="ConfigNotEdited",
            next=f"write oidc = {toml_string(str(wanted))} under [bootstrap] yourself, then run crosslane bootstrap",
        )
    _replace(path, after)
    return True


def _section(text: str) -> str:
    """The text under ``[bootstrap]``; empty without it."""
    header = _HEADER.search(text)
    if header is None:
        return ""
    end = _NEXT_TABLE.search(text, header.end())
    return text[header.end() : end.start() if end else len(text)]


def _edited(text: str, line: str) -> str:
    header = _HEADER.search(text)
    if header is None:
        return text.rstrip("\n") + f"\n\n[bootstrap]\n{line}\n"
    section = _section(text)
    if (old := _KEY.search(section)) is not None:
        start = header.end() + old.start()
        return text[:start] + line + text[header.end() + old.end() :]
    return text[: header.end()] + f"\n{line}" + text[header.end() :]


def _replace(path: Path, text: str) -> None:
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode & 0o777
        with tempfile.NamedTemporaryFile("w", dir=target.parent, encoding="utf-8", newline="", delete=False) as file:
            file.write(text)
        Path(file.name).chmod(mode)
        Path(file.name).replace(target)
    except OSError as error:
        raise EnvironmentFailure(
            f"cannot write {path}: {error.strerror}", code="FileNotWritable", next="make it writable"
        ) from error
