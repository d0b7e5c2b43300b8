"""A policy's text with its variables taken for anything."""

from __future__ import annotations

from crosslane.iam.variables import Escaped, parts_of


def without_variables(text: str) -> str:
    """``text`` as a pattern in which each ``${aws:…}`` may be anything; ``${*}`` and the like are one character."""
    if "${" not in text:
        return text
    out = []
    for part in parts_of(text):
        if isinstance(part, str):
            out.append(part)
        else:
            out.append("?" if isinstance(part, Escaped) else "*")
    return "".join(out)
