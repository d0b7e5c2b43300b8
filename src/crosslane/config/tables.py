"""Reading single values out of a parsed TOML file; what is wrong is noted, and reading goes on.

Every function here gives back a usable value of the right type even where the file is wrong, so that one pass
finds all problems; nobody may use what was read while there are problems.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from crosslane.config.rules import Rule, broken

KeyPath = tuple[str | int, ...]
"""Keys from the root of the document; numbers are positions in arrays: ``("stages", 0, "name")``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in the file. ``key`` may name a key that is missing."""

    key: KeyPath
    code: str
    message: str
    next: str | None = None


@dataclass(slots=True)
class Table:
    """A table of the file at ``key``, and the list that all tables of one file note their problems in."""

    key: KeyPath
    values: Mapping[str, object]
    problems: list[Problem] = field(default_factory=list)
    stand_in: bool = False
    """Whether this stands for a table that is missing or is none: noted already, so no key of it is missed."""

    def note(self, name: str, code: str, message: str, next: str | None = None) -> None:
        """Note a problem with the key ``name`` of this table."""
        self.problems.append(Problem((*self.key, name), code, message, next))


def dotted(key: KeyPath) -> str:
    """A key as a person writes it: ``stages[0].name``."""
    out = ""
    for part in key:
        if isinstance(part, int):
            out += f"[{part}]"
        else:
            word = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else quoted(part)
            out += f".{word}" if out else word
    return out


def quoted(value: str) -> str:
    """A value of the file as it may stand in a message: on one line, of bounded length, in double quotes."""
    short = value if len(value) <= 100 else value[:99] + "…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short) + '"'


def nearest(name: str, known: Collection[str]) -> str:
    """The end of a sentence that rejects ``name``: the known name that it resembles, else all of them."""
    from difflib import get_close_matches

    folded = {other.lower().replace("-", "_"): other for other in known}
    near = get_close_matches(name.lower().replace("-", "_"), folded, n=1)
    if near:
        return f"; did you mean {quoted(folded[near[0]])}?"
    return f"; known: {', '.join(dotted((name,)) for name in known)}" if known else ""


def refuse_unknown_keys(table: Table, known: Collection[str]) -> None:
    """Note every key of ``table`` that is not ``known``."""
    for name in table.values:
        if name not in known:
            message = f"unknown key {dotted((*table.key, name))}{nearest(name, known)}"
            table.note(name, "UnknownKey", message)


def subtable(table: Table, name: str, known: Collection[str] | None, *, required: str | None = None) -> Table:
    """The table ``name`` of ``table``, empty if it is absent; ``known`` are its keys (None: any).

    ``required`` is what to say when it is missing.
    """
    value = table.values.get(name)
    key = (*table.key, name)
    if value is None:
        if required and not table.stand_in:
            table.note(name, "MissingKey", required)
        return Table(key, {}, table.problems, stand_in=required is not None)
    if not isinstance(value, dict):
        table.note(name, "WrongType", f"{dotted(key)} must be a table, not {type_name(value)}")
        return Table(key, {}, table.problems, stand_in=True)
    child = Table(key, value, table.problems)
    if known is not None:
        refuse_unknown_keys(child, known)
    return child


def tables(table: Table, name: str, known: Collection[str]) -> Iterator[Table | None]:
    """Each table of the array of tables ``name``; None for an element that is no table."""
    value = table.values.get(name)
    key = (*table.key, name)
    if value is None:
        return
    if not isinstance(value, list):
        message = f"{dotted(key)} must be an array of tables, not {type_name(value)}: write [[{dotted(key)}]]"
        table.note(name, "WrongType", message)
        return
    for index, item in enumerate(value):
        place = (*key, index)
        if not isinstance(item, dict):
            message = f"{dotted(place)} must be a table, not {type_name(item)}"
            table.problems.append(Problem(place, "WrongType", message))
            yield None
            continue
        child = Table(place, item, table.problems)
        refuse_unknown_keys(child, known)
        yield child


def string(table: Table, name: str, *, required: str | None = None) -> str | None:
    """The string ``name``, or None where it is absent or no string; ``required`` is said when absent."""
    value = table.values.get(name)
    if value is None:
        if required and not table.stand_in:
            table.note(name, "MissingKey", required)
        return None
    if not isinstance(value, str):
        message = f"{dotted((*table.key, name))} must be a string, not {type_name(value)}"
        table.note(name, "WrongType", message)
        return None
    return value


def ruled(
    table: Table, name: str, rule: Rule, *, required: str | None = None, pipeline: str | None = None
) -> str | None:
    """The string ``name`` if it keeps ``rule``; None where it is absent or wrong.

    With ``pipeline``, ``{pipeline}`` in the string stands for that.
    """
    value = string(table, name, required=required)
    if value is None:
        return None
    full = value if pipeline is None else value.replace("{pipeline}", pipeline)
    why = broken(rule, full)
    if why is None:
        return full
    if pipeline is not None and "{" in full:
        why = "has a placeholder that is not known; the only one is {pipeline}"
    table.note(name, "BadName", f"{dotted((*table.key, name))}: {quoted(full)} {why}")
    return None


def boolean(table: Table, name: str, default: bool) -> bool:
    """The boolean ``name``; ``default`` where it is absent or none."""
    value = table.values.get(name, default)
    if not isinstance(value, bool):
        hint = ", without quotes" if isinstance(value, str) and value.lower() in ("true", "false") else ""
        message = f"{dotted((*table.key, name))} must be true or false{hint}, not {type_name(value)}"
        table.note(name, "WrongType", message)
        return default
    return value


def whole_number(table: Table, name: str, default: int, *, least: int, most: int) -> int:
    """The whole number ``name`` from ``least`` to ``most``; ``default`` where it is absent or none."""
    value = table.values.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        message = f"{dotted((*table.key, name))} must be a whole number, not {type_name(value)}"
        table.note(name, "WrongType", message)
        return default
    if not least <= value <= most:
        given = value if abs(value) < 10**12 else "far out of range"
        message = f"{dotted((*table.key, name))} is {given}; it must be from {least} to {most}"
        table.note(name, "OutOfRange", message)
        return default
    return value


def strings(table: Table, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """The array of strings ``name``; elements that are none are noted and left out."""
    value = table.values.get(name)
    key = (*table.key, name)
    if value is None:
        return default
    if not isinstance(value, list):
        hint = f": write [{quoted(value)}]" if isinstance(value, str) else ""
        message = f"{dotted(key)} must be an array of strings, not {type_name(value)}{hint}"
        table.note(name, "WrongType", message)
        return default
    for index, item in enumerate(value):
        if not isinstance(item, str):
            message = f"{dotted((*key, index))} must be a string, not {type_name(item)}"
            table.problems.append(Problem((*key, index), "WrongType", message))
    return tuple(item for item in value if isinstance(item, str))


def type_name(value: object) -> str:
    """TOML's word for the type of ``value``, with its article."""
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list() if value and all(isinstance(item, dict) for item in value):
            return "an array of tables"
        case list():
            return "an array"
        case dict():
            return "a table"
        case _:
            return "a date or time"
