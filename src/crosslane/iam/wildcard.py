"""Matching text against ``*`` (any run of characters) and ``?`` (any one character), in linear time.

No regular expressions that backtrack: a pattern is cut at its ``*`` into pieces, and each piece is taken at its
leftmost place, which is enough because whatever follows a ``*`` may stand anywhere later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

ANY_ONE = "\x00?"
ANY_RUN = "\x00*"
"""Marks in a tokenised pattern; every other token is literal text (and may itself hold ``*`` or ``?``)."""

Matcher = Callable[[str], bool]

_SLOW = 1_000_000
"""Above this product of pattern and text lengths the bit-parallel search takes over."""


def tokens_of(pattern: str) -> tuple[str, ...]:
    """The pattern as literals and marks; variables are no concern here."""
    if "*" not in pattern and "?" not in pattern:
        return (pattern,) if pattern else ()
    out: list[str] = []
    start = 0
    for index, char in enumerate(pattern):
        if char == "*" or char == "?":
            if index > start:
                out.append(pattern[start:index])
            out.append(ANY_RUN if char == "*" else ANY_ONE)
            start = index + 1
    if start < len(pattern):
        out.append(pattern[start:])
    return tuple(out)


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Matcher:
    """A function that says whether a text matches the whole ``pattern``, with regard to case."""
    star = pattern.find("*")
    if star < 0 and "?" not in pattern:
        return pattern.__eq__
    if star == len(pattern) - 1 and "?" not in pattern:
        prefix = pattern[:-1]
        return lambda text: text.startswith(prefix)
    return compile_tokens(tokens_of(pattern))


def compile_tokens(tokens: Sequence[str]) -> Matcher:
    """As ``compile_pattern``, for a tokenised pattern."""
    pieces = _pieces(tokens)
    if len(pieces) == 1:
        only = pieces[0]
        return lambda text: len(text) == only.length and only.fits(text, 0)
    first, last = pieces[0], pieces[-1]
    middle = tuple(piece for piece in pieces[1:-1] if piece.length)
    least = sum(piece.length for piece in pieces)
    tail = last.length

    def match(text: str) -> bool:
        end = len(text) - tail
        if end + tail < least or not first.fits(text, 0) or not last.fits(text, end):
            return False
        at = first.length
        for piece in middle:
            at = piece.find(text, at, end)
            if at < 0:
                return False
            at += piece.length
        return True

    return match


def size_of(tokens: Sequence[str]) -> int:
    """The length of the shortest text that the tokenised pattern matches."""
    return sum(0 if token == ANY_RUN else 1 if token == ANY_ONE else len(token) for token in tokens)


class _Piece:
    """A stretch of a pattern without ``*``: a fixed number of characters, some of which are literal."""

    __slots__ = ("length", "literals", "plain")

    def __init__(self, tokens: Sequence[str]) -> None:
        literals: list[tuple[int, str]] = []
        at = 0
        for token in tokens:
            if token == ANY_ONE:
                at += 1
            else:
                literals.append((at, token))
                at += len(token)
        self.length = at
        self.literals = tuple(literals)
        self.plain = literals[0][1] if len(literals) == 1 and len(literals[0][1]) == at else None
        if at == 0:
            self.plain = ""

    def fits(self, text: str, at: int) -> bool:
        """Whether the piece stands at ``at``; the caller has made sure that it does not run past the end."""
        if self.plain is not None:
            return text.startswith(self.plain, at)
        return all(text.startswith(literal, at + offset) for offset, literal in self.literals)

    def find(self, text: str, start: int, end: int) -> int:
        """The leftmost place in ``text[start:end]``, or -1."""
        if self.plain is not None:
            return text.find(self.plain, start, end)
        if not self.literals:
            return start if end - start >= self.length else -1
        if self.length * (end - start) > _SLOW:
            return self._find_by_bits(text, start, end)
        offset, literal = self.literals[0]
        last = end - self.length
        at = start
        while at <= last:
            found = text.find(literal, at + offset, last + offset + len(literal))
            if found < 0:
                return -1
            at = found - offset
            if self.fits(text, at):
                return at
            at += 1
        return -1

    def _find_by_bits(self, text: str, start: int, end: int) -> int:
        """Shift-And: one bit a position of the piece, all positions advanced at once per character."""
        wild = (1 << self.length) - 1
        masks: dict[str, int] = {}
        for offset, literal in self.literals:
            for index, char in enumerate(literal):
                bit = 1 << (offset + index)
                wild &= ~bit
                masks[char] = masks.get(char, 0) | bit
        masks = {char: mask | wild for char, mask in masks.items()}
        goal = 1 << (self.length - 1)
        state = 0
        for index in range(start, end):
            state = ((state << 1) | 1) & masks.get(text[index], wild)
            if state & goal:
                return index - self.length + 1
        return -1


def _pieces(tokens: Sequence[str]) -> list[_Piece]:
    groups: list[list[str]] = [[]]
    for token in tokens:
        if token == ANY_RUN:
            groups.append([])
        else:
            groups[-1].append(token)
    return [_Piece(group) for group in groups]


MANY = 32
"""From this number of patterns on, ``AnyOf`` is faster than one pattern after the other."""


class AnyOf:
    """Many tokenised patterns as one bit-parallel automaton: each character of a text costs one step over all of them.

    With ``segments``, wildcards before a pattern's fifth colon do not match a colon, as in ARNs.
    """

    __slots__ = ("accepting", "colon_loops", "loops", "masks", "starts", "wild")

    def __init__(self, patterns: Sequence[Sequence[str]], segments: bool = False) -> None:
        # State i of a pattern means: i of its characters are matched. A run after them is a loop on that state.
        masks: dict[str, list[int]] = {}
        wild: list[int] = []
        colon_wild: list[int] = []
        loops: list[int] = []
        colon_loops: list[int] = []
        starts: list[int] = []
        accepting: list[int] = []
        at = 0
        for tokens in patterns:
            starts.append(at)
            colons = 0 if segments else 5
            for token in tokens:
                if token == ANY_RUN:
                    loops.append(at)
                    if colons >= 5:
                        colon_loops.append(at)
                elif token == ANY_ONE:
                    at += 1
                    wild.append(at)
                    if colons >= 5:
                        colon_wild.append(at)
                else:
                    colons += token.count(":")
                    for char in token:
                        at += 1
                        masks.setdefault(char, []).append(at)
            accepting.append(at)
            at += 1
        self.starts, self.accepting = _bits(starts, at), _bits(accepting, at)
        self.loops, self.colon_loops = _bits(loops, at), _bits(colon_loops, at)
        self.wild = _bits(wild, at)
        self.masks = {char: _bits(found, at) | self.wild for char, found in masks.items()}
        self.masks[":"] = _bits(masks.get(":", ()), at) | _bits(colon_wild, at)

    def accepts(self, text: str) -> bool:
        """Whether any of the patterns matches the whole text."""
        state, wild, masks = self.starts, self.wild, self.masks
        for char in text:
            loops = self.colon_loops if char == ":" else self.loops
            state = (state << 1) & masks.get(char, wild) | state & loops
            if not state:
                return False
        return bool(state & self.accepting)


def _bits(positions: Sequence[int], size: int) -> int:
    """The number whose set bits are ``positions``, built without quadratic growth."""
    out = bytearray(size // 8 + 1)
    for position in positions:
        out[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(out, "little")
