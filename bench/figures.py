"""What a measurement gives, and how it is shown: one table, or one JSON document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. ``budget`` is what it should be; ``met`` None where there is no budget."""

    name: str
    value: float
    unit: str
    """``s``, ``ms``, ``x`` (a ratio within this run), ``calls``, ``/s``."""
    budget: str = ""
    met: bool | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A measurement that could not be taken, and why; never left out silently."""

    name: str
    reason: str


Result = Figure | NotMeasured


def at_least(name: str, value: float, wanted: float, detail: str = "") -> Figure:
    """A ratio with a lower bound."""
    return Figure(name, value, "x", f">= {wanted:g}", value >= wanted, detail)


def at_most(name: str, value: float, unit: str, wanted: float, detail: str = "") -> Figure:
    """A cost with an upper bound."""
    return Figure(name, value, unit, f"<= {wanted:g}", value <= wanted, detail)


def to_json(results: Iterable[Result]) -> list[dict[str, object]]:
    """The results as they stand in the document of ``--json``."""
    return [{"measured": isinstance(result, Figure), **asdict(result)} for result in results]


def to_table(results: Iterable[Result]) -> str:
    """The results as lines of a table, widths fitted."""
    rows = [("measurement", "value", "budget", "", "detail")]
    for result in results:
        match result:
            case Figure():
                met = {True: "ok", False: "MISSED", None: ""}[result.met]
                rows.append((result.name, _shown(result), result.budget, met, result.detail))
            case NotMeasured():
                rows.append((result.name, "-", "", "", f"not measured: {result.reason}"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)), row[4]]).rstrip()
        for row in rows
    )


def _shown(figure: Figure) -> str:
    digits = 0 if figure.unit == "calls" else 2 if figure.value < 10 else 1
    return f"{figure.value:,.{digits}f} {figure.unit}"
