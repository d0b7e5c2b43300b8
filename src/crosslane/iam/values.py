"""The values that conditions compare: as text, and read as numbers, dates, IP addresses, base-64 bytes.

Each reading function gives None for text that is no such value; a condition on it then does not hold, negated or not.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (2026-11-24).
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton

Number = int | Decimal

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*", re.ASCII)
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?([Zz]|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
_EPOCH = re.compile(r"-?\d{1,15}", re.ASCII)
_UNIX_EPOCH = date(1970, 1, 1).toordinal()


def condition_text(value: bool | int | float | str) -> str:
    """A JSON value as the text that conditions compare: ``true``, ``10``, ``1.5``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if isinstance(value, int) and value.bit_length() > 10_000:
        return repr(float("inf") if value > 0 else float("-inf"))
    return str(value)


def number_of(text: str) -> Number | None:
    """An integer or decimal value."""
    if text.isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    return Decimal(text.strip()) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=1024)
def date_of(text: str) -> int | None:
    """Microseconds since 1970 of a W3C form of ISO 8601 (https://www.w3.org/TR/NOTE-datetime), or of epoch seconds.

    Four digits are a year. A time without a zone is taken as UTC.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return int(text) * 1_000_000 if _EPOCH.fullmatch(text) else None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        days = date(int(year), int(month or 1), int(day or 1)).toordinal() - _UNIX_EPOCH
    except ValueError:
        return None
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    if zone and zone not in "Zz":
        ahead = int(zone[1:3]) * 60 + int(zone[4:6])
        minutes -= ahead if zone[0] == "+" else -ahead
    whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return whole * 1_000_000 + int((fraction or "0")[:6].ljust(6, "0"))


@lru_cache(maxsize=1024)
def address_of(text: str) -> tuple[int, int] | None:
    """An IP address as its number of bits (32 or 128) and its value."""
    bits, family = (128, AF_INET6) if ":" in text else (32, AF_INET)
    try:
        return bits, int.from_bytes(inet_pton(family, text), "big")
    except (OSError, ValueError):
        return None


def network_of(text: str) -> tuple[int, int, int] | None:
    """A CIDR range as bits, prefix length and the address's leading bits; an address alone is a range of one."""
    start, slash, length = text.partition("/")
    address = address_of(start)
    if address is None:
        return None
    bits, value = address
    if not slash:
        return bits, bits, value
    if not (length.isdecimal() and length.isascii() and len(length) <= 3) or int(length) > bits:
        return None
    return bits, int(length), value >> (bits - int(length))


class Networks:
    """A set of CIDR ranges: a look-up costs one step a distinct prefix length."""

    __slots__ = ("_by_length",)

    def __init__(self, networks: Iterable[tuple[int, int, int]]) -> None:
        by_length: dict[tuple[int, int], set[int]] = {}
        for bits, length, leading in networks:
            by_length.setdefault((bits, length), set()).add(leading)
        self._by_length = tuple((bits, bits - length, found) for (bits, length), found in by_length.items())

    def __contains__(self, address: tuple[int, int]) -> bool:
        bits, value = address
        return any(bits == of and value >> shift in leading for of, shift, leading in self._by_length)


def bytes_of(text: str) -> bytes | None:
    """The bytes that base-64 text stands for."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None
