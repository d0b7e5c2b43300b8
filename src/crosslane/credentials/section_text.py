"""Where the sections and keys of an AWS profile file are, line by line.

The rules are those of Python's ``configparser.RawConfigParser``, with which botocore and the AWS CLI read
these files (botocore ``configloader.py``): ``=`` or ``:`` after a key, comments on lines of their own only
(a ``#`` after a value is part of the value), deeper indentation continues a value, key names in lower case,
``[DEFAULT]`` lends its keys to every section. What that parser refuses (duplicates, stray lines, a byte
order mark) is read here as well and listed as a ``Problem``: such a file is still the user's, and is still
to be kept to the byte.

Text is what ``bytes.decode("utf-8", "surrogateescape")`` gives, so that foreign bytes survive; line endings
are kept.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

Value = str | Mapping[str, str]
"""A key's value: text, or the nested keys of an indented block (``s3 =`` and its lines)."""

BYTE_ORDER_MARK = "\ufeff"
DEFAULT_SECTION = "DEFAULT"

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEADER = re.compile(r"\[(?P<name>.+)\]")
DELIMITER = re.compile(r"[=:]")
_NAMED_KINDS = ("profile", "sso-session", "services")


@dataclass(frozen=True, slots=True)
class Option:
    """One key of a section. ``lines`` are the indexes of its own lines: the first, then those that continue it."""

    key: str
    text: str
    """The value as the parser joins it; it starts with a line break where a nested block follows."""
    lines: tuple[int, ...]
    indent: str


@dataclass(frozen=True, slots=True)
class Section:
    """``name`` is what stands between the brackets; ``header`` its line; ``options`` in the order of the file."""

    name: str
    header: int
    options: tuple[Option, ...]

    @property
    def last_line(self) -> int:
        """The last line that says something; comments and blank lines below it belong to what follows."""
        return self.options[-1].lines[-1] if self.options else self.header


@dataclass(frozen=True, slots=True)
class Problem:
    """Why AWS tools refuse to read the file: 1-based ``line`` and ``reason``."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The lines of a text, with their endings, and the sections in them."""

    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    problems: tuple[Problem, ...]


def outline(text: str) -> Outline:
    """Find every section and key; never fails."""
    lines = tuple(_LINE.findall(text))
    reading = _Reading()
    for index, line in enumerate(lines):
        if index == 0 and line.startswith(BYTE_ORDER_MARK):
            reading.refuse(index, "the file starts with a byte order mark")
            line = line.removeprefix(BYTE_ORDER_MARK)
        reading.take(index, line)
    reading.close_section()
    sections = tuple(reading.sections)
    return Outline(lines, sections, (*reading.problems, *_half_nested(sections), *_undecodable(lines)))


def read_sections(text: str) -> dict[str, dict[str, Value]]:
    """Section name to keys, as botocore's ``raw_config_parse`` has them; of duplicates, the last value counts."""
    merged: dict[str, dict[str, str]] = {}
    for section in outline(text).sections:
        merged.setdefault(section.name, {}).update({option.key: option.text for option in section.options})
    defaults = merged.pop(DEFAULT_SECTION, {})
    return {
        name: {key: _value(text) for key, text in {**options, **defaults, **options}.items()}
        for name, options in merged.items()
    }


def read_profiles(text: str) -> dict[str, dict[str, Value]]:
    """The profiles of a *config* file by name (in a credentials file every section is one:
    ``read_sections``).
    """
    named = ((_profile_of(section), values) for section, values in read_sections(text).items())
    return {name: values for name, values in named if name is not None}


def profile_headers(text: str, profile: str) -> tuple[str, ...]:
    """Every spelling of the profile's header in a config file; the last one is the one that counts."""
    return tuple(dict.fromkeys(s.name for s in outline(text).sections if _profile_of(s.name) == profile))


def read_named(text: str, kind: str) -> dict[str, dict[str, Value]]:
    """The sections ``[KIND NAME]`` of a config file by name; ``kind`` is ``sso-session`` or ``services``."""
    found = {_quoted_name(section): values for section, values in read_sections(text).items() if _kind(section) == kind}
    return {name: values for name, values in found.items() if name is not None}


def same_section(one: str, other: str) -> bool:
    """Whether two headers name one thing: equal, or ``profile x`` and ``profile "x"``."""
    if one == other:
        return True
    kind, name = _kind(one), _quoted_name(one)
    return kind is not None and name is not None and (kind, name) == (_kind(other), _quoted_name(other))


def named_header(kind: str, name: str) -> str:
    """``profile NAME`` or ``sso-session NAME``, quoted where AWS tools would not read it as one word otherwise."""
    plain = not any(character.isspace() or character in "\"'\\" for character in name)
    return f"{kind} {name if plain else shlex.quote(name)}"


def new_header(profile: str) -> str:
    """The header of a profile that is not in the config file yet."""
    return profile if profile == "default" else named_header("profile", profile)


def is_content(line: str) -> bool:
    """Whether a line is neither blank nor a comment."""
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith(("#", ";"))


def indent_of(line: str) -> str:
    """The white space that a line starts with."""
    return line[: len(line) - len(line.lstrip())]


class _Reading:
    """The state of one pass: the open section and the open option."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.problems: list[Problem] = []
        self._seen: set[str | tuple[str, str]] = set()
        self._name: str | None = None
        self._header = 0
        self._options: list[Option] = []
        self._key: str | None = None
        self._parts: list[str] = []
        self._lines: list[int] = []
        self._indent = ""

    def refuse(self, index: int, reason: str) -> None:
        self.problems.append(Problem(index + 1, reason))

    def take(self, index: int, line: str) -> None:
        stripped = line.strip()
        if not is_content(line):
            if not stripped and self._key is not None:
                self._parts.append("")
            return
        indent = indent_of(line)
        if self._key is not None and len(indent) > len(self._indent):
            self._parts.append(stripped)
            self._lines.append(index)
            return
        self._close_option()
        if header := _HEADER.match(stripped):
            self._open_section(index, header["name"])
        elif self._name is None:
            self.refuse(index, "no section is open yet")
        elif (delimiter := DELIMITER.search(stripped)) and delimiter.start() > 0:
            key, value = stripped[: delimiter.start()], stripped[delimiter.end() :]
            self._open_option(index, indent, key.rstrip().lower(), value.strip())
        else:
            self.refuse(index, "neither a section, a key with a value, nor a comment")

    def close_section(self) -> None:
        self._close_option()
        if self._name is not None:
            self.sections.append(Section(self._name, self._header, tuple(self._options)))
            self._options = []

    def _open_section(self, index: int, name: str) -> None:
        self.close_section()
        if name in self._seen and name != DEFAULT_SECTION:
            self.refuse(index, f"[{name}] is there twice")
        self._seen.add(name)
        self._name, self._header = name, index

    def _open_option(self, index: int, indent: str, key: str, value: str) -> None:
        assert self._name is not None
        if (self._name, key) in self._seen:
            self.refuse(index, f"{key} is there twice in [{self._name}]")
        self._seen.add((self._name, key))
        self._key, self._parts, self._lines, self._indent = key, [value], [index], indent

    def _close_option(self) -> None:
        if self._key is None:
            return
        text = "\n".join(self._parts).rstrip()
        self._options.append(Option(self._key, text, tuple(self._lines), self._indent))
        self._key = None


def _value(text: str) -> Value:
    """Text as it is, or the nested keys: one level, as botocore's ``_parse_nested`` has it."""
    if not text.startswith("\n"):
        return text
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def _profile_of(section: str) -> str | None:
    """The profile that a config section holds, as botocore's ``build_profile_map`` has it."""
    if section == "default":
        return section
    return _quoted_name(section) if section.startswith("profile") else None


def _kind(section: str) -> str | None:
    return next((kind for kind in _NAMED_KINDS if section.startswith(kind)), None)


def _quoted_name(section: str) -> str | None:
    """``x`` of ``profile x`` or ``profile "x"``; None where it is not two words (botocore leaves those out)."""
    try:
        words = shlex.split(section)
    except ValueError:
        return None
    return words[1] if len(words) == 2 else None


def _half_nested(sections: tuple[Section, ...]) -> tuple[Problem, ...]:
    """Indented blocks with a line that is no ``key = value``; in ``[DEFAULT]``, if a section inherits it."""
    own = {section.name: {option.key for option in section.options} for section in sections}
    own.pop(DEFAULT_SECTION, None)
    return tuple(
        Problem(option.lines[0] + 1, f"a line under {option.key} has no =")
        for section in sections
        for option in section.options
        if option.text.startswith("\n")
        and not all("=" in part for part in option.text.splitlines() if part.strip())
        and (section.name != DEFAULT_SECTION or any(option.key not in keys for keys in own.values()))
    )


def _undecodable(lines: tuple[str, ...]) -> tuple[Problem, ...]:
    """Lines with bytes that are no UTF-8 (lone surrogates after ``surrogateescape``)."""
    return tuple(
        Problem(index + 1, "not UTF-8")
        for index, line in enumerate(lines)
        if not line.isascii() and any("\ud800" <= character <= "\udfff" for character in line)
    )
