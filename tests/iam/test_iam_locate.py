"""Lines of JSON pointers."""

from __future__ import annotations

import pytest

from crosslane.iam.locate import escape, line_of

TEXT = """{
  "a": [
    1,
    {"b": "x:,]}"},
    [

      "c"
    ]
  ],
  "d/e~f": {
    "g":
      true
  },
  "h": 1,
  "h": 2
}
"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 1),
        ("/a", 2),
        ("/a/0", 3),
        ("/a/1", 4),
        ("/a/1/b", 4),
        ("/a/2", 5),
        ("/a/2/0", 7),
        ("/d~1e~0f", 10),
        ("/d~1e~0f/g", 11),
        ("/h", 15),
        ("/a/9", 2),
        ("/nothing/at/all", 1),
    ],
)
def test_a_pointer_has_the_line_where_its_value_or_its_key_stands(pointer: str, line: int) -> None:
    assert line_of(TEXT, pointer) == line


def test_keys_are_escaped_as_the_pointers_are() -> None:
    assert escape("d/e~f") == "d~1e~0f"


def test_escaped_characters_in_keys_are_read() -> None:
    assert line_of('{\n"\\u0061": 1,\n"b\\"": 2}', "/a") == 2
    assert line_of('{\n"\\u0061": 1,\n"b\\"": 2}', '/b"') == 3


@pytest.mark.parametrize("text", ["", "   ", "]", ",:,", '"', "{", '{"a"', "[[[", "nonsense here"])
def test_text_that_is_no_json_does_no_harm(text: str) -> None:
    line_of(text, "/a/b")
