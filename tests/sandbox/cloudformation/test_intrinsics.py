"""Intrinsic functions and conditions, one row a case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.sandbox.cloudformation.conditions import evaluate_conditions
from crosslane.sandbox.cloudformation.intrinsics import Scope, Unknown, resolve, unknowns
from crosslane.sandbox.request import ServiceError

VALUES = {
    "Env": "dev",
    "List": ["a", "b", "c"],
    "Number": 7,
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "111111111111",
}
MAPPINGS = {"Sizes": {"eu-west-1": {"Size": "small", "Zones": ["x", "y"]}}}


def _attribute(logical_id: str, attribute: str) -> Any:
    return Unknown(frozenset(("New.Arn",))) if logical_id == "New" else f"arn-of-{logical_id}-{attribute}"


SCOPE = Scope(
    values=VALUES,
    mappings=MAPPINGS,
    conditions={"Yes": True, "No": False},
    reference=lambda name: Unknown(frozenset(("New",))) if name == "New" else f"id-of-{name}",
    attribute=_attribute,
    export=lambda name: f"export-{name}",
)
NOTHING = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Env"}, "dev"),
        ({"Ref": "Bucket"}, "id-of-Bucket"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn-of-Bucket-Arn"),
        ({"Fn::GetAtt": "Nested.Outputs.Name"}, "arn-of-Nested-Outputs.Name"),
        ({"Fn::GetAtt": ["Bucket", {"Ref": "Env"}]}, "arn-of-Bucket-dev"),
        ({"Fn::Sub": "${Env}-${AWS::Region}-${Bucket.Arn}"}, "dev-eu-west-1-arn-of-Bucket-Arn"),
        ({"Fn::Sub": "${!aws:PrincipalTag/team} ${Number}"}, "${aws:PrincipalTag/team} 7"),
        ({"Fn::Sub": ["${Own}-${Env}", {"Own": {"Ref": "Bucket"}}]}, "id-of-Bucket-dev"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Env"}, 1, True]]}, "a-dev-1-true"),
        ({"Fn::Join": [",", {"Ref": "List"}]}, "a,b,c"),
        ({"Fn::Join": ["/", ["a", NOTHING, "b"]]}, "a/b"),
        ({"Fn::Select": [1, {"Ref": "List"}]}, "b"),
        ({"Fn::Select": ["2", ["x", "y", "z"]]}, "z"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "eu-west-1a"),
        ({"Fn::Split": ["|", "a|b||c"]}, ["a", "b", "", "c"]),
        ({"Fn::If": ["Yes", "a", "b"]}, "a"),
        ({"Fn::If": ["No", {"Ref": "Missing"}, ["b"]]}, ["b"]),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "Size"]}, "small"),
        ({"Fn::FindInMap": ["Sizes", "eu-west-1", "Zones"]}, ["x", "y"]),
        ({"Fn::ImportValue": {"Fn::Sub": "${Env}-vpc"}}, "export-dev-vpc"),
        ({"Fn::Base64": "hello"}, "aGVsbG8="),
        ({"Fn::GetAZs": "us-east-1"}, ["us-east-1a", "us-east-1b", "us-east-1c"]),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"A": NOTHING, "B": [1, NOTHING, {"C": {"Fn::If": ["No", 1, NOTHING]}}]}, {"B": [1, {}]}),
        ({"Condition": {"StringEquals": {"k": {"Ref": "Env"}}}}, {"Condition": {"StringEquals": {"k": "dev"}}}),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    assert resolve(value, SCOPE) == expected


@pytest.mark.parametrize(
    ("value", "because"),
    [
        ({"Ref": "New"}, {"New"}),
        ({"Fn::Sub": "x-${New}-${New.Arn}"}, {"New", "New.Arn"}),
        ({"Fn::Join": ["-", ["a", {"Fn::GetAtt": ["New", "Arn"]}]]}, {"New.Arn"}),
        ({"A": [{"Fn::Split": [",", {"Ref": "New"}]}]}, {"New"}),
        ({"Fn::Base64": {"Fn::Select": [0, [{"Ref": "New"}]]}}, {"New"}),
        ({"Fn::If": ["No", {"Ref": "New"}, "known"]}, set()),
        ({"Fn::Select": [1, [{"Ref": "New"}, "known"]]}, set()),
    ],
)
def test_what_is_known_only_after_execution_is_handed_on(value: Any, because: set[str]) -> None:
    assert unknowns(resolve(value, SCOPE)) == because


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": ["x"]}, "Template error: every Ref object must have a single String value."),
        (
            {"Fn::GetAtt": ["Bucket", ""]},
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
            "resource attribute",
        ),
        ({"Fn::Select": [3, ["a"]]}, "Template error: Fn::Select cannot select nonexistent value at index 3"),
        (
            {"Fn::Select": ["x", ["a"]]},
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
        ),
        (
            {"Fn::Join": ["-", "text"]},
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
            "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
        ),
        (
            {"Fn::Split": [","]},
            "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string "
            "to be split or a function that returns a string to be split.",
        ),
        (
            {"Fn::FindInMap": ["Sizes", "eu-west-1", "No"]},
            "Template error: Unable to get mapping for Sizes::eu-west-1::No",
        ),
        (
            {"Fn::FindInMap": ["No", "a", "b"]},
            "Template error: Mapping named 'No' is not present in the 'Mappings' section of template.",
        ),
        ({"Fn::If": ["Nope", 1, 2]}, "Template error: unresolved condition dependency Nope in Fn::If"),
        ({"Fn::Nothing": 1}, "Template error: unsupported function Fn::Nothing"),
        (
            {"Fn::Transform": {"Name": "AWS::Include"}},
            "The sandbox's CloudFormation does not support the function Fn::Transform",
        ),
    ],
)
def test_refusals(value: Any, message: str) -> None:
    with pytest.raises(ServiceError) as caught:
        resolve(value, SCOPE)
    assert caught.value.message == message


EQUAL = {"Fn::Equals": [{"Ref": "Env"}, "dev"]}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"A": EQUAL}, {"A": True}),
        ({"A": {"Fn::Not": [EQUAL]}}, {"A": False}),
        ({"A": {"Fn::And": [EQUAL, {"Condition": "B"}]}, "B": {"Fn::Equals": [1, "1"]}}, {"A": True, "B": True}),
        ({"A": {"Fn::Or": [{"Fn::Equals": ["x", "y"]}, {"Fn::Not": [EQUAL]}]}}, {"A": False}),
        ({"A": {"Fn::Equals": [{"Fn::FindInMap": ["Sizes", "eu-west-1", "Size"]}, "small"]}}, {"A": True}),
        ({"A": {"Fn::Equals": [{"Fn::Join": ["", ["d", "ev"]]}, {"Ref": "Env"}]}}, {"A": True}),
    ],
)
def test_conditions(declared: dict[str, Any], expected: dict[str, bool]) -> None:
    assert evaluate_conditions(declared, SCOPE) == expected


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"A": {"Fn::Not": [{"Condition": "B"}]}}, "Template error: unresolved condition dependency B in Condition"),
        (
            {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Not": [{"Condition": "A"}]}},
            "Template format error: Circular dependency between conditions: [A, B]",
        ),
        (
            {"A": {"Fn::And": [EQUAL]}},
            "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
        ),
        (
            {"A": {"Fn::Equals": ["x"]}},
            "Template error: every Fn::Equals object requires a list of 2 string parameters.",
        ),
        (
            {"A": "yes"},
            "Template format error: Conditions can only be boolean operations on parameters and other conditions",
        ),
    ],
)
def test_condition_refusals(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError) as caught:
        evaluate_conditions(declared, SCOPE)
    assert caught.value.message == message


@given(st.text(alphabet="ab|-", max_size=12), st.sampled_from(["|", "-", "a", "ab"]))
def test_join_undoes_split(text: str, delimiter: str) -> None:
    assert resolve({"Fn::Join": [delimiter, {"Fn::Split": [delimiter, text]}]}, SCOPE) == text


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdef", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(_PLAIN)
def test_plain_data_is_left_as_it_is(value: Any) -> None:
    assert resolve(value, SCOPE) == value
