"""Text that is not known before a template is deployed: it may turn out to be anything.

An intrinsic function is read as its name between two marks, so that messages can still show it.
"""

from __future__ import annotations

BEGIN = "\ue000"
END = "\ue001"


def unknown(name: str) -> str:
    """The stand-in for a value that ``name`` describes, as ``Bucket.Arn``."""
    return f"{BEGIN}{name}{END}"


def is_unknown(text: str) -> bool:
    """Whether any part of ``text`` is not known."""
    return BEGIN in text


def shown(text: str) -> str:
    """``text`` for a message: ``${Bucket.Arn}`` where a part is not known."""
    return text.replace(BEGIN, "${").replace(END, "}")


def as_pattern(text: str) -> str:
    """``text`` as a pattern in which what is not known may be anything."""
    if BEGIN not in text:
        return text
    out = []
    for piece in text.split(BEGIN):
        _, end, rest = piece.partition(END)
        out.append("*" + rest if end else piece)
    return "".join(out)
