"""What stands at a JSON pointer of a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def parent_of(document: Any, pointer: str) -> tuple[Any, str]:
    """The value that encloses the one at ``pointer`` (None if there is none), and the last step as it is in the
    document. For the document itself, that and an empty step."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    value = document
    for step in steps[:-1]:
        value = _member(value, step)
    return value, steps[-1] if steps else ""


def value_at(document: Any, pointer: str) -> Any:
    """The value at ``pointer``, or None."""
    parent, step = parent_of(document, pointer)
    return _member(parent, step) if pointer else document


def _member(value: Any, step: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list | tuple) and step.isdecimal() and step.isascii() and int(step) < len(value):
        return value[int(step)]
    return None
