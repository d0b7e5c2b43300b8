"""What the executor tells about its work while it goes on; silent for users of the library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crosslane.plan.model import Step


class Progress(Protocol):
    """Called from several threads; an implementation takes its own lock."""

    @property
    def wants_events(self) -> bool:
        """Whether stack events are worth a call each time a stack is asked for its state."""
        ...

    def started(self, step: Step) -> None:
        """Work on the step begins now."""
        ...

    def finished(self, step: Step, outcome: str, detail: str) -> None:
        """It is over; ``outcome`` is one of the words of ``Outcome``, ``detail`` a line for people."""
        ...

    def note(self, step: Step, text: str) -> None:
        """Something worth a line under the running step: a stack event, a wait and its reason."""
        ...


@dataclass(frozen=True, slots=True)
class Silent:
    """Says nothing."""

    wants_events: bool = False

    def started(self, step: Step) -> None:
        return None

    def finished(self, step: Step, outcome: str, detail: str) -> None:
        return None

    def note(self, step: Step, text: str) -> None:
        return None
