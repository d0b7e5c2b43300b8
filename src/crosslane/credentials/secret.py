"""Keys, and a wrapper that keeps their secret halves out of anything printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class Secret:
    """A string that shows as ``***`` in ``str``, ``repr``, ``format`` and tracebacks; ``reveal`` gives it out.

    Compares and hashes by value. It cannot be pickled, so that it does not land in a cache by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself. Never pass the result to a log, an error or a report."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled")


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs requests. ``session_token`` is None for a user's access key; ``expires`` has a time zone."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None
    expires: datetime | None = None
