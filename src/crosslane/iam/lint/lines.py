"""The line of every element of a JSON text, found in one pass: a file may have thousands of findings."""

from __future__ import annotations

import json
import re

from crosslane.iam.locate import escape

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


class Lines:
    """Where the elements of ``text`` stand; any text is accepted, however broken."""

    __slots__ = ("_by_pointer",)

    def __init__(self, text: str) -> None:
        self._by_pointer = _lines(text)

    def of(self, pointer: str) -> int | None:
        """The 1-based line of the element at ``pointer``, else of the nearest one that encloses it.

        A member's line is that of its key; of duplicate keys the last counts, as in ``json``.
        """
        while pointer:
            found = self._by_pointer.get(pointer)
            if found is not None:
                return found
            pointer = pointer.rpartition("/")[0]
        return self._by_pointer.get("")


def _lines(text: str) -> dict[str, int]:
    out: dict[str, int] = {}
    # One frame for each open object or array: its pointer, and the next index or None.
    frames: list[tuple[str, int | None]] = []
    pointer, line, at = "", 1, 0
    key_line: int | None = None
    wants_key = False
    for token in _TOKEN.finditer(text):
        line += text.count("\n", at, token.start())
        at = token.start()
        mark = token.group()
        if mark == ":":
            continue
        if mark == ",":
            if not frames:
                continue
            base, index = frames[-1]
            if index is None:
                wants_key = True
            else:
                frames[-1] = (base, index + 1)
                pointer = f"{base}/{index + 1}"
            continue
        if mark in "]}":
            if frames:
                frames.pop()
            wants_key = False
            continue
        if wants_key and frames:
            wants_key = False
            key_line = line
            pointer = f"{frames[-1][0]}/{escape(_unquote(mark))}"
            continue
        out[pointer] = line if key_line is None else key_line
        key_line = None
        if mark == "{":
            frames.append((pointer, None))
            wants_key = True
        elif mark == "[":
            frames.append((pointer, 0))
            pointer = f"{pointer}/0"
            wants_key = False
    return out


def _unquote(mark: str) -> str:
    try:
        value = json.loads(mark)
    except ValueError:
        return mark
    return value if isinstance(value, str) else mark
