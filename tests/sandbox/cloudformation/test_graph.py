"""Order, cycles, and the walk."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.sandbox.cloudformation.graph import dependencies, order, reverse, walk
from crosslane.sandbox.cloudformation.template import parse_template
from crosslane.sandbox.request import ServiceError


def test_references_and_depends_on_make_the_order() -> None:
    template = parse_template(
        """
        Conditions: {Live: !Equals [a, b]}
        Resources:
          A: {Type: AWS::S3::Bucket, DependsOn: D}
          B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub '${A.Arn}'}}
          C: {Type: AWS::S3::Bucket, Properties: {BucketName: !If [Live, !Ref B, x]}}
          D: {Type: AWS::S3::Bucket}
          E: {Type: AWS::S3::Bucket, Condition: Live}
        """
    )
    edges = dependencies(template, {"Live": False})

    assert edges == {"A": {"D"}, "B": {"A"}, "C": set(), "D": set()}
    assert order(edges).index("D") < order(edges).index("A") < order(edges).index("B")


def test_a_circle_is_refused_and_named() -> None:
    edges = {"A": frozenset("B"), "B": frozenset("C"), "C": frozenset("B"), "D": frozenset()}
    with pytest.raises(ServiceError) as caught:
        order(edges)
    assert caught.value.message == "Circular dependency between resources: [B, C]"


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, frozenset[str]]:
    names = [f"n{number}" for number in range(draw(st.integers(0, 12)))]
    return {
        name: frozenset(draw(st.lists(st.sampled_from(names[:index]), max_size=3)) if index else ())
        for index, name in enumerate(names)
    }


@given(graphs())
def test_every_node_comes_after_those_it_needs(edges: dict[str, frozenset[str]]) -> None:
    seen = list(order(edges))
    assert sorted(seen) == sorted(edges)
    assert all(seen.index(needed) < seen.index(name) for name, needs in edges.items() for needed in needs)


@given(graphs(), st.data())
def test_the_walk_skips_exactly_what_needs_a_failed_node(edges: dict[str, frozenset[str]], data: st.DataObject) -> None:
    bad = frozenset(data.draw(st.lists(st.sampled_from(sorted(edges)), max_size=2))) if edges else frozenset()
    lock, visited = threading.Lock(), []

    def act(name: str) -> bool:
        with lock:
            assert all(needed in visited for needed in edges[name])
            visited.append(name)
        return name not in bad

    failed = walk(edges, act, stop_at_failure=False)
    blocked = set(failed)
    for name in order(edges):
        if edges[name] & blocked:
            blocked.add(name)
    assert failed == bad & set(visited)
    assert set(visited) == set(edges) - (blocked - failed)
    assert len(visited) == len(set(visited))


def test_after_a_failure_nothing_new_is_begun() -> None:
    visited: list[str] = []

    def act(name: str) -> bool:
        visited.append(name)
        return name != "a"

    assert walk({"a": frozenset(), "b": frozenset("a"), "c": frozenset("b")}, act, stop_at_failure=True) == {"a"}
    assert visited == ["a"]


def test_going_back_turns_the_edges_round() -> None:
    assert reverse({"a": frozenset(), "b": frozenset("a")}) == {"a": {"b"}, "b": set()}
