"""The shell of a build: what carries over from command to command, and how it ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosslane.sandbox.builds.shell import Shell, Stopped, TimedOut


class Session:
    """A shell with what it has printed."""

    def __init__(self, folder: Path) -> None:
        for name in ("source", "control"):
            (folder / name).mkdir()
        self.printed = bytearray()
        self.source = folder / "source"
        environment = {"PATH": os.environ["PATH"], "GIVEN": "1"}
        self.shell = Shell(self.source, folder / "control", environment, self.printed.extend)

    def run(self, *commands: str, seconds: float = 20) -> list[int]:
        """Exit codes."""
        return [self.shell.run(command, time.monotonic() + seconds) for command in commands]

    def text(self) -> str:
        """All that was printed; ends the shell."""
        self.shell.close()
        return self.printed.decode()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    found = Session(tmp_path)
    yield found
    found.shell.end()


def test_variables_functions_and_the_folder_carry_over(session: Session) -> None:
    codes = session.run(
        "PLAIN=a; f() { echo called; }", "mkdir sub && cd sub", "echo $PLAIN $GIVEN; f; basename $(pwd)"
    )
    assert codes == [0, 0, 0]
    assert session.text() == "a 1\ncalled\nsub\n"


def test_the_exit_status_is_the_last_commands(session: Session) -> None:
    assert session.run("false", "true", "sh -c 'exit 9'", "nowhere-to-be-found", "false\ntrue") == [1, 0, 9, 127, 0]


def test_a_command_that_ends_the_shell_leaves_exports_and_folder(session: Session) -> None:
    assert session.run("export KEPT='it''s \"so\"'; mkdir sub; cd sub; exit 3", "set -e; false", "echo $KEPT") == [
        3,
        1,
        0,
    ]
    assert session.text() == 'its "so"\n'


def test_a_syntax_error_is_a_failed_command_and_no_end(session: Session) -> None:
    assert session.run("echo 'open", "echo on") == [2, 0]
    assert session.text().endswith("on\n")


def test_commands_read_nothing(session: Session) -> None:
    assert session.run("cat", "read line || echo empty") == [0, 0]
    assert session.text() == "empty\n"


def test_what_hangs_is_killed_with_its_children_when_the_time_is_up(session: Session) -> None:
    with pytest.raises(TimedOut):
        session.run("sleep 300 & echo $! > child; sleep 300", seconds=1.5)
    child = int((session.source / "child").read_text())
    assert _gone(child)


def test_another_thread_stops_it(session: Session) -> None:
    threading.Timer(0.3, session.shell.end).start()
    with pytest.raises(Stopped):
        session.run("sleep 300")
    with pytest.raises(Stopped):
        session.run("echo never")


def test_what_runs_in_the_background_holds_nobody_up_and_is_killed(session: Session) -> None:
    session.run("sleep 300 & echo $! > child", "trap '' TERM HUP")
    child = int((session.source / "child").read_text())
    began = time.monotonic()
    session.shell.close()
    assert time.monotonic() - began < 60
    assert _gone(child)


def test_values_and_long_output_come_through_whole(session: Session) -> None:
    session.run("LONG=$(printf 'x%.0s' $(seq 5000)); export TEXT='a b'", "seq 20000")
    limit = time.monotonic() + 20
    assert session.shell.value("LONG", limit) == "x" * 5000
    assert session.shell.value("TEXT", limit) == "a b"
    assert session.shell.value("UNSET", limit) == ""
    assert session.text().splitlines()[-1] == "20000"


def _gone(process: int) -> bool:
    """Whether it ends soon, and be it that nobody takes note."""
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False
