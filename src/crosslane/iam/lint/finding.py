"""A finding: one thing in a policy that AWS would refuse, that does not do what it seems to, or that is dangerous."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is.

    ``ERROR``: AWS refuses the document, a part of it can never work, or it hands rights to anyone or lets its holder
    take any right. ``WARNING``: likely a mistake, or more is granted than is likely meant. ``INFO``: worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found in a file."""

    id: str
    """The rule's stable id, as ``unknown-action``."""
    severity: Severity
    file: str
    """The file as it was named; ``-`` for standard input."""
    line: int | None
    """1-based; None where the policy did not come as text."""
    pointer: str
    """JSON pointer into the file."""
    message: str
    fix: str
    """What to do, as one sentence."""
    url: str
    """The page that the rule rests on."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule's check yields: where in the policy, and what to say. Severity and URL default to the rule's."""

    pointer: str
    message: str
    fix: str
    severity: Severity | None = None
    url: str | None = None
