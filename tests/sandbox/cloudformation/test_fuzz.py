"""Any text whatever is a template or is refused; nothing else is raised."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.sandbox.cloudformation.evaluation import evaluate, outputs, properties_or_raw
from crosslane.sandbox.cloudformation.parameters import assign
from crosslane.sandbox.cloudformation.requests import check_template
from crosslane.sandbox.cloudformation.stack import Definition
from crosslane.sandbox.cloudformation.store import Place
from crosslane.sandbox.cloudformation.template import parse_template
from crosslane.sandbox.request import ServiceError

_FUNCTIONS = (
    "Ref Condition Fn::GetAtt Fn::Sub Fn::Join Fn::Select Fn::Split Fn::If Fn::FindInMap Fn::ImportValue Fn::Base64 "
    "Fn::GetAZs Fn::Cidr Fn::Equals Fn::And Fn::Or Fn::Not Fn::Nothing"
)
_WORDS = st.sampled_from(
    ["A", "B", "P", "C", "M", "Arn", "A.Arn", "${A}", "${P}-${A.Arn}", "AWS::Region", "AWS::NoValue", ""]
)
_SCALARS = _WORDS | st.integers(-1, 9) | st.booleans() | st.text(max_size=4)


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    call = st.tuples(st.sampled_from(_FUNCTIONS.split()), inner).map(lambda pair: {pair[0]: pair[1]})
    return st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=2) | call | call


_VALUES = st.recursive(_SCALARS, _grown, max_leaves=8)
_RESOURCE = st.fixed_dictionaries(
    {"Type": st.sampled_from(["AWS::S3::Bucket", "AWS::IAM::Role"])},
    optional={
        "Properties": st.dictionaries(st.sampled_from(["BucketName", "Tags", "Path", "X"]), _VALUES, max_size=2)
        | _VALUES,
        "DependsOn": _VALUES,
        "Condition": _VALUES,
        "DeletionPolicy": _VALUES,
        "Metadata": _VALUES,
        "Extra": _VALUES,
    },
)
_OUTPUT = st.fixed_dictionaries(
    {"Value": _VALUES}, optional={"Condition": _WORDS, "Export": _VALUES, "Description": _VALUES}
)
_PARAMETER = st.fixed_dictionaries(
    {"Type": st.sampled_from(["String", "Number", "CommaDelimitedList"]) | _VALUES},
    optional={
        "Default": _VALUES,
        "AllowedValues": _VALUES,
        "AllowedPattern": _VALUES,
        "MinLength": _VALUES,
        "NoEcho": _VALUES,
    },
)


def _section(item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from("ABPCM"), item | _VALUES, max_size=3) | _VALUES


_TEMPLATES = st.fixed_dictionaries(
    {"Resources": st.dictionaries(st.sampled_from("AB"), _RESOURCE, min_size=1) | _VALUES},
    optional={
        "Parameters": _section(_PARAMETER),
        "Conditions": _section(_VALUES),
        "Mappings": _section(_VALUES),
        "Outputs": _section(_OUTPUT),
        "Description": _VALUES,
        "Transform": _VALUES,
        "AWSTemplateFormatVersion": _VALUES,
    },
)


_BOOLEAN: st.SearchStrategy[Any] = st.deferred(lambda: _CALLS)
_CALLS: st.SearchStrategy[Any] = (
    st.just({"Fn::Equals": [{"Ref": "P"}, "1"]})
    | st.sampled_from("CDX").map(lambda name: {"Condition": name})
    | st.lists(_VALUES, max_size=2).map(lambda items: {"Fn::Equals": items})
    | st.lists(_BOOLEAN, min_size=1, max_size=3).map(lambda items: {"Fn::And": items})
    | st.lists(_BOOLEAN, max_size=1).map(lambda items: {"Fn::Not": items})
)
_SOUND = st.fixed_dictionaries(
    {
        "Parameters": st.just({"P": {"Type": "String"}, "L": {"Type": "CommaDelimitedList"}}),
        "Mappings": st.just({"M": {"A": {"B": "1"}}}),
        "Conditions": st.fixed_dictionaries({"C": _CALLS}, optional={"D": _CALLS}),
        "Resources": st.fixed_dictionaries(
            {
                "A": st.fixed_dictionaries(
                    {
                        "Type": st.just("AWS::S3::Bucket"),
                        "Properties": st.dictionaries(st.sampled_from(["BucketName", "Tags"]), _VALUES, max_size=2),
                    }
                ),
                "B": st.fixed_dictionaries(
                    {"Type": st.just("AWS::IAM::Role"), "Condition": st.sampled_from("CD")},
                    optional={"DependsOn": st.just("A"), "Properties": st.dictionaries(_WORDS, _VALUES, max_size=2)},
                ),
            }
        ),
        "Outputs": st.dictionaries(st.sampled_from("AB"), _OUTPUT, max_size=2),
    }
)


def _use(text: str) -> None:
    template = parse_template(text)
    check_template(template)
    given = [{"ParameterKey": name, "ParameterValue": "1"} for name in template.parameters]
    values = assign(template.parameters, given, {}, lambda name: name)
    definition = Definition(template, values, (("k", "v"),), (), None, ())
    place = Place("111111111111", "eu-west-1")
    evaluation = evaluate(
        definition, place, "s", "id", reference=str, attribute=lambda name, of: name + of, export=lambda name: name
    )
    for name in evaluation.active:
        properties_or_raw(evaluation, template.resources[name])
    outputs(evaluation)


@settings(max_examples=300, deadline=None)
@given(_TEMPLATES)
def test_any_structure_is_a_template_or_is_refused(template: Any) -> None:
    with contextlib.suppress(ServiceError):
        _use(json.dumps(template))


@settings(max_examples=300, deadline=None)
@given(_SOUND)
def test_functions_put_together_at_random_have_a_value_or_are_refused(template: Any) -> None:
    with contextlib.suppress(ServiceError):
        _use(json.dumps(template))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="{}[]:,-&*!#|>\"'\n ab01RsTy", max_size=60))
def test_any_text_is_a_template_or_is_refused(text: str) -> None:
    with contextlib.suppress(ServiceError):
        _use(text)
        _use("Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Metadata: " + text)


def test_endless_and_deep_structures_are_refused() -> None:
    for text in ("Resources: &a {A: *a}", "Resources: &a [*a]", '{"Resources":' * 20_000, "[" * 20_000):
        try:
            _use(text)
        except ServiceError as error:
            assert error.code == "ValidationError"
        else:
            raise AssertionError(text[:30])
