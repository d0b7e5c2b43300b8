"""What became of each step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crosslane.errors import CrosslaneError
from crosslane.plan.model import Step


class Outcome(StrEnum):
    """The words of ``up --json``."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    DELETED = "deleted"
    ADOPTED = "adopted"
    VERIFIED = "verified"
    SKIPPED = "skipped"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Done:
    """What carrying out a task gives."""

    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step's outcome; ``error`` for a failed one, ``seconds`` it took."""

    step: Step
    outcome: Outcome
    detail: str
    seconds: float = 0.0
    error: CrosslaneError | None = None
