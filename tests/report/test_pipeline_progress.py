"""An execution while it runs, on a terminal and in a log."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import Console

from crosslane.pipeline.model import Execution
from crosslane.pipeline.read import read_definition, read_execution
from crosslane.report.pipeline_progress import LiveExecution, PlainExecution, execution_on
from crosslane.report.pipeline_text import duration
from tests.fakes.pipeline_at_work import NAME, START, As, Remote


def building() -> Execution:
    remote = Remote()
    execution = remote.begin()
    remote.succeed(execution, "Source/App")
    remote.run(execution, "Build/Build")
    return read_execution(As(remote), read_definition(As(remote), NAME), execution)


def test_on_a_terminal_every_action_is_there_with_its_running_time() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80, height=40, color_system=None)

    with LiveExecution(console, lambda: START + timedelta(seconds=83)) as display:
        display.show(building())
        display.note("no answer, trying again [not markup]")

    shown = stream.getvalue()
    assert "1 min 23 s" in shown
    assert "DeployChangeSetProduction" in shown
    assert "no answer, trying again [not markup]" in shown


def test_a_terminal_that_is_lower_than_the_table_shows_its_beginning() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=40, height=6, color_system=None)

    with LiveExecution(console, lambda: START) as display:
        display.show(building())

    assert "Source" in stream.getvalue()


def test_in_a_log_each_change_is_one_line() -> None:
    stream = io.StringIO()
    with execution_on(stream, lambda: START) as display:
        assert isinstance(display, PlainExecution)
        display.show(building())
        display.show(building())

    assert stream.getvalue().splitlines() == ["Source/App: Succeeded (0.0 s)", "Build/Build: InProgress"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (4.24, "4.2 s"),
        (9.99, "10.0 s"),
        (41.4, "41 s"),
        (59.7, "1 min 0 s"),
        (187, "3 min 7 s"),
        (3599.9, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said
