"""Starts, finds and ends sandboxes; light to import, because most commands only ask whether one is there.

A kept sandbox (``crosslane sandbox start``) has its files in a folder of its config under the state directory; any
other has them in a temporary folder and goes with the command that started it.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crosslane.config.model import Account, Config, partition_of
from crosslane.errors import EnvironmentFailure, UsageError
from crosslane.sandbox import process
from crosslane.sandbox.folder import exclusively, folder_of, remove, write_files, writing

CONTROL_PATH = "/.crosslane-sandbox/credentials"
CONTROL_HEADER = "X-Crosslane-Control"
"""Where a resettable sandbox hands out credentials, and the header with the secret that it wants for them."""

MANAGEMENT_PROFILE = "organization-management"
"""Profile of the account that owns the sandbox's organization; it is none of the config's accounts."""

START_URL = "https://crosslane-sandbox.awsapps.com/start"
"""The start URL of the sandbox's portal where the config names none."""


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers. The two files are in AWS's formats, for ``AWS_SHARED_CREDENTIALS_FILE`` and
    ``AWS_CONFIG_FILE``; they and all else of the sandbox are in ``directory``."""

    endpoint: str
    credentials_file: Path
    config_file: Path
    pid: int
    directory: Path
    clock_file: Path | None = None
    """Holds the seconds by which the sandbox's clock is ahead; ``clock_of`` reads it."""
    sign_ins: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False, compare=False)
    """The administrators' sessions by profile (``arn``, ``id``, ``access_key``, ``secret_key``, ``token``), as far as
    this process started it."""


def start(
    config: Config,
    *,
    port: int = 0,
    detach: bool = False,
    propagation_seconds: float = 0,
    seed: int = 0,
    clock_file: Path | None = None,
    resource_seconds: Mapping[str, float] | None = None,
    permission_sets: Sequence[str] = (),
    enforce: bool = True,
    audit: Path | None = None,
    minute_seconds: float = 60,
    issuers: Path | None = None,
) -> Running:
    """Starts the kept sandbox of this config. Without ``detach`` it ends with this process at the latest.

    ``propagation_seconds`` delays what IAM makes, by ``seed``; ``clock_file`` holds seconds by which the sandbox's
    clock is ahead; ``resource_seconds`` is how long CloudFormation takes to create or update a resource, by
    type; ``permission_sets`` are those of the sign-in, else the config's; with ``enforce`` policies and signatures
    count; ``audit`` is where each decision is written down; ``minute_seconds`` is how long a minute of a build's or an
    approval's time limit lasts; ``issuers`` has the key sets (RFC 7517) of OIDC issuers by URL, whose tokens are then
    taken. Raises ``UsageError`` if one is running or the audit file cannot be written, ``EnvironmentFailure`` if it
    cannot be started.
    """
    with exclusively():
        if find(config) is not None:
            raise UsageError(
                "a sandbox of this config is running already", "SandboxRunning", next="crosslane sandbox stop"
            )
        directory = folder_of(config)
        remove(directory)
        with writing(directory):
            directory.mkdir(mode=0o700)
        options = {
            **_options(config, port, propagation_seconds, seed, clock_file, permission_sets),
            **_authorization(enforce, audit),
            "issuers": None if issuers is None else str(issuers.absolute()),
        }
        options |= {"resource_seconds": dict(resource_seconds or {}), "minute_seconds": minute_seconds}
        return _launched(directory, {**options, "attached": not detach})


def clock_of(clock_file: Path | None) -> Callable[[], datetime]:
    """The machine's time in UTC; with a file, moved by the seconds that it holds at that moment. For tests of expiry:
    whoever calls the sandbox goes by its clock too."""
    if clock_file is None:
        return lambda: datetime.now(UTC)

    def moved() -> datetime:
        try:
            seconds = float(clock_file.read_text(encoding="utf-8").strip() or 0)
        except (OSError, ValueError):
            seconds = 0
        return datetime.now(UTC) + timedelta(seconds=seconds)

    return moved


def find(config: Config) -> Running | None:
    """The kept sandbox of this config, if it is alive; whatever a dead one left behind counts for nothing.

    ``EnvironmentFailure`` if it is there and does not answer: a second one in its place would hold other things.
    """
    directory = folder_of(config)
    try:
        state = json.loads((directory / "sandbox.json").read_text(encoding="utf-8"))
        pid, endpoint, identity = int(state["pid"]), str(state["endpoint"]), str(state["id"])
        clock = Path(file) if (file := state.get("clock_file")) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not process.alive(pid) or not process.answers(endpoint, identity, pid):
        return None
    return Running(endpoint, directory / "credentials", directory / "config", pid, directory, clock)


def stop(config: Config) -> bool:
    """Ends the kept sandbox of this config and removes its files. False if there was none running."""
    running = find(config)
    if running is not None:
        process.end(running.pid, running.directory)
    remove(folder_of(config))
    return running is not None


@contextmanager
def attached(
    config: Config,
    *,
    port: int = 0,
    propagation_seconds: float = 0,
    seed: int = 0,
    clock_file: Path | None = None,
    permission_sets: Sequence[str] = (),
    enforce: bool = True,
    audit: Path | None = None,
    minute_seconds: float = 60,
) -> Iterator[Running]:
    """The kept sandbox of this config, else one for the time of the context, gone with all its files after it."""
    kept = find(config)
    if kept is not None:
        yield kept
        return
    options = {
        **_options(config, port, propagation_seconds, seed, clock_file, permission_sets),
        **_authorization(enforce, audit),
        "minute_seconds": minute_seconds,
    }
    with _passing_folder() as directory, _passing(directory, options) as running:
        yield running


@contextmanager
def resettable(accounts: Sequence[Account], region: str, *, control: str, enforce: bool = True) -> Iterator[Running]:
    """A sandbox of these accounts, without a config, that ``reset`` sets back; gone with all its files afterwards.

    ``control`` is the secret that opens the door of ``states``; with ``enforce`` the decisions since the last reset
    are in the file ``audit`` of its folder. Raises ``EnvironmentFailure`` if it cannot be started.
    """
    with _passing_folder() as directory:
        options = {
            "id": secrets.token_hex(16),
            "members": _members(accounts),
            "region": region,
            "partition": partition_of(region),
            "port": 0,
            "control": control,
            **_authorization(enforce, directory / "audit" if enforce else None),
        }
        with _passing(directory, options) as running:
            yield running


@contextmanager
def _passing_folder() -> Iterator[Path]:
    """A folder for the time of the context."""
    directory = Path(tempfile.mkdtemp(prefix="crosslane-sandbox-"))
    try:
        yield directory
    finally:
        remove(directory)


@contextmanager
def _passing(directory: Path, options: Mapping[str, Any]) -> Iterator[Running]:
    """A sandbox for the time of the context."""
    running = _launched(directory, {**options, "attached": True})
    try:
        yield running
    finally:
        process.end(running.pid, running.directory)


def reset(running: Running) -> None:
    """Sets a resettable sandbox back to how it was when it started, at the same address and with the same credentials.

    Raises ``EnvironmentFailure`` if it is gone.
    """
    if not process.ask(running.pid, "reset"):
        raise EnvironmentFailure(f"the sandbox at {running.endpoint} does not answer any more", "SandboxFailed")


def _members(accounts: Sequence[Account]) -> list[dict[str, str]]:
    return [{"name": one.name, "id": one.id, "profile": one.profile or one.name} for one in accounts]


def _options(
    config: Config,
    port: int,
    propagation_seconds: float,
    seed: int,
    clock_file: Path | None,
    permission_sets: Sequence[str],
) -> dict[str, Any]:
    """What the process reads: no more of the config than it needs."""
    return {
        "id": secrets.token_hex(16),
        "members": _members(config.accounts),
        "region": config.pipeline.region,
        "partition": config.partition,
        "port": port,
        "propagation_seconds": propagation_seconds,
        "seed": seed,
        "clock_file": None if clock_file is None else str(clock_file.absolute()),
        "start_url": config.sign_in.start_url or START_URL,
        "permission_sets": list(permission_sets) or list(filter(None, [config.sign_in.permission_set])),
    }


def _authorization(enforce: bool, audit: Path | None) -> dict[str, Any]:
    """What the process is told of authorization."""
    if audit is None:
        return {"enforce": enforce, "audit": None}
    if not enforce:
        raise UsageError("nothing is decided without enforcement, so that there is nothing to audit", "NothingToAudit")
    try:
        os.close(os.open(audit, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        raise UsageError(f"cannot write the audit file {audit}: {error.strerror}", "AuditNotWritable") from error
    return {"enforce": enforce, "audit": str(audit.absolute())}


def _launched(directory: Path, options: Mapping[str, Any]) -> Running:
    """Starts the process and writes the files for its callers. On any failure nothing is left."""
    pid = None
    try:
        pid, started = process.launch(directory, options)
        profiles = {member["profile"]: started["accounts"][member["name"]] for member in options["members"]}
        profiles.setdefault(MANAGEMENT_PROFILE, started["management"])
        clock, endpoint = options.get("clock_file"), started["endpoint"]
        state = {"id": options["id"], "pid": pid, "endpoint": endpoint, "clock_file": clock}
        write_files(directory, str(options["region"]), profiles, state)
    except BaseException:
        if pid is not None:
            process.end(pid, directory)
        remove(directory)
        raise
    moved = Path(clock) if clock else None
    return Running(endpoint, directory / "credentials", directory / "config", pid, directory, moved, profiles)
