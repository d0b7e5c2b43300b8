"""Starts, finds and ends sandboxes; light to import, because most commands only ask whether one is there.

A kept sandbox (``crosslane sandbox start``) has its files in a folder of its config under the state directory; any
other has them in a temporary folder and goes with the command that started it.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib.util
import json
import os
import secrets
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from crosslane.config.model import Account, Config, partition_of
from crosslane.errors import EnvironmentFailure, UsageError
from crosslane.sandbox.environment import passed_on

IDENTITY_PATH = "/.crosslane-sandbox"
"""Where a sandbox tells its ``id``, so that it is not taken for another program at the same port."""

CONTROL_PATH = "/.crosslane-sandbox/credentials"
CONTROL_HEADER = "X-Crosslane-Control"
"""Where a resettable sandbox hands out credentials, and the header with the secret that it wants for them."""

PORT_IN_USE = 75
"""The process's exit code when its port cannot be bound."""

MANAGEMENT_PROFILE = "organization-management"
"""Profile of the account that owns the sandbox's organization; it is none of the config's accounts."""

START_URL = "https://crosslane-sandbox.awsapps.com/start"
"""The start URL of the sandbox's portal where the config names none."""

_START_SECONDS = 60
_STOP_SECONDS = 5
_ANSWER_SECONDS = 30.0
"""How long a sandbox that is there may take to say who it is: a busy machine holds it up for seconds."""


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


_children: dict[int, subprocess.Popen[str]] = {}


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
    with _exclusively():
        if find(config) is not None:
            raise UsageError(
                "a sandbox of this config is running already", "SandboxRunning", next="crosslane sandbox stop"
            )
        directory = folder_of(config)
        _remove(directory)
        with _writing(directory):
            directory.mkdir(mode=0o700)
        options = {
            **_options(config, port, propagation_seconds, seed, clock_file, permission_sets),
            **_authorization(enforce, audit),
            "issuers": None if issuers is None else str(issuers.absolute()),
        }
        options |= {"resource_seconds": dict(resource_seconds or {}), "minute_seconds": minute_seconds}
        return _launch(directory, {**options, "attached": not detach})


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
    if not _alive(pid) or not _answers(endpoint, identity, pid):
        return None
    return Running(endpoint, directory / "credentials", directory / "config", pid, directory, clock)


def stop(config: Config) -> bool:
    """Ends the kept sandbox of this config and removes its files. False if there was none running."""
    running = find(config)
    if running is not None:
        _end(running.pid, running.directory)
    _remove(folder_of(config))
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
    directory = Path(tempfile.mkdtemp(prefix="crosslane-sandbox-"))
    try:
        options = {
            **_options(config, port, propagation_seconds, seed, clock_file, permission_sets),
            **_authorization(enforce, audit),
            "minute_seconds": minute_seconds,
        }
        running = _launch(directory, {**options, "attached": True})
        try:
            yield running
        finally:
            _end(running.pid, running.directory)
    finally:
        _remove(directory)


@contextmanager
def resettable(
    accounts: Sequence[Account], region: str, *, control: str, enforce: bool = True, audit: bool = True
) -> Iterator[Running]:
    """A sandbox of these accounts, without a config, that ``reset`` sets back; gone with all its files afterwards.

    ``control`` is the secret that opens the door of ``states``; with ``audit`` (and ``enforce``) the decisions since
    the last reset are in the file ``audit`` of its folder. Raises ``EnvironmentFailure`` if it cannot be started.
    """
    directory = Path(tempfile.mkdtemp(prefix="crosslane-sandbox-"))
    try:
        options = {
            "id": secrets.token_hex(16),
            "members": _members(accounts),
            "region": region,
            "partition": partition_of(region),
            "port": 0,
            **_authorization(enforce, directory / "audit" if audit and enforce else None),
        }
        running = _launch(directory, {**options, "attached": True, "control": control})
        try:
            yield running
        finally:
            _end(running.pid, running.directory)
    finally:
        _remove(directory)


def reset(running: Running) -> None:
    """Sets a resettable sandbox back to how it was when it started, at the same address and with the same credentials.

    Raises ``EnvironmentFailure`` if it is gone.
    """
    process = _children.get(running.pid)
    line = ""
    if process is not None and process.stdin is not None and process.stdout is not None:
        with contextlib.suppress(OSError):
            process.stdin.write("reset\n")
            process.stdin.flush()
            line = _line(process.stdout)
    if not line:
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


def _launch(directory: Path, options: Mapping[str, Any]) -> Running:
    """Starts the process, waits for its answer, writes the files. On any failure nothing is left."""
    if any(importlib.util.find_spec(module) is None for module in ("moto", "flask", "flask_cors", "dulwich")):
        raise EnvironmentFailure(
            "the sandbox is not installed", "SandboxNotInstalled", next="pip install 'crosslane[sandbox]'"
        )
    with _writing(directory):
        log = _private(directory / "log")
    # -P: modules in the folder where the command runs must not stand in for installed ones.
    with log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "crosslane.sandbox.serve"],
            env=passed_on(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    _children[process.pid] = process
    try:
        started = _handshake(process, {**options, "directory": str(directory)}, directory / "log")
        return _describe(directory, options, started, process.pid)
    except BaseException:
        _end(process.pid, directory)
        _remove(directory)
        raise


def _handshake(process: subprocess.Popen[str], options: Mapping[str, Any], log: Path) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(options) + "\n")
        process.stdin.flush()
        if not options["attached"]:
            process.stdin.close()
    line = _line(process.stdout)
    if not options.get("control"):
        process.stdout.close()
    if line:
        started: dict[str, Any] = json.loads(line)
        return started
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)
    if process.returncode == PORT_IN_USE:
        raise EnvironmentFailure(
            f"port {options['port']} cannot be used: {_last_line(log)}",
            "PortInUse",
            next="choose another with --port, or leave it out to take a free one",
        )
    raise EnvironmentFailure(f"the sandbox did not start: {_last_line(log) or 'no answer'}", "SandboxFailed")


def _line(answers: IO[str]) -> str:
    """The process's next answer; empty if none comes."""
    with selectors.DefaultSelector() as selector:
        selector.register(answers, selectors.EVENT_READ)
        return answers.readline() if selector.select(_START_SECONDS) else ""


def _last_line(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else ""
    return ""


def _describe(directory: Path, options: Mapping[str, Any], started: Mapping[str, Any], pid: int) -> Running:
    """Writes the state and the two AWS files."""
    region = str(options["region"])
    profiles = {member["profile"]: started["accounts"][member["name"]] for member in options["members"]}
    profiles.setdefault(MANAGEMENT_PROFILE, started["management"])
    credentials = "".join(
        f"[{name}]\naws_access_key_id = {one['access_key']}\naws_secret_access_key = {one['secret_key']}\n"
        f"aws_session_token = {one['token']}\n\n"
        for name, one in profiles.items()
    )
    settings = "".join(f"[{_section(name)}]\nregion = {region}\noutput = json\n\n" for name in profiles)
    clock = options.get("clock_file")
    state = {"id": options["id"], "pid": pid, "endpoint": started["endpoint"], "clock_file": clock}
    with _writing(directory):
        for name, text in (("credentials", credentials), ("config", settings), ("sandbox.json", json.dumps(state))):
            with _private(directory / name) as file:
                file.write(text)
    moved = Path(clock) if clock else None
    return Running(
        started["endpoint"], directory / "credentials", directory / "config", pid, directory, moved, profiles
    )


def _section(profile: str) -> str:
    """A profile's section in the config file, where readers split it as a shell does."""
    return profile if profile == "default" else f"profile {shlex.quote(profile)}"


def _private(path: Path) -> IO[str]:
    """A new file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    """Turns a disk that cannot be written into an error for people."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFailure(
            f"cannot write the sandbox's files in {directory}: {error.strerror}",
            "StateNotWritable",
            next="set XDG_STATE_HOME to a folder that can be written",
        ) from error


def _state_home() -> Path:
    base = os.environ.get("XDG_STATE_HOME", "")
    # A relative path is invalid there and to be ignored: specifications.freedesktop.org/basedir-spec.
    home = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    return home / "crosslane" / "sandboxes"


def folder_of(config: Config) -> Path:
    """The folder of this config's kept sandbox, whether there is one or not."""
    return _state_home() / hashlib.sha256(str(config.path.resolve()).encode()).hexdigest()[:16]


@contextmanager
def _exclusively() -> Iterator[None]:
    """One start at a time: the folder of all sandboxes is locked meanwhile."""
    import fcntl

    home = _state_home()
    with _writing(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove(directory: Path) -> None:
    """Removes a sandbox's folder; what cannot be removed stops a start with a clear word later."""
    shutil.rmtree(directory, ignore_errors=True)


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        return False
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return True


def _answers(endpoint: str, identity: str, pid: int) -> bool:
    where = urlsplit(endpoint)
    if where.hostname != "127.0.0.1" or where.port is None:
        return False
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", IDENTITY_PATH)
        return connection.getresponse().read(200).decode("ascii", "replace").strip() == identity
    except TimeoutError as error:
        raise EnvironmentFailure(
            f"the sandbox at {endpoint} is there, but does not answer",
            "SandboxBusy",
            next=f"run it again; if it stays so, end process {pid}, then crosslane sandbox stop",
        ) from error
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(pid: int, directory: Path) -> None:
    """Ends the process and waits for it. It removes its files last, so a parent that is slow to take note of its end
    holds nobody up."""
    child = _children.pop(pid, None)
    for pipe in () if child is None else (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        limit = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < limit:
            if child.poll() is not None if child is not None else not (_alive(pid) and directory.exists()):
                return
            time.sleep(0.01)
