"""Templates as text: what is read, and what is refused in which words."""

from __future__ import annotations

import json

import pytest

from crosslane.sandbox.cloudformation.requests import check_template
from crosslane.sandbox.cloudformation.template import parse_template
from crosslane.sandbox.request import ServiceError

BUCKET = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n"


def refusal(text: str) -> str:
    with pytest.raises(ServiceError) as caught:
        check_template(parse_template(text))
    assert caught.value.code in ("ValidationError", "NotImplemented")
    return caught.value.message


def test_yaml_short_forms_mean_the_same_as_the_long_ones() -> None:
    short = parse_template(
        """
        Conditions: {Live: !Equals [a, a], Both: !And [!Condition Live, !Not [!Condition Live]]}
        Resources:
          B:
            Type: AWS::S3::Bucket
            Properties:
              BucketName: !Sub '${AWS::AccountId}-x'
              Tags:
                - {Key: a, Value: !GetAtt Other.Arn}
                - {Key: b, Value: !GetAtt [Other, Arn]}
                - !If [Live, {Key: c, Value: !Join ['-', [x, !Ref Other]]}, !Ref 'AWS::NoValue']
          Other: {Type: AWS::S3::Bucket}
        """
    )

    tags = short.resources["B"].properties["Tags"]
    assert short.resources["B"].properties["BucketName"] == {"Fn::Sub": "${AWS::AccountId}-x"}
    assert tags[0]["Value"] == tags[1]["Value"] == {"Fn::GetAtt": ["Other", "Arn"]}
    assert tags[2] == {
        "Fn::If": ["Live", {"Key": "c", "Value": {"Fn::Join": ["-", ["x", {"Ref": "Other"}]]}}, {"Ref": "AWS::NoValue"}]
    }
    assert short.conditions["Both"] == {"Fn::And": [{"Condition": "Live"}, {"Fn::Not": [{"Condition": "Live"}]}]}


def test_unquoted_dates_stay_text_and_keys_stay_as_written() -> None:
    template = parse_template(
        "AWSTemplateFormatVersion: 2010-09-09\n"
        "Mappings: {Accounts: {012345678901: {Name: tools}}}\n" + BUCKET + "    Metadata: {Version: 2012-10-17}\n"
    )

    assert template.resources["B"].metadata == {"Version": "2012-10-17"}
    assert list(template.mappings["Accounts"]) == ["012345678901"]


def test_the_text_is_kept_as_it_was() -> None:
    text = "# a comment\n" + BUCKET
    assert parse_template(text).text == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"Resources": {,}}', "Template format error: JSON not well-formed. (line 1, column 16)"),
        ("Resources: [", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ("just text", "Template format error: unsupported structure."),
        ("{}", "Template format error: At least one Resources member must be defined."),
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        ("Resources: {A: x}", "Template format error: Any Resources member must be an object."),
        ("Resourcs: {}\n" + BUCKET, "Invalid template property or properties [Resourcs]"),
        (BUCKET + "    Invalid: 1\n", "Invalid template resource property 'Invalid'"),
        (
            "Resources: {A: {Properties: {}}}",
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        ("Resources: {a-b: {Type: AWS::S3::Bucket}}", "Template format error: Resource name a-b is non alphanumeric."),
        (BUCKET + "Outputs: {O: {Value: }}", "[/Outputs/O/Value] 'null' values are not allowed in templates"),
        (
            BUCKET + "Outputs: {O: {Description: x}}",
            "Template format error: Every Outputs member must contain a Value object",
        ),
        (BUCKET + "Mappings: {A: x}", "Template format error: Every Mappings member A must be a map"),
        (BUCKET + "Parameters: {P: {Type: Strin}}", "Template format error: Unrecognized parameter type: Strin"),
        (BUCKET + "    DeletionPolicy: Keep\n", "Template format error: Unrecognized DeletionPolicy Keep"),
    ],
)
def test_a_malformed_template_is_refused_in_awss_words(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            BUCKET + "    DependsOn: Nobody\n",
            "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template",
        ),
        (
            BUCKET + "    Properties: {BucketName: !Sub '${Nobody}-x'}\n",
            "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template",
        ),
        (
            BUCKET + "Outputs: {O: {Value: !GetAtt Nobody.Arn}}",
            "Template format error: Unresolved resource dependencies [Nobody] in the Outputs block of the template",
        ),
        (
            BUCKET + "Conditions: {C: !Equals [!Ref B, x]}",
            "Template format error: Unresolved dependencies [B]. Cannot reference resources in the Conditions block of "
            "the template",
        ),
        (
            BUCKET + "    Condition: Nope\n",
            "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
        ),
        (
            BUCKET + "    Properties: {BucketName: !If [Nope, a, b]}\n",
            "Template error: unresolved condition dependency Nope in Fn::If",
        ),
        (
            BUCKET + "Outputs: {O: {Value: !GetAtt B.Colour}}",
            "Template error: resource B does not support attribute type Colour in Fn::GetAtt",
        ),
        (
            "Resources: {A: {Type: AWS::EC2::Nothing}, B: {Type: Custom::Thing}}",
            "Template format error: Unrecognized resource types: [AWS::EC2::Nothing, Custom::Thing]",
        ),
    ],
)
def test_a_name_that_is_not_there_is_refused_and_named(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Transform: AWS::LanguageExtensions\n" + BUCKET, "AWS::LanguageExtensions"),
        ("Transform: [Mine]\n" + BUCKET, "Mine"),
        ("Rules: {R: {Assertions: []}}\n" + BUCKET, "Rules"),
        (BUCKET + "    CreationPolicy: {ResourceSignal: {Count: 1}}\n", "CreationPolicy"),
    ],
)
def test_what_the_sandbox_lacks_is_refused_by_name(text: str, named: str) -> None:
    assert named in refusal(text)


def test_a_json_template_costs_no_yaml() -> None:
    resources = {f"B{number}": {"Type": "AWS::S3::Bucket"} for number in range(500)}
    assert len(parse_template(json.dumps({"Resources": resources})).resources) == 500
    resources["OneMore"] = {"Type": "AWS::S3::Bucket"}
    assert "greater than maximum allowed, 500" in refusal(json.dumps({"Resources": resources}))
