"""What the two displays share: one that is redrawn at the bottom of a terminal, and the choice of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self, TextIO, TypeVar

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

P = TypeVar("P")
R = TypeVar("R", bound="Redrawn")


class Redrawn(ABC):
    """A context in which ``_render`` is drawn again ``per_second`` times; what is printed scrolls by above it."""

    def __init__(self, console: Console, per_second: float) -> None:
        from rich.live import Live

        self._console = console
        self._live = Live(
            console=console,
            get_renderable=self._render,
            refresh_per_second=per_second,
            transient=True,
            redirect_stdout=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While somebody else writes to the terminal."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    @abstractmethod
    def _render(self) -> RenderableType:
        """What stands at the bottom now; called from a thread of the display's own."""


@contextmanager
def display_on(stream: TextIO, plain: Callable[[TextIO], P], redrawn: Callable[[Console], R]) -> Iterator[P | R]:
    """The redrawn display on a terminal, the plain one elsewhere."""
    if not stream.isatty():
        yield plain(stream)
        return
    from rich.console import Console

    with redrawn(Console(file=stream)) as display:
        yield display
