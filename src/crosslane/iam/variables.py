"""Policy variables: ``${aws:username}``, ``${aws:PrincipalTag/team, 'none'}``, ``${*}``, ``${?}``, ``${$}``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html (2026-11-24). Values are literal: a
``*`` that comes out of a request matches only itself. Multivalued keys cannot be variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from crosslane.iam.wildcard import tokens_of

_INSIDE = re.compile(r"([^\s,']+)(?:, '([^']*)')?")

Lookup = Callable[[str], str | None]
"""From a condition key in lower case to the request's single value, or None."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that a request fills. ``key`` is in lower case; "" (never in a request) if it is malformed."""

    key: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Escaped:
    """The characters of ``${*}``, ``${?}``, ``${$}``: literal wherever they stand."""

    text: str


Part = str | Variable | Escaped


def parts_of(text: str) -> tuple[Part, ...]:
    """A policy's text cut at its variables. A ``${`` that is never closed is ordinary text."""
    if "${" not in text:
        return (text,) if text else ()
    out: list[Part] = []
    end = 0
    # Not by a regular expression: one would look for the missing brace of many "${" anew at each of them.
    while (start := text.find("${", end)) >= 0 and (close := text.find("}", start)) >= 0:
        if start > end:
            out.append(text[end:start])
        out.append(_part(text[start + 2 : close]))
        end = close + 1
    if end < len(text):
        out.append(text[end:])
    return tuple(out)


def _part(inside: str) -> Part:
    if inside in ("*", "?", "$"):
        return Escaped(inside)
    found = _INSIDE.fullmatch(inside.strip())
    return Variable("") if found is None else Variable(found.group(1).lower(), found.group(2))


def is_static(parts: tuple[Part, ...]) -> bool:
    """Whether no request is needed to know the text."""
    return not any(isinstance(part, Variable) for part in parts)


def literals_of(parts: tuple[Part, ...], lookup: Lookup) -> list[str] | None:
    """The pieces of the text with its variables filled, none of them a pattern; None if one has no value."""
    out: list[str] = []
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, Escaped):
            out.append(part.text)
        else:
            value = lookup(part.key)
            if value is None:
                value = part.default
                if value is None:
                    return None
            out.append(value)
    return out


def pattern_of(parts: tuple[Part, ...], lookup: Lookup) -> list[str] | None:
    """As ``literals_of``, as tokens of a pattern: only the policy's own ``*`` and ``?`` are wildcards."""
    out: list[str] = []
    for part in parts:
        if isinstance(part, str):
            out.extend(tokens_of(part))
        elif isinstance(part, Escaped):
            out.append(part.text)
        else:
            value = lookup(part.key)
            if value is None:
                value = part.default
                if value is None:
                    return None
            if value:
                out.append(value)
    return out
