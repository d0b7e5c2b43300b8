"""An execution while it runs, on stderr: a table that is redrawn on a terminal, one line a change elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from crosslane.pipeline.model import ActionStatus, Execution
from crosslane.report.pipeline_text import change_line, duration, revision_text, table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

COLOURS = {
    "Succeeded": "green",
    "InProgress": "cyan",
    "waits": "yellow",
    "Failed": "bold red",
    "Rejected": "bold red",
    "Abandoned": "red",
}

Now = Callable[[], datetime]


class PlainExecution:
    """A line for each action that begins, waits or ends, with the time that it took."""

    def __init__(self, stream: TextIO, now: Now) -> None:
        self._stream = stream
        self._now = now
        self._told: dict[str, ActionStatus] = {}

    def show(self, execution: Execution) -> None:
        """Tell what changed since the last time."""
        for action in execution.actions:
            before = self._told.get(action.declared.path, ActionStatus.NOT_RUN)
            if action.status is not before:
                self._told[action.declared.path] = action.status
                self.note(change_line(action, self._now()))

    def note(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While somebody else writes to the terminal."""
        yield


class LiveExecution:
    """The table of all actions, redrawn with running times; notes scroll by above it."""

    def __init__(self, console: Console, now: Now) -> None:
        from rich.live import Live

        self._console = console
        self._now = now
        self._lock = Lock()
        self._execution: Execution | None = None
        self._live = Live(
            console=console, get_renderable=self._render, refresh_per_second=4, transient=True, redirect_stdout=False
        )

    def __enter__(self) -> LiveExecution:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, execution: Execution) -> None:
        """Take this as what is so now."""
        with self._lock:
            self._execution = execution

    def note(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While somebody else writes to the terminal."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def _render(self) -> RenderableType:
        from rich.text import Text

        with self._lock:
            execution = self._execution
        if execution is None:
            return Text("")
        now = self._now()
        seconds = execution.seconds(now)
        head = f"execution {execution.id}" + (f"  {duration(seconds)}" if seconds is not None else "")
        source = [revision_text(one) for one in execution.revisions]
        text = Text("\n".join([head, *source, *table(execution, now)]), no_wrap=True, overflow="ellipsis")
        for word, colour in COLOURS.items():
            text.highlight_regex(rf"(?<=\s){word}(?=\s|$)", colour)
        return text


@contextmanager
def execution_on(stream: TextIO, now: Now) -> Iterator[PlainExecution | LiveExecution]:
    """The display that fits the stream."""
    if not stream.isatty():
        yield PlainExecution(stream, now)
        return
    from rich.console import Console

    with LiveExecution(Console(file=stream), now) as display:
        yield display


@contextmanager
def execution_on_stderr(now: Now) -> Iterator[PlainExecution | LiveExecution]:
    """The display on stderr, which keeps stdout for the result."""
    with execution_on(sys.stderr, now) as display:
        yield display
