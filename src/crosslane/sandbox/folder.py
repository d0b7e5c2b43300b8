"""A sandbox's folder: where it is, and the files in it that only their owner may read."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from crosslane.config.model import Config
from crosslane.errors import EnvironmentFailure


def folder_of(config: Config) -> Path:
    """The folder of this config's kept sandbox, whether there is one or not."""
    return _state_home() / hashlib.sha256(str(config.path.resolve()).encode()).hexdigest()[:16]


def _state_home() -> Path:
    """All kept sandboxes are in it. A relative ``XDG_STATE_HOME`` is invalid and to be ignored.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    base = os.environ.get("XDG_STATE_HOME", "")
    home = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    return home / "crosslane" / "sandboxes"


@contextmanager
def exclusively() -> Iterator[None]:
    """One start at a time: the folder of all sandboxes is locked meanwhile."""
    import fcntl

    home = _state_home()
    with writing(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_files(directory: Path, region: str, profiles: Mapping[str, Mapping[str, str]], state: object) -> None:
    """Writes ``credentials`` and ``config`` in AWS's formats, with the profiles' sessions, and ``sandbox.json``."""
    credentials = "".join(
        f"[{name}]\naws_access_key_id = {one['access_key']}\naws_secret_access_key = {one['secret_key']}\n"
        f"aws_session_token = {one['token']}\n\n"
        for name, one in profiles.items()
    )
    settings = "".join(f"[{_section(name)}]\nregion = {region}\noutput = json\n\n" for name in profiles)
    with writing(directory):
        for name, text in (("credentials", credentials), ("config", settings), ("sandbox.json", json.dumps(state))):
            with private(directory / name) as file:
                file.write(text)


def _section(profile: str) -> str:
    """A profile's section in the config file, where readers split it as a shell does."""
    return profile if profile == "default" else f"profile {shlex.quote(profile)}"


def private(path: Path) -> IO[str]:
    """A new file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """Turns a disk that cannot be written into an error for people."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFailure(
            f"cannot write the sandbox's files in {directory}: {error.strerror}",
            "StateNotWritable",
            next="set XDG_STATE_HOME to a folder that can be written",
        ) from error


def remove(directory: Path) -> None:
    """Removes a sandbox's folder; what cannot be removed stops a start with a clear word later."""
    shutil.rmtree(directory, ignore_errors=True)
