"""Which line of a TOML document each key stands on; tomllib does not say.

``locate`` is only asked after tomllib has accepted a document and a value in it turned out wrong, so it trusts
the grammar (TOML 1.0, https://toml.io/en/v1.0.0, and the newlines in inline tables of 1.1) and checks nothing.
"""

from __future__ import annotations

from bisect import bisect_right

from crosslane.config.tables import KeyPath

_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}
_ESCAPE_DIGITS = {"x": 2, "u": 4, "U": 8}


def locate(text: str) -> dict[KeyPath, int]:
    """The 1-based line of every key, array element and table of ``text``, a valid TOML document.

    A table's line is its header's (or that of the first header or key that implies it), an element's line is
    where it begins.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.lines


class _Scanner:
    """One pass over a document. ``lines`` fills up as it goes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._line_starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
        self._tables_in: dict[KeyPath, int] = {}
        """How many ``[[headers]]`` an array of tables has had so far."""

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip_blank():
            if self.text.startswith("[[", self.at):
                table = self._header(array=True)
            elif self.text[self.at] == "[":
                table = self._header(array=False)
            else:
                self._key_and_value(table)

    def _line(self) -> int:
        return bisect_right(self._line_starts, self.at)

    def _skip_blank(self) -> bool:
        """Go to the next character that is no white space, newline or comment; False at the end."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char in " \t\n":
                self.at += 1
            else:
                return True
        return False

    def _skip_spaces(self) -> None:
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1

    def _header(self, *, array: bool) -> KeyPath:
        line = self._line()
        self.at += 2 if array else 1
        keys = self._dotted_key()
        self.at += 2 if array else 1
        path: KeyPath = ()
        for key in keys[:-1]:
            path = (*path, key)
            self.lines.setdefault(path, line)
            if path in self._tables_in:
                path = (*path, self._tables_in[path] - 1)
        path = (*path, keys[-1])
        if array:
            self.lines.setdefault(path, line)
            index = self._tables_in.get(path, 0)
            self._tables_in[path] = index + 1
            path = (*path, index)
        self.lines[path] = line
        return path

    def _key_and_value(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for key in self._dotted_key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self._skip_spaces()
        self._value(path)

    def _dotted_key(self) -> list[str]:
        """The parts of a key; stops at the ``=`` or ``]`` behind it."""
        keys = []
        while True:
            self._skip_spaces()
            keys.append(self._simple_key())
            self._skip_spaces()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _simple_key(self) -> str:
        quote = self.text[self.at]
        start = self.at
        if quote in "\"'":
            self._string()
            inner = self.text[start + 1 : self.at - 1]
            return _unescape(inner) if quote == '"' else inner
        while self.text[self.at] in _BARE:
            self.at += 1
        return self.text[start : self.at]

    def _value(self, path: KeyPath) -> None:
        match self.text[self.at]:
            case '"' | "'":
                self._string()
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                while self.text[self.at : self.at + 1] not in ("", ",", "]", "}", "#", "\n"):
                    self.at += 1

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self._skip_blank() and self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            element = (*path, index)
            self.lines[element] = self._line()
            self._value(element)
            index += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._skip_blank() and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
            else:
                self._key_and_value(path)
        self.at += 1

    def _string(self) -> None:
        """Step over a string of any of the four kinds."""
        quote = self.text[self.at]
        multi = self.text.startswith(quote * 3, self.at)
        closing = quote * 3 if multi else quote
        self.at += len(closing)
        while not self.text.startswith(closing, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(closing)
        if multi:  # up to two quotes may belong to the string, just before the closing three
            for _ in range(2):
                if self.text.startswith(quote, self.at):
                    self.at += 1


def _unescape(inner: str) -> str:
    """The text that the inside of a one-line basic string stands for."""
    out = []
    at = 0
    while at < len(inner):
        if inner[at] != "\\":
            out.append(inner[at])
            at += 1
            continue
        kind = inner[at + 1]
        if digits := _ESCAPE_DIGITS.get(kind):
            out.append(chr(int(inner[at + 2 : at + 2 + digits], 16)))
            at += 2 + digits
        else:
            out.append(_ESCAPES[kind])
            at += 2
    return "".join(out)
