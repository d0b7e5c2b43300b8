"""Where in a JSON text a JSON pointer (RFC 6901) stands.

The documents keep pointers only; the line is looked up when somebody asks for it, so that parsing stays fast.
"""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def escape(key: str) -> str:
    """A key as one step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def line_of(text: str, pointer: str) -> int | None:
    """The 1-based line where the value at ``pointer`` starts, or None if there is none.

    A pointer to something missing gives the line of the nearest value that encloses it. A member's line is that of its
    key. Of duplicate keys the last counts, as in ``json``. Any text is accepted.
    """
    offset = _offset_of(text, pointer)
    return None if offset is None else text.count("\n", 0, offset) + 1


def _offset_of(text: str, pointer: str) -> int | None:
    wanted = _prefixes(pointer)
    best: tuple[int, int] | None = None
    # One frame for each open array or object: its pointer (None once off the wanted path), next index or pending key.
    frames: list[tuple[str | None, str]] = []
    indexes: list[int] = []
    current: str | None = ""
    key_at: int | None = None
    expect_key = False
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark == "," and frames:
            if frames[-1][1] == "[":
                indexes[-1] += 1
                current = _step(frames[-1][0], str(indexes[-1]), wanted)
            else:
                expect_key = True
            continue
        if mark == ":":
            continue
        if mark in "]}":
            if frames:
                frames.pop()
                indexes.pop()
            expect_key = False
            continue
        if expect_key:
            expect_key = False
            key_at = token.start()
            current = _step(frames[-1][0], escape(_unquote(mark)), wanted) if frames else None
            continue
        if current is not None and current in wanted:
            depth = wanted[current]
            if best is None or depth >= best[1]:
                best = (token.start() if key_at is None else key_at, depth)
        key_at = None
        if mark in "[{":
            frames.append((current, mark))
            indexes.append(0)
            expect_key = mark == "{"
            if mark == "[":
                current = _step(current, "0", wanted)
    return None if best is None else best[0]


def _prefixes(pointer: str) -> dict[str, int]:
    steps = pointer.split("/")
    return {"/".join(steps[: depth + 1]): depth for depth in range(len(steps))}


def _step(base: str | None, step: str, wanted: dict[str, int]) -> str | None:
    if base is None:
        return None
    pointer = f"{base}/{step}"
    return pointer if pointer in wanted else None


def _unquote(mark: str) -> str:
    try:
        value = json.loads(mark)
    except ValueError:
        return mark
    return value if isinstance(value, str) else mark
