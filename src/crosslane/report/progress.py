"""Progress of a run on stderr: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from crosslane.plan.model import Step
from crosslane.report.redrawn import Redrawn, display_on

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

COLOURS = {
    "created": "green",
    "updated": "yellow",
    "replaced": "yellow",
    "adopted": "yellow",
    "deleted": "red",
    "failed": "bold red",
    "verified": "cyan",
}


class PlainProgress:
    """One line for each finished step, in the order in which they finish."""

    def __init__(self, stream: TextIO, verbose: int) -> None:
        self.wants_events = verbose > 0
        self._stream = stream
        self._lock = Lock()
        self._starts: dict[str, float] = {}

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While somebody else writes to the terminal."""
        yield

    def started(self, step: Step) -> None:
        with self._lock:
            self._starts[step.id] = time.monotonic()

    def finished(self, step: Step, outcome: str, detail: str) -> None:
        with self._lock:
            seconds = time.monotonic() - self._starts.pop(step.id, time.monotonic())
            self._write(f"{_line(step, outcome, detail)}{f' ({seconds:.1f} s)' if seconds >= 0.1 else ''}")

    def note(self, step: Step, text: str) -> None:
        with self._lock:
            self._write(f"      {step.account}: {text}")

    def _write(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


class LiveProgress(Redrawn):
    """Finished steps scroll by; running ones stay at the bottom with their elapsed time."""

    def __init__(self, console: Console, verbose: int) -> None:
        self.wants_events = verbose > 0
        self._lock = Lock()
        self._running: dict[str, tuple[Step, float, str]] = {}
        super().__init__(console, per_second=8)

    def started(self, step: Step) -> None:
        with self._lock:
            self._running[step.id] = (step, time.monotonic(), "")

    def finished(self, step: Step, outcome: str, detail: str) -> None:
        from rich.text import Text

        with self._lock:
            self._running.pop(step.id, None)
            line = Text(_line(step, outcome, detail))
            line.highlight_words([outcome], COLOURS.get(outcome, "dim"))
            self._console.print(line, soft_wrap=True)  # the terminal wraps it, so that an ARN is copied whole

    def note(self, step: Step, text: str) -> None:
        with self._lock:
            if step.id in self._running:
                _, start, _ = self._running[step.id]
                self._running[step.id] = (step, start, text)
            if self.wants_events:
                line = f"      {step.account}: {text}"
                self._console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)

    def _render(self) -> RenderableType:
        from rich.text import Text

        with self._lock:
            now = time.monotonic()
            lines = [
                f"{step.account:<8} {step.guide or '':<4} {step.title} … {now - start:.0f} s  {text}"
                for step, start, text in self._running.values()
            ]
        return Text("\n".join(lines), style="dim", no_wrap=True, overflow="ellipsis")


def progress_on_stderr(verbose: int) -> AbstractContextManager[PlainProgress | LiveProgress]:
    """The display that fits stderr; stdout is kept for the result."""
    return display_on(
        sys.stderr,
        lambda stream: PlainProgress(stream, verbose),
        lambda console: LiveProgress(console, verbose),
    )


def _line(step: Step, outcome: str, detail: str) -> str:
    return f"{step.account:<8} {step.guide or '':<4} {outcome:<9} {step.title}{f': {detail}' if detail else ''}"
