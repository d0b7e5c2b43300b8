"""Runs a function once, in a process of its own without Docker: code, environment and event in, ``Outcome`` out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from crosslane.sandbox import guard
from crosslane.sandbox.functions import runtime

INIT_SECONDS: Final = 10.0
"""How long a function's module may take to be imported
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, 2026-11-25)."""
ANSWER_LIMIT: Final = 6_291_556
LOG_LIMIT: Final = 1_000_000
"""What is kept of a function's output, in bytes: a bound of ours."""
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Run:
    """What to run. ``environment`` is all that the code gets to see of variables, beside what every process needs."""

    code: bytes = field(repr=False)
    handler: str
    event: bytes = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    seconds: float
    """The function's time limit."""
    request_id: str
    arn: str
    client_context: Any = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a function answered: a JSON document, the error's if ``failed``. ``log`` is its output; times in
    milliseconds."""

    payload: bytes
    failed: bool
    log: str
    duration: float
    initialized: float
    timed_out: bool = False


def run(given: Run) -> Outcome:
    """One invocation from a cold start. The code's process, and what it started, is gone when this returns."""
    with tempfile.TemporaryDirectory(prefix="crosslane-function-") as place:
        folder, home = Path(place).resolve() / "task", Path(place).resolve() / "tmp"
        folder.mkdir()
        home.mkdir()
        try:
            with zipfile.ZipFile(io.BytesIO(given.code)) as package:
                package.extractall(folder)
        except zipfile.BadZipFile:
            return Outcome(_error(given, "Runtime.InvalidZip", "The code is no zip file"), True, "", 0, 0)
        return _run(given, folder, home)


def _run(given: Run, folder: Path, home: Path) -> Outcome:
    reading, writing = os.pipe()
    began = time.monotonic()
    environment = {"HOME": str(home), "TMPDIR": str(home), "PATH": _PATH, "LANG": "C.UTF-8", "TZ": ":UTC"}
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", "-u", runtime.__file__],
        cwd=folder,
        env=environment | dict(given.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(writing,),
        start_new_session=True,
    )
    os.close(writing)
    log = _Log(process.stdout)
    try:
        # The input stays open: the process ends when the sandbox does, however that ends.
        _send(process.stdin, _told(given, folder, writing), given.event)
        with os.fdopen(reading, "rb", buffering=0) as answers:
            ready = _line(answers, INIT_SECONDS, len(runtime.READY))
            initialized = time.monotonic() - began
            began = time.monotonic()
            answer = _line(answers, given.seconds) if ready else ready
            duration = time.monotonic() - began
    finally:
        ended = _end(process)
    told = log.close()
    payload, failed = _payload(given, answer, ended)
    return Outcome(payload, failed, told, duration * 1000, initialized * 1000, timed_out=answer is None)


def _told(given: Run, folder: Path, result: int) -> bytes:
    about = {
        "arn": given.arn,
        "bytes": len(given.event),
        "client_context": given.client_context,
        "folder": str(folder),
        "guard": guard.__file__,
        "handler": given.handler,
        "places": sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}),
        "request_id": given.request_id,
        "result": result,
        "seconds": given.seconds,
    }
    return json.dumps(about).encode() + b"\n"


def _send(stdin: IO[bytes] | None, *parts: bytes) -> None:
    assert stdin is not None
    # A process that dies at once leaves nobody to read; what it answered says why.
    with contextlib.suppress(BrokenPipeError):
        for part in parts:
            stdin.write(part)
        stdin.flush()


def _line(answers: IO[bytes], seconds: float, piece: int = 65536) -> bytes | None:
    """The next line, empty if the process ended before it, None if the time is over. ``piece`` is how much may be read
    at once."""
    found = bytearray()
    ends = time.monotonic() + seconds
    while not found.endswith(b"\n"):
        left = ends - time.monotonic()
        if left <= 0 or not select.select([answers], [], [], left)[0]:
            return None
        part = answers.read(piece)
        if not part:
            return b""
        found += part
    return bytes(found)


def _end(process: subprocess.Popen[bytes]) -> int:
    """Ends the process with all that it started; its exit status."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        # What has answered is about to end by itself.
        process.wait(0.2)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(BrokenPipeError):
        assert process.stdin is not None
        process.stdin.close()
    return process.wait()


def _payload(given: Run, answer: bytes | None, ended: int) -> tuple[bytes, bool]:
    if answer is None:
        message = f"RequestId: {given.request_id} Error: Task timed out after {given.seconds:.2f} seconds"
        return _error(given, "Sandbox.Timedout", message, bare=True), True
    if not answer:
        how = f"signal: {signal.Signals(-ended).name}" if ended < 0 else f"exit status {ended}"
        message = f"RequestId: {given.request_id} Error: Runtime exited with error: {how}"
        return _error(given, "Runtime.ExitError", message, bare=True), True
    made = json.loads(answer)
    if "error" in made:
        return json.dumps(made["error"]).encode(), True
    payload = str(made["payload"]).encode()
    if len(payload) > ANSWER_LIMIT:
        message = f"Response payload size exceeded maximum allowed payload size ({ANSWER_LIMIT} bytes)."
        return _error(given, "Function.ResponseSizeTooLarge", message, bare=True), True
    return payload, False


def _error(given: Run, kind: str, message: str, *, bare: bool = False) -> bytes:
    shown: dict[str, Any] = {"errorType": kind, "errorMessage": message}
    return json.dumps(shown if bare else shown | {"requestId": given.request_id, "stackTrace": []}).encode()


class _Log:
    """Reads a process's output while it runs, so that it never waits for a reader."""

    def __init__(self, stdout: IO[bytes] | None) -> None:
        assert stdout is not None
        self._stdout = stdout
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while part := self._stdout.read1(65536):  # type: ignore[attr-defined]
            self._kept += part[: max(LOG_LIMIT - len(self._kept), 0)]

    def close(self) -> str:
        """All output; the process has ended."""
        self._thread.join(1)
        return self._kept.decode(errors="replace")
