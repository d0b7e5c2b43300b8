"""Differences as a person reads them: short paths, old and new value, nothing that is equal."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crosslane.plan.difference import SHOWN, differences, set_differences, shown, tag_differences, text_differences
from crosslane.plan.model import Change

# Without null: in a template or policy, null and "not there" are the same to a person.
VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_equal_values_have_no_difference(value: Any) -> None:
    assert differences(value, json.loads(json.dumps(value))) == ()


@given(VALUES, VALUES)
def test_different_values_always_show(before: Any, after: Any) -> None:
    assert bool(differences(before, after)) == (before != after)


def test_a_deep_difference_has_its_whole_path() -> None:
    before = {"Resources": {"Key": {"Properties": {"Tags": [{"Key": "a", "Value": "1"}]}}}}
    after = {"Resources": {"Key": {"Properties": {"Tags": [{"Key": "a", "Value": "2"}]}}}}

    assert differences(before, after) == (Change("Resources.Key.Properties.Tags[0].Value", "1", "2"),)


def test_statements_are_compared_by_their_sid() -> None:
    before = [{"Sid": "A", "Effect": "Allow"}, {"Sid": "B", "Effect": "Allow"}]
    after = [{"Sid": "New", "Effect": "Deny"}, {"Sid": "A", "Effect": "Allow"}, {"Sid": "B", "Effect": "Deny"}]

    assert [change.path for change in differences(before, after, "Statement")] == [
        "Statement[B].Effect",
        "Statement[New]",
    ]


def test_statements_with_one_sid_twice_are_not_confused() -> None:
    before = [{"Sid": "A", "Effect": "Allow"}, {"Sid": "A", "Effect": "Deny"}]
    after = [{"Sid": "A", "Effect": "Deny"}]

    assert differences(before, after, "Statement")


def test_text_that_is_no_json_is_compared_as_it_is() -> None:
    assert text_differences("Resources:\n", "Resources:\n") == ()
    assert text_differences("Resources:\n", "{}", "Template") == (Change("Template", "Resources:\n", "{}"),)


def test_sets_show_what_is_missing_and_what_is_too_much() -> None:
    assert set_differences(("a", "b"), ("b", "c"), "P") == (Change("P", None, "c"), Change("P", "a", None))


def test_only_wanted_tags_count() -> None:
    assert tag_differences((("theirs", "1"), ("ours", "old")), (("ours", "new"),)) == (
        Change("Tags.ours", "old", "new"),
    )


def test_long_values_are_shortened_in_the_middle() -> None:
    text = shown("x" * 500 + "end")

    assert text is not None
    assert len(text) < SHOWN
    assert text.startswith("xxx")
    assert text.endswith("end")


def test_one_value_of_a_policy_is_the_same_in_a_list_and_without() -> None:
    theirs = {"Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}}
    ours = {"Action": ["sts:AssumeRole"], "Principal": {"AWS": ["arn:aws:iam::111111111111:root"]}}
    assert differences(theirs, ours) == ()
    (change,) = differences(theirs, {**ours, "Action": ["sts:AssumeRole", "sts:TagSession"]})
    assert change.path == "Action"
