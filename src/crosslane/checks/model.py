"""A finding: something that is not as it should be, with its evidence, cause and fix."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """``error`` fails ``verify``; ``warning`` does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """``id`` is stable (``drift.stack``); ``url`` is AWS's page on the matter, or None."""

    id: str
    severity: Severity
    account: str
    subject: str
    evidence: str
    cause: str
    fix: str
    url: str | None = None
