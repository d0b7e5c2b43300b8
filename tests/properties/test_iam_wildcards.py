"""Wildcards against a slow reference, and in time."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.iam import wildcard
from crosslane.iam.wildcard import AnyOf, compile_pattern, compile_tokens, tokens_of
from tests.properties.iam_documents import quick

patterns = st.text("ab*?:", max_size=10)
texts = st.text("ab:", max_size=10)


def reference(pattern: str, text: str) -> bool:
    """The definition, by a table of prefixes."""
    fits = [True] + [False] * len(text)
    for char in pattern:
        if char == "*":
            seen = False
            row = []
            for one in fits:
                seen = seen or one
                row.append(seen)
        else:
            row = [False] + [fits[i] and char in ("?", text[i]) for i in range(len(text))]
        fits = row
    return fits[-1]


@quick
@given(patterns, texts)
def test_matching_is_what_the_definition_says(pattern: str, text: str) -> None:
    expected = reference(pattern, text)
    assert compile_pattern(pattern)(text) is expected
    assert compile_tokens(tokens_of(pattern))(text) is expected


@quick
@given(st.lists(patterns, max_size=4), texts)
def test_many_patterns_at_once_match_as_each_does(many: list[str], text: str) -> None:
    assert AnyOf([tokens_of(one) for one in many]).accepts(text) is any(reference(one, text) for one in many)


@quick
@given(st.lists(st.lists(st.text("ab*?", max_size=3), min_size=6, max_size=6), max_size=3), st.text("ab:", max_size=12))
def test_many_arn_patterns_at_once_match_as_each_does(many: list[list[str]], text: str) -> None:
    parts = text.split(":", 5)
    each = any(len(parts) == 6 and all(reference(p, t) for p, t in zip(one, parts, strict=True)) for one in many)
    assert AnyOf([tokens_of(":".join(one)) for one in many], segments=True).accepts(text) is each


@quick
@given(patterns, texts)
def test_the_search_for_long_pieces_finds_the_same(pattern: str, text: str) -> None:
    before = wildcard._SLOW
    wildcard._SLOW = 0
    try:
        assert compile_tokens(tokens_of(pattern))(text) is reference(pattern, text)
    finally:
        wildcard._SLOW = before


@quick
@given(patterns, texts, st.data())
def test_widening_a_pattern_widens_the_match(pattern: str, text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(pattern)))
    wider = pattern[:at] + "*" + pattern[at:]
    if compile_pattern(pattern)(text):
        assert compile_pattern(wider)(text)
    if at < len(pattern) and pattern[at] not in "*":
        loosened = pattern[:at] + "?" + pattern[at + 1 :]
        if compile_pattern(pattern)(text):
            assert compile_pattern(loosened)(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 25_000 + "b", "a" * 50_000),
        ("*ab" * 16_000, "a" * 50_000),
        ("*" + "a?" * 12_500 + "*", "ab" * 12_500 + "b" * 25_000),
        ("*" + "a" * 25_000 + "?b*", "a" * 60_000),
        ("?" * 50_000 + "*", "a" * 50_000),
        ("*" * 50_000, "a" * 50_000),
    ],
)
def test_no_pattern_takes_long(pattern: str, text: str) -> None:
    assert min(_seconds(pattern, text) for _ in range(3)) < 1


def _seconds(pattern: str, text: str) -> float:
    """Of three, the fastest counts: a busy machine makes a run slow, and nothing makes one fast."""
    start = process_time()
    compile_tokens(tokens_of(pattern))(text)
    return process_time() - start
