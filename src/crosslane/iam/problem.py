"""What is wrong with a policy document."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that makes a document no policy: ``message`` says what is wrong, ``expected`` what should be there."""

    pointer: str
    message: str
    expected: str
    line: int | None = None
    """1-based; None if the document did not come as text."""

    def __str__(self) -> str:
        where = f"line {self.line}, " if self.line is not None else ""
        return f"{where}{self.pointer or '/'}: {self.message}; expected {self.expected}"


class PolicyError(ValueError):
    """The document is no policy. ``problems`` holds everything found, the first one first."""

    def __init__(self, problems: tuple[Problem, ...], name: str = "") -> None:
        self.problems = problems
        self.name = name
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{f'policy {name}: ' if name else ''}{first}{more}")

    @property
    def pointer(self) -> str:
        return self.problems[0].pointer

    @property
    def line(self) -> int | None:
        return self.problems[0].line

    @property
    def message(self) -> str:
        return self.problems[0].message

    @property
    def expected(self) -> str:
        return self.problems[0].expected
