"""A policy that is too long becomes several that together say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.desired.model import Document, Statement
from crosslane.desired.split import POLICY_CHARACTERS, characters, split
from crosslane.errors import UsageError


def statement(number: int, resources: int = 1, length: int = 60) -> Statement:
    arns = tuple(f"arn:aws:s3:::{'b' * length}-{number}-{index}" for index in range(resources))
    return Statement(f"Sid{number}", "because", ("s3:GetObject", "s3:PutObject"), arns)


def granted(documents: tuple[Document, ...]) -> set[tuple[str, str, str]]:
    return {
        (action, resource, str(one.condition))
        for document in documents
        for one in document.statements
        for action in one.actions
        for resource in one.resources
    }


def test_a_document_that_fits_stays_whole() -> None:
    document = Document((statement(1), statement(2)))
    assert split(document) == (document,)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 200)), min_size=1, max_size=40))
def test_the_parts_fit_and_together_say_the_same(shapes: list[tuple[int, int]]) -> None:
    document = Document(tuple(statement(number, *shape) for number, shape in enumerate(shapes)))
    parts = split(document, most=1000)
    assert all(characters(part) <= POLICY_CHARACTERS for part in parts)
    assert all(part.statements for part in parts)
    assert granted(parts) == granted((document,))
    sids = [one.sid for part in parts for one in part.statements]
    assert len(sids) == len(set(sids))


def test_statements_keep_their_order() -> None:
    document = Document(tuple(statement(number, 10) for number in range(30)))
    sids = [one.sid for part in split(document) for one in part.statements]
    assert sids == [f"Sid{number}" for number in range(30)]


def test_more_than_ten_policies_are_refused_with_a_way_out() -> None:
    document = Document(tuple(statement(number, 60) for number in range(12)))
    with pytest.raises(UsageError, match="a role takes 10") as caught:
        split(document)
    assert caught.value.code == "PolicyTooLong"
    assert caught.value.next


def test_one_resource_longer_than_a_policy_is_refused() -> None:
    with pytest.raises(UsageError, match="Sid1 alone"):
        split(Document((statement(1, 1, 7000),)))


def test_white_space_is_not_counted() -> None:
    one = Statement("A", "because", ("s3:GetObject",), ("arn:aws:s3:::a b c",))
    same = Statement("A", "because", ("s3:GetObject",), ("arn:aws:s3:::abc",))
    assert characters(Document((one,))) == characters(Document((same,)))
