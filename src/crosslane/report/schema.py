"""The JSON schemas of what commands print with ``--json``, as they ship with the package."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files


class Printed(StrEnum):
    """The documents that have a schema."""

    ERROR = "error"
    """Any command that fails before it has a result."""
    PLAN = "plan"
    RUN = "run"
    """``up``, ``bootstrap``, ``deploy``, ``destroy``."""
    VERIFY = "verify"
    EXECUTION = "execution"
    """``run``, ``status``."""
    APPROVAL = "approval"
    """``approve``, ``reject``."""
    LOGS = "logs"


def schema_text(printed: Printed) -> str:
    """The schema (draft 2020-12) as JSON text. Programs must expect members that it does not name."""
    return files("crosslane.report").joinpath("schemas", f"{printed}.json").read_text(encoding="utf-8")
