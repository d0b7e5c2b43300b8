"""A sandbox's process: starting it, asking whether it is there, ending it."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from crosslane.errors import EnvironmentFailure
from crosslane.sandbox.environment import passed_on
from crosslane.sandbox.folder import private, writing

IDENTITY_PATH = "/.crosslane-sandbox"
"""Where a sandbox tells its ``id``, so that it is not taken for another program at the same port."""

PORT_IN_USE = 75
"""The process's exit code when its port cannot be bound."""

_START_SECONDS = 60
_STOP_SECONDS = 5
_ANSWER_SECONDS = 30.0
"""How long a sandbox that is there may take to say who it is: a busy machine holds it up for seconds."""

_children: dict[int, subprocess.Popen[str]] = {}


def launch(directory: Path, options: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Starts a sandbox with its files in ``directory``; its process id and what it tells once it answers.

    Raises ``EnvironmentFailure`` if it is not installed or does not start; then no process is left.
    """
    if any(importlib.util.find_spec(module) is None for module in ("moto", "flask", "flask_cors", "dulwich")):
        raise EnvironmentFailure(
            "the sandbox is not installed", "SandboxNotInstalled", next="pip install 'crosslane[sandbox]'"
        )
    with writing(directory):
        log = private(directory / "log")
    with log:
        process = program(log)
    _children[process.pid] = process
    try:
        return process.pid, _handshake(process, {**options, "directory": str(directory)}, directory / "log")
    except BaseException:
        end(process.pid, directory)
        raise


def program(log: IO[str]) -> subprocess.Popen[str]:
    """A sandbox's program, with pipes to it; what it prints goes to the log. Tests put a fork in its place."""
    return subprocess.Popen(
        # -P: modules in the folder where the command runs must not stand in for installed ones.
        [sys.executable, "-P", "-m", "crosslane.sandbox.serve"],
        env=passed_on(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
    )


def _handshake(process: subprocess.Popen[str], options: Mapping[str, Any], log: Path) -> dict[str, Any]:
    """Sends the options and waits for the answer. Raises ``EnvironmentFailure`` if none comes."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(options) + "\n")
        process.stdin.flush()
        if not options["attached"]:
            process.stdin.close()
    line = _next_line(process.stdout)
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


def ask(pid: int, line: str) -> str:
    """Sends a line to a sandbox that this process started with a ``control``; its answer, empty if none comes."""
    process = _children.get(pid)
    if process is None or process.stdin is None or process.stdout is None:
        return ""
    with contextlib.suppress(OSError):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return _next_line(process.stdout)
    return ""


def _next_line(answers: IO[str]) -> str:
    """The process's next answer; empty if none comes."""
    with selectors.DefaultSelector() as selector:
        selector.register(answers, selectors.EVENT_READ)
        return answers.readline() if selector.select(_START_SECONDS) else ""


def _last_line(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else ""
    return ""


def alive(pid: int) -> bool:
    """Whether there is a process of that id; a child of ours that has ended is none."""
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


def answers(endpoint: str, identity: str, pid: int) -> bool:
    """Whether the sandbox of that identity is at the address; anybody else there is not.

    ``EnvironmentFailure`` if whoever is there does not answer in time.
    """
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


def end(pid: int, directory: Path) -> None:
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
            if child.poll() is not None if child is not None else not (alive(pid) and directory.exists()):
                return
            time.sleep(0.01)
