"""Sandboxes that start at once: one process a test worker loads everything that they need, and each is a fork of it.

It is the same program from there on (``crosslane.sandbox.serve``), in a process and a session of its own. Loading
took most of a start, and most of the first call to each service.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import IO
from unittest import mock

from crosslane.sandbox import process
from crosslane.sandbox.environment import passed_on

_PROGRAM = process._program
_CONTEXT = multiprocessing.get_context("forkserver")


class Fork:
    """What ``crosslane.sandbox.process`` uses of a ``Popen``."""

    def __init__(self, log: IO[str]) -> None:
        read_in, write_in = os.pipe()
        read_out, write_out = os.pipe()
        ends = Connection(read_in, writable=False), Connection(write_out, readable=False)
        told = Connection(os.dup(log.fileno()), readable=False)
        self._process = _CONTEXT.Process(target=_serve, args=(*ends, told, passed_on(os.environ)), daemon=True)
        self._process.start()
        for given in (*ends, told):
            given.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.stdin: IO[str] = os.fdopen(write_in, "w", encoding="utf-8")
        self.stdout: IO[str] = os.fdopen(read_out, encoding="utf-8")

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Waits for the end; raises ``TimeoutExpired`` as a ``Popen`` does."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("a sandbox", timeout or 0)
        return self.returncode


@contextmanager
def forking() -> Iterator[None]:
    """Meanwhile this process's sandboxes are forks."""
    _CONTEXT.set_forkserver_preload(["tests.sandbox.loaded"])
    with mock.patch.object(process, "_program", Fork):
        yield


@contextmanager
def not_forking() -> Iterator[None]:
    """Meanwhile they are what people get, for tests of just that."""
    with mock.patch.object(process, "_program", _PROGRAM):
        yield


def _serve(given: Connection, answers: Connection, log: Connection, environment: Mapping[str, str]) -> None:
    """In the fork: become what a new process would be, and run the program."""
    import signal
    import sys
    import tempfile

    from moto.moto_api._internal import mock_random

    from crosslane.sandbox import serve

    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, end in enumerate((given, answers, log)):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    tempfile.tempdir = None
    # Forks of one process would make up the same ids.
    mock_random.seed()
    os._exit(serve.main())
