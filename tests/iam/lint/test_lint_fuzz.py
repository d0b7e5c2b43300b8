"""Policies and templates with something wrong put anywhere into them: findings, and never an exception."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.iam.lint import RULES, Kind, lint_text

HERE = Path(__file__).parent
SOUND = [
    case["policy"]
    for path in sorted((HERE / "cases").glob("*.json"))
    if path.stem != "size"
    for cases in json.loads(path.read_text()).values()
    for case in cases
]
SOUND += [json.loads((HERE / "template.json").read_text())] * (len(SOUND) // 8)
JUNK: list[Any] = [
    None,
    True,
    0,
    1.5,
    "",
    "*",
    "${",
    "${aws:x",
    "arn:",
    "a:b",
    "::",
    "\ud800",
    "\u0000",
    [],
    {},
    [None],
]
JUNK += [{"": ""}, {"AWS": None}, {"Ref": "X"}, {"Ref": 1}, {"Fn::Sub": ["${A}", {}]}, {"Fn::Join": [1, ["a"]]}]
JUNK += [{"Fn::If": ["c", "a", {"Ref": "AWS::NoValue"}]}, {"Fn::GetAtt": []}]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in members:
        yield from paths(member, (*path, step))


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    place = value
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = by
    return value


@pytest.mark.parametrize("resource", ["${" * 50_000, {"Fn::Sub": "${" * 50_000}])
@pytest.mark.parametrize("version", ["2012-10-17", "2008-10-17"])
def test_braces_never_closed_take_no_time(resource: Any, version: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    policy = {"Version": version, "Statement": {**statement, "Condition": {"StringEquals": {"aws:a": "${" * 9_000}}}}
    text = json.dumps(
        {"Resources": {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}}}}
    )
    start = process_time()
    assert lint_text(text, "f.json")
    assert process_time() - start < 1


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_whatever_is_put_anywhere_lint_gives_findings(data: st.DataObject) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(SOUND)))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(paths(document))))
        document = replaced(document, path, copy.deepcopy(data.draw(st.sampled_from(JUNK))))
    text = json.dumps(document)
    kind = data.draw(st.sampled_from([None, *Kind]))
    known = {rule.id for rule in RULES}
    for finding in lint_text(text, "f.json", kind):
        assert finding.id in known
        assert finding.line == 1
        assert finding.message
        assert finding.fix
        assert finding.url.startswith("https://")
