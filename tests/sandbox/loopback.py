"""Runs a program and tells where it connected and which of the person's AWS files it opened, it and its children.

Python's audit events see every connection, look-up and opened file of a Python process, whatever library makes them
(https://docs.python.org/3/library/audit_events.html). They are installed by a ``sitecustomize`` on ``PYTHONPATH``, so
that the processes that the program starts are watched too.
"""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_WATCH = """
import json, os, sys
_record = os.open(os.environ["WATCHED_BY"], os.O_WRONLY | os.O_APPEND)

def _watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        told = arguments[-1]
    elif event == "socket.getaddrinfo" or event.startswith("socket.gethostby"):
        told = arguments[0]
    elif event == "open":
        told = arguments[0]
        if not isinstance(told, (str, bytes)) or ".aws" not in os.fsdecode(told):
            return
    else:
        return
    told = told if isinstance(told, (str, tuple)) else repr(told)
    os.write(_record, (json.dumps([event, told]) + "\\n").encode())

sys.addaudithook(_watch)
"""


@dataclass(frozen=True)
class Observed:
    """What a program did. ``reached`` are hosts that it connected to or looked up, ``opened`` files below ``.aws``."""

    returncode: int
    stdout: str
    stderr: str
    reached: tuple[str, ...]
    opened: tuple[str, ...]

    @property
    def outside(self) -> list[str]:
        """Hosts other than this machine."""
        return sorted({host for host in self.reached if not _is_loopback(host)})


def run(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    seconds: float = 120,
) -> Observed:
    """Runs a program to its end, watched. ``environment`` is added to this process's."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record"
        record.touch()
        (Path(folder) / "sitecustomize.py").write_text(_WATCH)
        given = {**os.environ, **(environment or {})}
        path = os.pathsep.join(filter(None, (folder, given.get("PYTHONPATH"))))
        watched = {**given, "PYTHONPATH": path, "WATCHED_BY": str(record)}
        done = subprocess.run(
            list(arguments),
            cwd=cwd,
            env=watched,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        events = [json.loads(line) for line in record.read_text().splitlines()]
    reached = tuple(_host(told) for event, told in events if event.startswith("socket."))
    opened = tuple(str(told) for event, told in events if event == "open")
    return Observed(done.returncode, done.stdout, done.stderr, reached, opened)


def _host(told: object) -> str:
    return str(told[0]) if isinstance(told, list) else str(told)


def _is_loopback(host: str) -> bool:
    if host in ("localhost", "", "None") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
