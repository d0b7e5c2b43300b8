"""What a request may say: where templates come from, limits, capabilities, the service role."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.cloudformation.conftest import ACCOUNT, REGION, Aws, bucket, refused, role, stack_of


def store(aws: Aws, name: str, template: dict[str, Any]) -> str:
    """Put a template into a bucket; the bucket's name."""
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3").put_object(Bucket=name, Key="a/template.json", Body=json.dumps(template))
    return name


@pytest.mark.parametrize(
    "url",
    [
        "{endpoint}/{bucket}/a/template.json",
        "https://s3.eu-west-1.amazonaws.com/{bucket}/a/template.json",
        "https://s3.amazonaws.com/{bucket}/a/template.json",
        "https://{bucket}.s3.eu-west-1.amazonaws.com/a/template.json",
    ],
)
def test_a_template_is_read_from_the_sandboxs_s3(aws: Aws, name: str, url: str) -> None:
    found = url.format(
        endpoint=aws.sandbox.server.endpoint, bucket=store(aws, f"{name}-templates", stack_of(Role=role()))
    )
    aws.cfn.create_stack(StackName=name, TemplateURL=found, Capabilities=["CAPABILITY_IAM"])

    assert aws.wait(name)["StackStatus"] == "CREATE_COMPLETE"


def test_templates_that_cannot_be_read(aws: Aws, name: str) -> None:
    def message(**given: Any) -> str:
        return refused(lambda: aws.cfn.create_stack(StackName=name, **given))[1]

    assert message(TemplateURL="https://example.com/template.json") == "TemplateURL must be a supported URL."
    missing = f"https://s3.{REGION}.amazonaws.com/{name}-no-such-bucket/x"
    assert message(TemplateURL=missing).startswith("S3 error: The specified bucket does not exist")
    assert message() == "Either Template URL or Template Body must be specified."
    assert message(TemplateURL=missing, TemplateBody="{}") == "You cannot specify both TemplateURL and TemplateBody"


def test_a_body_over_51200_bytes_has_to_come_from_s3(aws: Aws, name: str) -> None:
    large = stack_of(Role=role(Description="d")) | {"Metadata": {"Padding": "x" * 51_200}}
    code, message = refused(lambda: aws.create(name, large))
    assert code == "ValidationError"
    assert message.endswith(
        "at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200"
    )
    place = store(aws, f"{name}-templates", large)
    url = f"{aws.sandbox.server.endpoint}/{place}/a/template.json"
    aws.cfn.create_stack(StackName=name, TemplateURL=url, Capabilities=["CAPABILITY_IAM"])
    assert aws.wait(name)["StackStatus"] == "CREATE_COMPLETE"

    exact = stack_of(Bucket=bucket()) | {"Metadata": {"Padding": ""}}
    padding = "x" * (51_200 - len(json.dumps(exact)))
    exact["Metadata"]["Padding"] = padding
    assert aws.create(f"{name}-b", exact)["StackStatus"] == "CREATE_COMPLETE"


def iam(kind: str, **properties: str) -> dict[str, Any]:
    return {"Type": f"AWS::IAM::{kind}", "Properties": {"PolicyDocument": {}, **properties}}


@pytest.mark.parametrize(
    ("resource", "needed"),
    [
        (role(), "CAPABILITY_IAM"),
        (role(RoleName="some-name"), "CAPABILITY_NAMED_IAM"),
        (iam("ManagedPolicy", ManagedPolicyName="x"), "CAPABILITY_NAMED_IAM"),
        (iam("Policy", PolicyName="x"), "CAPABILITY_IAM"),
        (bucket(), None),
    ],
)
def test_capabilities(aws: Aws, name: str, resource: dict[str, Any], needed: str | None) -> None:
    body = json.dumps(stack_of(Thing=resource))
    summary = aws.cfn.get_template_summary(TemplateBody=body)
    assert summary.get("Capabilities", []) == ([needed] if needed else [])
    assert aws.cfn.validate_template(TemplateBody=body).get("Capabilities", []) == ([needed] if needed else [])
    if needed is None:
        assert aws.create(name, body, Capabilities=[])["StackStatus"] == "CREATE_COMPLETE"
        return
    expected = ("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")
    assert refused(lambda: aws.create(name, body, Capabilities=[])) == expected
    if needed == "CAPABILITY_NAMED_IAM":
        assert refused(lambda: aws.create(name, body, Capabilities=["CAPABILITY_IAM"])) == expected


def test_names_of_stacks(aws: Aws) -> None:
    code, message = refused(lambda: aws.create("1-digit-first", stack_of(Bucket=bucket())))
    assert code == "ValidationError"
    assert message == (
        "1 validation error detected: Value '1-digit-first' at 'stackName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )
    assert "less than or equal to 128" in refused(lambda: aws.create("a" * 129, stack_of(Bucket=bucket())))[1]


def test_resource_types_limit_a_template(aws: Aws, name: str) -> None:
    given = {"ResourceTypes": ["AWS::S3::*"]}
    assert aws.create(name, stack_of(Bucket=bucket()), **given)["StackStatus"] == "CREATE_COMPLETE"
    assert refused(lambda: aws.create(f"{name}-b", stack_of(Role=role()), **given))[1] == (
        "Resource type AWS::IAM::Role is not allowed by parameter ResourceTypes [AWS::S3::*]"
    )


def test_circular_references_are_refused(aws: Aws, name: str) -> None:
    template = stack_of(A=bucket() | {"DependsOn": "B"}, B=bucket(BucketName={"Fn::Sub": "${A}-x"}))
    assert refused(lambda: aws.create(name, template))[1] == "Circular dependency between resources: [A, B]"


def test_what_a_false_condition_removes_cannot_be_referred_to(aws: Aws, name: str) -> None:
    template = stack_of(Gone=bucket() | {"Condition": "Never"}, Left=bucket(BucketName={"Fn::Sub": "${Gone}-x"})) | {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}}
    }
    assert refused(lambda: aws.create(name, template))[1] == (
        "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template"
    )


def test_the_service_role_makes_the_resources(aws: Aws, name: str) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    iam = aws.client("iam")
    arn = iam.create_role(RoleName=f"{name}-exec", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=f"{name}-exec", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    stack = aws.create(name, stack_of(Bucket=bucket()), RoleARN=arn)

    assert (stack["StackStatus"], stack["RoleARN"]) == ("CREATE_COMPLETE", arn)
    # Later operations use it again.
    assert aws.update(name, stack_of(Role=role()))["RoleARN"] == arn
    assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"
    missing = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    assert refused(lambda: aws.create(f"{name}-b", stack_of(Bucket=bucket()), RoleARN=missing)) == (
        "ValidationError",
        f"Role {missing} is invalid or cannot be assumed",
    )


def test_what_the_sandbox_does_not_do_is_refused_by_name(aws: Aws, name: str) -> None:
    code, message = refused(lambda: aws.cfn.list_stack_sets())
    assert (code, message) == (
        "NotImplemented",
        "The sandbox's CloudFormation does not support the operation ListStackSets",
    )
    triggers = {
        "RollbackTriggers": [{"Arn": "arn:aws:cloudwatch:eu-west-1:1:alarm:x", "Type": "AWS::CloudWatch::Alarm"}]
    }
    message = refused(lambda: aws.create(name, stack_of(Bucket=bucket()), RollbackConfiguration=triggers))[1]
    assert message == "The sandbox's CloudFormation does not support rollback triggers"
