"""Where in a JSON text a JSON pointer (RFC 6901) stands.

The documents keep pointers only; the line is looked up when somebody asks for it, so that parsing stays fast.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_DEEPEST = 10
"""Nothing in a policy lies deeper than /Statement/0/Condition/OPERATOR/KEY/0."""


class _Node:
    """A JSON value: its line, and the values in it by the step that leads to them."""

    __slots__ = ("children", "line")

    def __init__(self, line: int) -> None:
        self.line = line
        self.children: dict[str, _Node] = {}


def escape(key: str) -> str:
    """A key as one step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def line_of(text: str, pointer: str) -> int | None:
    """The 1-based line where the value at ``pointer`` starts, or None if the text holds no value at all.

    A pointer to something missing gives the line of the nearest value that encloses it. A member's line is that of its
    key. Of duplicate keys the last counts, as in ``json``. Any text is accepted.
    """
    node = _tree(text)
    if node is None:
        return None
    for step in pointer.split("/")[1:]:
        child = node.children.get(step)
        if child is None:
            break
        node = child
    return node.line


@lru_cache(maxsize=8)
def _tree(text: str) -> _Node | None:
    """The values of a text with their lines, read once however many pointers are asked for."""
    root: _Node | None = None
    frames: list[tuple[_Node | None, bool]] = []  # the open arrays and objects; None below the deepest level
    step: str | None = None
    line, counted = 1, 0
    index: list[int] = []
    for token in _TOKEN.finditer(text):
        mark, start = token.group(), token.start()
        line += text.count("\n", counted, start)
        counted = start
        if mark == ":":
            continue
        if mark == ",":
            step = None
            if index:
                index[-1] += 1
            continue
        if mark == "]" or mark == "}":
            if frames:
                frames.pop()
                index.pop()
            step = None
            continue
        parent, is_object = frames[-1] if frames else (None, False)
        if is_object and step is None:
            step, key_line = escape(_unquote(mark)), line
            continue
        node = None
        if not frames:
            root = node = root or _Node(line)
        elif parent is not None and len(frames) <= _DEEPEST:
            node = _Node(key_line if is_object else line)
            parent.children[(step or "") if is_object else str(index[-1])] = node
        step = None
        if mark == "[" or mark == "{":
            frames.append((node, mark == "{"))
            index.append(0)
    return root


def _unquote(mark: str) -> str:
    try:
        value = json.loads(mark)
    except ValueError:
        return mark
    return value if isinstance(value, str) else mark
