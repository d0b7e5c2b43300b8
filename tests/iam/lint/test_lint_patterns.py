"""Containment and intersection of patterns, against a slow reference; containment of statements."""

from __future__ import annotations

import time
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.iam.document import Statement
from crosslane.iam.lint.coverage import statement_covers
from crosslane.iam.lint.lines import Lines
from crosslane.iam.lint.patterns import arns_meet, covers, meet
from crosslane.iam.locate import line_of
from crosslane.iam.parse import parse_policy
from crosslane.iam.wildcard import compile_pattern

WORDS = ["".join(letters) for size in range(6) for letters in product("abz", repeat=size)]
"""All texts of up to five letters; ``z`` stands in no pattern, and so for every other letter."""
patterns = st.text("ab*?", max_size=4)


def language(pattern: str) -> set[str]:
    return {word for word in WORDS if compile_pattern(pattern)(word)}


@given(patterns, patterns)
@settings(max_examples=400, deadline=None)
def test_a_pattern_that_covers_another_matches_all_that_it_matches(outer: str, inner: str) -> None:
    if covers(outer, inner):
        assert language(inner) <= language(outer)


@given(st.text("ab*", max_size=4), patterns)
@settings(max_examples=400, deadline=None)
def test_containment_in_a_pattern_without_question_marks_is_seen(outer: str, inner: str) -> None:
    if language(inner) and language(inner) <= language(outer) and len(inner) + len(outer) <= 5:
        assert covers(outer, inner)


@given(patterns, patterns)
@settings(max_examples=400, deadline=None)
def test_patterns_meet_exactly_when_some_text_matches_both(left: str, right: str) -> None:
    if language(left) & language(right):
        assert meet(left, right)
    elif len(left) + len(right) <= 5:
        # The shortest text that both match is no longer than the two patterns together.
        assert not meet(left, right)
    assert meet(left, right) == meet(right, left)


def test_a_variable_covers_only_itself_and_is_covered_by_a_wildcard() -> None:
    assert covers("home/${aws:username}/*", "home/${aws:username}/*")
    assert not covers("home/${aws:username}/*", "home/me/x")
    assert not covers("home/${*}", "home/${aws:username}")
    assert covers("home/*", "home/${aws:username}/x")


def test_arns_meet_segment_by_segment() -> None:
    assert arns_meet("arn:*:iam::*:role/*", "arn:aws:iam::1:role/a*")
    assert arns_meet("arn:*:iam::*:role/*", "arn:aws:*")
    assert not arns_meet("arn:*:iam::*:role/*", "arn:aws:s3:::b/*")


def statement(**elements: object) -> Statement:
    document = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | elements
    return parse_policy({"Version": "2012-10-17", "Statement": {k: v for k, v in document.items() if v}}).statements[0]


def test_a_statement_covers_a_narrower_one_and_not_a_wider_one() -> None:
    wide = statement(Action=["S3:*"], Resource="arn:aws:s3:::b*")
    narrow = statement(Action=["s3:GetObject", "s3:PutObject"], Resource=["arn:aws:s3:::b/*", "arn:aws:s3:::b2"])
    assert statement_covers(wide, narrow)
    assert not statement_covers(narrow, wide)


def test_not_action_covers_what_it_does_not_touch() -> None:
    everything_else = statement(Action=None, NotAction=["iam:*", "sts:Get*"])
    assert statement_covers(everything_else, statement(Action="s3:*"))
    assert not statement_covers(everything_else, statement(Action="sts:*"))
    assert statement_covers(everything_else, statement(Action=None, NotAction=["iam:*", "sts:*"]))
    assert not statement_covers(everything_else, statement(Action=None, NotAction=["iam:*"]))
    assert statement_covers(statement(Action="*"), everything_else)


def test_a_condition_that_must_hold_is_needed_on_the_inner_side_too() -> None:
    tls = {"Bool": {"aws:SecureTransport": "true"}}
    assert statement_covers(statement(), statement(Condition=tls))
    assert not statement_covers(statement(Condition=tls), statement())
    some = {"StringNotEquals": {"aws:SourceVpc": ["a"]}}
    more = {"StringNotEquals": {"aws:SourceVpc": ["a", "b"]}}
    assert statement_covers(statement(Condition=some), statement(Condition=more))
    assert not statement_covers(statement(Condition=more), statement(Condition=some))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(json_values, st.sampled_from([None, 1, 2]))
@settings(max_examples=150, deadline=None)
def test_the_line_index_says_what_the_look_up_of_one_line_says(value: object, indent: int | None) -> None:
    import json

    text = json.dumps(value, indent=indent)
    lines = Lines(text)
    todo: list[tuple[str, object]] = [("", value)]
    while todo:
        pointer, one = todo.pop()
        assert lines.of(pointer) == line_of(text, pointer)
        if isinstance(one, dict):
            steps = [(key.replace("~", "~0").replace("/", "~1"), member) for key, member in one.items()]
            todo += [(f"{pointer}/{step}", member) for step, member in steps]
        elif isinstance(one, list):
            todo += [(f"{pointer}/{index}", member) for index, member in enumerate(one)]


def test_long_patterns_take_little_time() -> None:
    start = time.perf_counter()
    covers("*a" * 3000, "a*" * 3000)
    meet("*a" * 1500 + "b", "a*" * 1500)
    covers("*" + "a" * 50_000 + "b*", "*" + "a" * 50_001)
    assert time.perf_counter() - start < 3
