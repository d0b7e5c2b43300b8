"""Parameters: given, defaulted, kept, refused."""

from __future__ import annotations

from typing import Any

import pytest

from crosslane.sandbox.cloudformation.parameters import ParameterValue, assign, plain_value
from crosslane.sandbox.cloudformation.template import parse_template
from crosslane.sandbox.request import ServiceError
from tests.sandbox.cloudformation.conftest import Aws, refused, role, stack_of


def assigned(
    declared: str, *given: dict[str, Any], previous: dict[str, ParameterValue] | None = None
) -> dict[str, Any]:
    template = parse_template(f"Parameters: {{P: {{{declared}}}}}\nResources: {{B: {{Type: AWS::S3::Bucket}}}}\n")
    values = assign(template.parameters, given, previous or {}, lambda name: f"ssm-{name}")
    return {value.name: plain_value(template.parameters[value.name], value) for value in values}


def value(text: str) -> dict[str, Any]:
    return {"ParameterKey": "P", "ParameterValue": text}


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ("Type: String, Default: x", [], "x"),
        ("Type: String, Default: x", [value("y")], "y"),
        ("Type: String, Default: ''", [], ""),
        ("Type: Number, Default: 5", [], "5"),
        ("Type: CommaDelimitedList", [value("a, b,c")], ["a", "b", "c"]),
        ("Type: 'List<Number>'", [value("80,443")], ["80", "443"]),
        ("Type: 'AWS::EC2::VPC::Id'", [value("vpc-1")], "vpc-1"),
        ("Type: 'AWS::SSM::Parameter::Value<String>'", [value("/a")], "ssm-/a"),
        ("Type: 'AWS::SSM::Parameter::Name'", [value("/a")], "/a"),
    ],
)
def test_values(declared: str, given: list[dict[str, Any]], expected: Any) -> None:
    assert assigned(declared, *given) == {"P": expected}


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ("Type: String", [], "Parameters: [P] must have values"),
        (
            "Type: String, Default: x",
            [{"ParameterKey": "Q", "ParameterValue": "1"}],
            "Parameters: [Q] do not exist in the template",
        ),
        ("Type: String, AllowedValues: [a, b]", [value("c")], "Parameter 'P' must be one of AllowedValues"),
        ("Type: String, AllowedPattern: '[a-z]+'", [value("A")], "Parameter 'P' must match pattern [a-z]+"),
        (
            "Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: small letters",
            [value("A")],
            "Parameter P failed to satisfy constraint: small letters",
        ),
        ("Type: String, MinLength: 3", [value("ab")], "Parameter 'P' must contain at least 3 characters"),
        ("Type: String, MaxLength: 3", [value("abcd")], "Parameter 'P' must contain at most 3 characters"),
        ("Type: Number", [value("x")], "Parameter 'P' must be a number."),
        ("Type: Number, MinValue: 2", [value("1")], "Parameter 'P' must be a number not less than 2"),
        ("Type: Number, MaxValue: 2", [value("3")], "Parameter 'P' must be a number not greater than 2"),
        ("Type: CommaDelimitedList, AllowedValues: [a]", [value("a,b")], "Parameter 'P' must be one of AllowedValues"),
        (
            "Type: String",
            [{"ParameterKey": "P", "UsePreviousValue": True}],
            "Invalid input for parameter key P. Cannot specify usePreviousValue as true for a parameter key not in the "
            "previous template",
        ),
    ],
)
def test_refusals(declared: str, given: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ServiceError) as caught:
        assigned(declared, *given)
    assert caught.value.message == message


def test_the_previous_value_is_kept() -> None:
    kept = {"P": ParameterValue("P", "old")}
    assert assigned("Type: String", {"ParameterKey": "P", "UsePreviousValue": True}, previous=kept) == {"P": "old"}


def test_a_secret_parameter_is_shown_nowhere(aws: Aws, name: str) -> None:
    template = stack_of(Role=role(Description={"Ref": "Secret"})) | {
        "Parameters": {"Secret": {"Type": "String", "NoEcho": True}}
    }
    aws.create(name, template, Parameters=[{"ParameterKey": "Secret", "ParameterValue": "hunter2"}])

    assert aws.stack(name)["Parameters"] == [{"ParameterKey": "Secret", "ParameterValue": "****"}]
    assert "hunter2" not in repr(aws.events(name))
    role_name = aws.resources(name)["Role"]
    assert aws.client("iam").get_role(RoleName=role_name)["Role"]["Description"] == "hunter2"


def test_a_parameter_may_name_one_of_the_parameter_store(aws: Aws, name: str) -> None:
    aws.client("ssm").put_parameter(Name=f"/{name}", Value="from the store", Type="String")
    template = stack_of(Role=role(Description={"Ref": "P"})) | {
        "Parameters": {"P": {"Type": "AWS::SSM::Parameter::Value<String>"}}
    }
    aws.create(name, template, Parameters=[{"ParameterKey": "P", "ParameterValue": f"/{name}"}])

    assert aws.client("iam").get_role(RoleName=aws.resources(name)["Role"])["Role"]["Description"] == "from the store"
    assert aws.stack(name)["Parameters"][0]["ResolvedValue"] == "from the store"
    given = [{"ParameterKey": "P", "ParameterValue": "/nothing"}]
    message = refused(lambda: aws.create(f"{name}-b", template, Parameters=given))[1]
    assert message == "Unable to fetch parameters [/nothing] from parameter store for this account."


def test_dynamic_references_are_looked_up_and_kept_out_of_events(aws: Aws, name: str) -> None:
    aws.client("ssm").put_parameter(Name=f"/{name}", Value="hidden", Type="SecureString")
    aws.create(name, stack_of(Role=role(Description=f"{{{{resolve:ssm-secure:/{name}}}}}")))

    assert aws.client("iam").get_role(RoleName=aws.resources(name)["Role"])["Role"]["Description"] == "hidden"
    assert "hidden" not in repr(aws.events(name))
    message = refused(lambda: aws.update(name, stack_of(Role=role(Description=f"{{{{resolve:ssm-secure:/{name}}}}}"))))[
        1
    ]
    assert message == "No updates are to be performed."
