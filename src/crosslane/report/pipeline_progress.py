"""An execution while it runs, on stderr: a table that is redrawn on a terminal, one line a change elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from crosslane.pipeline.model import ActionStatus, Execution
from crosslane.report.pipeline_text import change_line, duration, revision_text, table
from crosslane.report.redrawn import Redrawn, display_on

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


class LiveExecution(Redrawn):
    """The table of all actions, redrawn with running times; notes scroll by above it."""

    def __init__(self, console: Console, now: Now) -> None:
        self._now = now
        self._lock = Lock()
        self._execution: Execution | None = None
        super().__init__(console, per_second=4)

    def show(self, execution: Execution) -> None:
        """Take this as what is so now."""
        with self._lock:
            self._execution = execution

    def note(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)

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


def execution_on(stream: TextIO, now: Now) -> AbstractContextManager[PlainExecution | LiveExecution]:
    """The display that fits the stream."""
    return display_on(stream, lambda stream: PlainExecution(stream, now), lambda console: LiveExecution(console, now))


def execution_on_stderr(now: Now) -> AbstractContextManager[PlainExecution | LiveExecution]:
    """The display that fits stderr; stdout is kept for the result."""
    return execution_on(sys.stderr, now)
