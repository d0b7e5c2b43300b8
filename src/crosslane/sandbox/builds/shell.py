"""One shell for all commands of a build, in a process group that can be ended whole.

A command is a file that the shell reads (``. FILE``), so variables, functions and the working folder carry over from
one to the next, as they do in CodeBuild 0.2. Where a command ends the shell (``exit 1``), the next one gets a new shell
with the exported variables and the folder of the old one.

A watcher leads the group: when the pipe that it reads ends, because the sandbox has ended in whatever way, it kills the
group.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_WATCHER = "read _; kill -KILL 0"
_POLL_SECONDS = 0.1
_DRAIN_SECONDS = 2.0
_CHUNK = 65536

_DRIVER = """\
__crosslane_state=$1
__crosslane_status=$2
shift 2
trap 'export -p > "$__crosslane_state/exports"; pwd > "$__crosslane_state/folder"' EXIT
if [ -f "$__crosslane_state/exports" ]; then
  . "$__crosslane_state/exports"
  cd "$(cat "$__crosslane_state/folder")"
fi
while IFS= read -r __crosslane_file; do
  . "$__crosslane_file" < /dev/null
  printf '%s\\n' "$?" > "$__crosslane_status"
done
"""


class TimedOut(Exception):
    """The time was up before a command ended; all its processes are gone."""


class Stopped(Exception):
    """Somebody ended the group."""


class Shell:
    """A shell in ``folder`` with that environment and no other.

    ``control`` is an empty folder for the shell's own files; ``write`` gets what the commands print, in pieces as they
    come; ``program`` is sh or bash.
    """

    def __init__(
        self,
        folder: Path,
        control: Path,
        environment: Mapping[str, str],
        write: Callable[[bytes], None],
        program: str = "sh",
    ) -> None:
        self._folder = folder
        self._control = control
        self._environment = dict(environment)
        self._write = write
        self._program = _command_line(program)
        self._lock = threading.Lock()
        self._ended = False
        self._commands = 0
        self._shell: subprocess.Popen[bytes] | None = None
        self._status = control / "status"
        os.mkfifo(self._status, 0o600)
        (control / "driver").write_text(_DRIVER, encoding="utf-8")
        # Opened for both, so that neither side waits for the other.
        self._answers = os.open(self._status, os.O_RDWR | os.O_NONBLOCK)
        reading, self._output = os.pipe()
        self._reader = threading.Thread(target=self._read, args=(reading,), name="build output", daemon=True)
        self._reader.start()
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHER],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            process_group=0,
        )

    def run(self, command: str, deadline: float) -> int:
        """Runs a command to its end and returns its exit code.

        ``deadline`` is in seconds of ``time.monotonic``. Raises ``TimedOut`` or ``Stopped``.
        """
        self._commands += 1
        file = self._control / f"command-{self._commands}"
        file.write_text(f"{command}\n", encoding="utf-8")
        shell = self._started()
        assert shell.stdin is not None
        with contextlib.suppress(OSError):
            shell.stdin.write(f"{file}\n".encode())
            shell.stdin.flush()
        while True:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._answers], [], [], max(0.0, min(_POLL_SECONDS, left)))
            if ready:
                return int(os.read(self._answers, _CHUNK).split()[-1])
            if self._ended:
                raise Stopped
            code = shell.poll()
            if code is not None and not select.select([self._answers], [], [], 0)[0]:
                self._shell = None
                return code if code >= 0 else 128 - code
            if left <= 0:
                self.end()
                raise TimedOut

    def note(self, line: str) -> None:
        """Puts a line of our own between what the commands print."""
        with contextlib.suppress(OSError):
            os.write(self._output, f"{line}\n".encode())

    def value(self, name: str, deadline: float) -> str:
        """What a variable of the shell holds now."""
        file = self._control / "value"
        self.run(f"printf '%s' \"${{{name}-}}\" > {_quoted(str(file))}", deadline)
        return file.read_text(encoding="utf-8", errors="replace")

    def set(self, variables: Mapping[str, str], deadline: float) -> None:
        """Exports variables to the commands that follow."""
        for name, value in variables.items():
            self.run(f"export {name}={_quoted(value)}", deadline)

    def end(self) -> None:
        """Kills every process of the group; a command that runs raises ``Stopped``. May be called again, and by any
        thread."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._watcher.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the group, takes in what was printed last, and gives everything back."""
        if self._shell is not None and not self._ended:
            self._leave(self._shell)
        self.end()
        self._watcher.wait()
        if self._watcher.stdin is not None:
            self._watcher.stdin.close()
        if self._shell is not None:
            self._shell.wait()
        os.close(self._output)
        self._reader.join(_DRAIN_SECONDS)
        os.close(self._answers)

    def _leave(self, shell: subprocess.Popen[bytes]) -> None:
        if shell.stdin is not None:
            with contextlib.suppress(OSError):
                shell.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            shell.wait(_DRAIN_SECONDS)

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._ended:
                raise Stopped
            if self._shell is None:
                self._shell = subprocess.Popen(
                    [*self._program, str(self._control / "driver"), str(self._control), str(self._status)],
                    cwd=self._folder,
                    env=self._environment,
                    stdin=subprocess.PIPE,
                    stdout=self._output,
                    stderr=self._output,
                    process_group=self._watcher.pid,
                )
            return self._shell

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb", buffering=0) as source:
            while data := _chunk(source):
                self._write(data)


def _chunk(source: IO[bytes]) -> bytes:
    return source.read(_CHUNK)


def _command_line(program: str) -> Sequence[str]:
    """On CodeBuild's Amazon Linux images ``sh`` is bash in its POSIX mode; here too, where there is bash."""
    bash = shutil.which("bash")
    if program == "bash" and bash:
        return (bash, "--noprofile", "--norc")
    return (bash, "--posix") if bash else ("/bin/sh",)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
