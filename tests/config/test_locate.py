"""The locator, against tomllib (which keys there are) and against a writer that knows on which line it puts them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.config.locate import locate
from crosslane.config.tables import KeyPath


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Every key path of a parsed document."""
    found = {path} if path else set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found |= paths(inner, (*path, key))
    return found


KEYS = st.one_of(
    st.sampled_from(["a", "b", "c-d", "1", "e_f"]),
    st.text(alphabet="ab.\"'\\= #[]{}\té\U0001f600", max_size=5),
)
RAW_SCALARS = [
    "1", "-17", "0x_f".replace("_", ""), "1_000", "3.5e-2", "inf", "-nan", "true", "false",
    "1979-05-27T07:32:00Z", "1979-05-27 07:32:00.5", "1979-05-27", "07:32:00",
]  # fmt: skip
STRING_BITS = ["x", " ", "#", "[", "]", "{", "}", "=", ",", ".", "é", "\U0001f600"]
SCALARS = st.one_of(
    st.sampled_from(RAW_SCALARS),
    st.lists(st.sampled_from([*STRING_BITS, '\\"', "\\\\", "\\u00e9", "'"])).map(lambda b: f'"{"".join(b)}"'),
    st.lists(st.sampled_from([*STRING_BITS, "\\", '"'])).map(lambda b: f"'{''.join(b)}'"),
    st.lists(st.sampled_from([*STRING_BITS, "\n", "\\\n  ", '\\"', "\\\\", '"x', '""x', "'''"])).flatmap(
        lambda b: st.sampled_from(["", '"', '""']).map(lambda end: f'"""{"".join(b)}{end}"""')
    ),
    st.lists(st.sampled_from([*STRING_BITS, "\n", "\\", "'x", "''x", '"""'])).flatmap(
        lambda b: st.sampled_from(["", "'", "''"]).map(lambda end: f"'''{''.join(b)}{end}'''")
    ),
)
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
        max_leaves=12,
    ),
    max_size=5,
)


class Writer:
    """Writes a tree as TOML in one of its many forms and notes on which line each key begins."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[KeyPath, int] = {}

    def coin(self) -> bool:
        return bool(self.draw(st.booleans()))

    def line(self) -> int:
        return self.text.count("\n") + 1

    def blank(self) -> None:
        self.text += self.draw(st.sampled_from(["", "", " ", "\t"]))

    def blank_lines(self) -> None:
        self.text += self.draw(st.sampled_from(["", "", "\n", '# [not] a = "table"\n', "  \n\t# '''\n"]))

    def end_line(self) -> None:
        self.text += self.draw(st.sampled_from(["\n", "\n", ' # x = """\n', "\t\n\n"]))

    def key(self, key: str) -> None:
        bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
        if bare and self.coin():
            self.text += key
        elif "'" not in key and self.coin():
            self.text += f"'{key}'"
        else:
            escaped = key.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("é", "\\u00E9")
            self.text += f'"{escaped}"'

    def dotted(self, keys: list[str]) -> None:
        for index, key in enumerate(keys):
            if index:
                self.blank()
                self.text += "."
                self.blank()
            self.key(key)

    def table(self, path: KeyPath, tree: dict[str, Any], only_headers: bool = False) -> None:
        """The keys of a table: those on lines of their own first, then those under headers."""
        under_headers = []
        for key, value in tree.items():
            if self.may_have_header(value) and (only_headers or self.coin()):
                under_headers.append((key, value))
            else:
                self.blank_lines()
                self.blank()
                self.pair(path, [key], value)
                self.end_line()
        for key, value in under_headers:
            self.header(path, key, value)

    def may_have_header(self, value: Any) -> bool:
        if isinstance(value, list):
            return bool(value) and all(isinstance(item, dict) for item in value)
        return isinstance(value, dict)

    def header(self, path: KeyPath, key: str, value: Any) -> None:
        here = (*path, key)
        names = [part for part in here if isinstance(part, str)]
        if isinstance(value, dict):
            implied = bool(value) and all(self.may_have_header(inner) for inner in value.values()) and self.coin()
            if not implied:
                self.header_line(names, "[", "]", here)
            self.table(here, value, only_headers=implied)
            return
        for index, item in enumerate(value):
            self.header_line(names, "[[", "]]", (*here, index))
            self.table((*here, index), item)

    def header_line(self, names: list[str], start: str, end: str, here: KeyPath) -> None:
        self.blank_lines()
        self.blank()
        for stop in range(1, len(here)):
            self.lines.setdefault(here[:stop], self.line())
        self.lines[here] = self.line()
        self.text += start
        self.blank()
        self.dotted(names)
        self.blank()
        self.text += end
        self.end_line()

    def pair(self, path: KeyPath, keys: list[str], value: Any) -> None:
        if isinstance(value, dict) and value and self.coin():
            for index, (key, inner) in enumerate(value.items()):
                if index:
                    self.end_line()
                self.pair(path, [*keys, key], inner)
            return
        for stop in range(1, len(keys) + 1):
            self.lines.setdefault((*path, *keys[:stop]), self.line())
        self.dotted(keys)
        self.blank()
        self.text += "="
        self.blank()
        self.value((*path, *keys), value)

    def value(self, path: KeyPath, value: Any) -> None:
        if isinstance(value, str):
            self.text += value
        elif isinstance(value, list):
            self.array(path, value)
        else:
            self.inline_table(path, value)

    def array(self, path: KeyPath, items: list[Any]) -> None:
        self.text += "["
        for index, item in enumerate(items):
            if index:
                self.text += ","
            self.blank_lines()
            self.lines[(*path, index)] = self.line()
            self.value((*path, index), item)
            self.blank()
        if items and self.coin():
            self.text += ","
        self.blank_lines()
        self.text += "]"

    def inline_table(self, path: KeyPath, tree: dict[str, Any]) -> None:
        self.text += "{"
        for index, (key, value) in enumerate(tree.items()):
            if index:
                self.text += ","
            self.blank()
            self.lines[(*path, key)] = self.line()
            self.key(key)
            self.text += " ="
            self.blank()
            self.value((*path, key), value)
            self.blank()
        self.text += "}"


@settings(max_examples=300, deadline=None)
@given(tree=TREES, data=st.data(), crlf=st.booleans())
def test_every_key_of_any_document_is_found_on_the_line_where_it_was_written(
    tree: dict[str, Any], data: st.DataObject, crlf: bool
) -> None:
    writer = Writer(data.draw)
    writer.table((), tree)
    text = writer.text.replace("\n", "\r\n") if crlf else writer.text

    assert set(writer.lines) == paths(tomllib.loads(text)), "the writer of this test is wrong"
    assert locate(text) == writer.lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# only a comment", {}),
        ("a = 1", {("a",): 1}),
        ("\n\n[a]\nb = 1\n", {("a",): 3, ("a", "b"): 4}),
        ("[a.b]\n[a]\n", {("a",): 2, ("a", "b"): 1}),
        (
            "[[s]]\nn = 1\n[[s]]\n[s.t]\nn = [1,\n2]",
            {
                ("s",): 1, ("s", 0): 1, ("s", 0, "n"): 2, ("s", 1): 3, ("s", 1, "t"): 4, ("s", 1, "t", "n"): 5,
                ("s", 1, "t", "n", 0): 5, ("s", 1, "t", "n", 1): 6,
            },
        ),
        ('"a.b".c = """\n\\"""\\" \n\n"""\nd = 1', {("a.b",): 1, ("a.b", "c"): 1, ("d",): 5}),
        ("a = { b = '''\n''', c.d = 1 }", {("a",): 1, ("a", "b"): 1, ("a", "c"): 2, ("a", "c", "d"): 2}),
    ],
)  # fmt: skip
def test_known_documents(text: str, expected: dict[KeyPath, int]) -> None:
    assert locate(text) == expected
