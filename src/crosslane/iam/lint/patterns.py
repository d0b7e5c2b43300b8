"""Two patterns with ``*`` and ``?`` against each other: does one cover the other, do they meet?

Both are answered for the language of the patterns, not by samples. Policy variables are literal text here: a pattern
with ``${`` covers only the same text, and whatever could fill it is left open.
"""

from __future__ import annotations

from functools import lru_cache

from crosslane.iam.wildcard import compile_pattern

_TOO_LONG = 4_000_000
"""Above this product of two patterns' lengths the cautious answer is given without looking."""


def is_pattern(text: str) -> bool:
    """Whether the text has a wildcard."""
    return "*" in text or "?" in text


@lru_cache(maxsize=8192)
def covers(outer: str, inner: str) -> bool:
    """Whether everything that ``inner`` matches, ``outer`` matches too. May say no where that is hard to see."""
    if outer == inner or outer == "*":
        return True
    if "${" in outer:
        return False
    if not is_pattern(outer):
        return False
    if not is_pattern(inner):
        return compile_pattern(outer)(inner)
    if len(outer) * len(inner) > _TOO_LONG:
        return False
    return _covers(_normal(outer), _normal(inner))


def _normal(pattern: str) -> str:
    """``**`` as ``*`` and ``*?`` as ``?*``: the same language, one way to write it."""
    out: list[str] = []
    star = False
    for char in pattern:
        if char == "*":
            star = True
        elif char == "?":
            out.append("?")
        else:
            if star:
                out.append("*")
                star = False
            out.append(char)
    if star:
        out.append("*")
    return "".join(out)


def _covers(outer: str, inner: str) -> bool:
    """Greedy, as for text, but only an outer ``*`` takes the inner ``*``, and only ``?`` or ``*`` the inner ``?``."""
    at = place = 0
    star = resume = -1
    while place < len(inner):
        char = inner[place]
        if at < len(outer) and outer[at] == "*":
            star, resume = at, place
            at += 1
        elif at < len(outer) and (outer[at] == char or (outer[at] == "?" and char != "*")) and char != "*":
            at += 1
            place += 1
        elif star >= 0:
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return all(char == "*" for char in outer[at:])


@lru_cache(maxsize=16384)
def meet(left: str, right: str) -> bool:
    """Whether some text matches both patterns. May say yes where that is hard to see."""
    if left == "*" or right == "*":
        return True
    if not is_pattern(left):
        return compile_pattern(right)(left)
    if not is_pattern(right):
        return compile_pattern(left)(right)
    for one, other in zip(left, right, strict=False):
        if one in "*?" or other in "*?":
            break
        if one != other:
            return False
    for one, other in zip(reversed(left), reversed(right), strict=False):
        if one in "*?" or other in "*?":
            break
        if one != other:
            return False
    return len(left) * len(right) > _TOO_LONG or _meet(left, right)


@lru_cache(maxsize=16384)
def arns_meet(left: str, right: str) -> bool:
    """As ``meet`` for patterns of ARNs: segment by segment, so that a wildcard in one does not reach into the next.

    A pattern of fewer than six segments may be anything after its last one.
    """
    return all(meet(one, other) for one, other in zip(_segments(left), _segments(right), strict=True))


def _segments(pattern: str) -> list[str]:
    parts = pattern.split(":", 5)
    return parts + ["*"] * (6 - len(parts))


def _meet(left: str, right: str) -> bool:
    """Both read side by side: the set of places in ``right`` that can be reached for each place in ``left``."""
    places = _skip({0}, right)
    for char in left:
        if char == "*":
            places = set(range(min(places), len(right) + 1))
            continue
        step: set[int] = set()
        for place in places:
            if place == len(right):
                continue
            other = right[place]
            if other == "*":
                step.add(place)
            elif char == "?" or other in ("?", char):
                step.add(place + 1)
        if not step:
            return False
        places = _skip(step, right)
    return len(right) in places


def _skip(places: set[int], right: str) -> set[int]:
    """The places with those that an empty ``*`` leads to."""
    out = set(places)
    for place in places:
        at = place
        while at < len(right) and right[at] == "*":
            at += 1
            out.add(at)
    return out
