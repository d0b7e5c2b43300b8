"""JSON objects in which a key stands more than once: ``json`` alone keeps the last and says nothing."""

from __future__ import annotations

from typing import Any


class Repeated(dict[str, Any]):
    """A JSON object in which a key stood more than once; ``keys_again`` are those keys."""

    keys_again: tuple[str, ...] = ()


def object_from_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """``object_pairs_hook`` for ``json.loads`` that remembers duplicate keys, for the parser to report."""
    out = dict(pairs)
    if len(out) == len(pairs):
        return out
    repeated = Repeated(out)
    seen: set[str] = set()
    again = []
    for key, _ in pairs:
        if key in seen:
            again.append(key)
        seen.add(key)
    repeated.keys_again = tuple(again)
    return repeated
