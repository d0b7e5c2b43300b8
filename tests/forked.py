"""Processes that start at once: one process a test worker loads everything, and each of these is a fork of it.

Sandboxes are such forks, and commands where a test needs a process. It is the same program from there on, in a process
of its own. Loading took most of a start, and most of the first call to each service.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO
from unittest import mock

from crosslane.sandbox import process
from crosslane.sandbox.environment import passed_on

_PROGRAM = process.program
_CONTEXT = multiprocessing.get_context("forkserver")


class Fork:
    """A process that does ``act``; what tests and ``crosslane.sandbox.process`` use of a ``Popen``."""

    def __init__(
        self,
        act: Callable[..., None],
        *given: object,
        environment: Mapping[str, str],
        folder: Path,
        log: IO[str] | None = None,
    ) -> None:
        """``log`` takes what it writes to standard error, else there is a pipe for that too."""
        pipes = [os.pipe(), os.pipe(), os.pipe()]
        errors = pipes[2][1] if log is None else os.dup(log.fileno())
        ends = [
            Connection(pipes[0][0], writable=False),
            Connection(pipes[1][1], readable=False),
            Connection(errors, readable=False),
        ]
        self._process = _CONTEXT.Process(
            target=_become, args=(act, given, ends, dict(environment), str(folder)), daemon=True
        )
        self._process.start()
        for end in ends:
            end.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.stdin: IO[str] = os.fdopen(pipes[0][1], "w", encoding="utf-8")
        self.stdout: IO[str] = os.fdopen(pipes[1][0], encoding="utf-8")
        self.stderr: IO[str] = os.fdopen(pipes[2][0], encoding="utf-8")
        if log is not None:
            os.close(pipes[2][1])
            self.stderr.close()

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """As a ``Popen``'s."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end; raises ``TimeoutExpired`` as a ``Popen`` does."""
        self._process.join(timeout)
        code = self.returncode
        if code is None:
            raise subprocess.TimeoutExpired(f"the fork {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """As a ``Popen``'s; ``ProcessLookupError`` once it is gone."""
        os.kill(self.pid, number)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it writes, once it has ended; kills it, and raises ``TimeoutExpired``, if it does not end."""
        told = ["", ""]

        def read(position: int, pipe: IO[str]) -> None:
            told[position] = pipe.read()

        self.stdin.close()
        readers = [
            threading.Thread(target=read, args=(position, pipe), daemon=True)
            for position, pipe in enumerate((self.stdout, self.stderr))
        ]
        for reader in readers:
            reader.start()
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.send_signal(signal.SIGKILL)
            raise
        for reader in readers:
            reader.join(timeout)
        return told[0], told[1]


@contextmanager
def forking() -> Iterator[None]:
    """Meanwhile this process's sandboxes are forks."""
    _CONTEXT.set_forkserver_preload(["tests.loaded"])

    def program(log: IO[str]) -> Fork:
        return Fork(_serve, environment=passed_on(os.environ), folder=Path.cwd(), log=log)

    with mock.patch.object(process, "program", program):
        yield


@contextmanager
def not_forking() -> Iterator[None]:
    """Meanwhile they are what people get, for tests of just that."""
    with mock.patch.object(process, "program", _PROGRAM):
        yield


def python(arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path) -> Fork:
    """As ``python ARGUMENT…`` in that folder: ``-c CODE`` or ``-m MODULE``, and what they are given."""
    return Fork(_run, *arguments, environment=environment, folder=folder)


# -- in the fork -------------------------------------------------------------------------------------------------------


def _become(
    act: Callable[..., None],
    given: tuple[str, ...],
    ends: list[Connection],
    environment: Mapping[str, str],
    folder: str,
) -> None:
    """Become what a new process would be, and act."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    time.tzset()
    tempfile.tempdir = None
    act(*given)


def _serve() -> None:
    from moto.moto_api._internal import mock_random

    from crosslane.sandbox import serve

    # Forks of one process would make up the same ids.
    mock_random.seed()
    os._exit(serve.main())


def _run(kind: str, what: str, *arguments: str) -> None:
    try:
        sys.argv = [kind, *arguments]
        if kind == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
    finally:
        sys.stdout.flush()
