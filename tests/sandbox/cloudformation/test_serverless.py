"""SAM templates: what the transform makes, what it needs, and how its failures are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.cloudformation.conftest import Aws, refused, text

SERVERLESS = "AWS::Serverless-2016-10-31"
BOTH = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def serverless(**resources: Any) -> dict[str, Any]:
    return {"Transform": SERVERLESS, "Resources": resources}


def function(code: str = "def handler(event, context): return 'first'", **properties: Any) -> dict[str, Any]:
    given = {"InlineCode": code, "Handler": "index.handler", "Runtime": "python3.12", **properties}
    return {"Type": "AWS::Serverless::Function", "Properties": given}


def reasons(aws: Aws, name: str) -> list[str]:
    told = [event["ResourceStatusReason"] for event in aws.events(name) if "ResourceStatusReason" in event]
    print(*told, sep="\n")
    return told


def change_set(aws: Aws, name: str, template: Any, **given: Any) -> dict[str, Any]:
    given = {"ChangeSetType": "CREATE", "Capabilities": BOTH, **given}
    made = aws.cfn.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=text(template), **given)
    found: dict[str, Any] = aws.cfn.describe_change_set(ChangeSetName=made["Id"])
    return found


def answer(aws: Aws, name: str, **given: Any) -> Any:
    return json.loads(aws.client("lambda").invoke(FunctionName=name, **given)["Payload"].read())


def test_a_function_gets_a_role_and_runs(aws: Aws, name: str) -> None:
    found = change_set(aws, name, serverless(Function=function()))
    assert {change["ResourceChange"]["ResourceType"] for change in found["Changes"]} == {
        "AWS::Lambda::Function",
        "AWS::IAM::Role",
    }
    aws.cfn.execute_change_set(ChangeSetName=found["ChangeSetId"])
    assert aws.wait(name)["StackStatus"] == "CREATE_COMPLETE", reasons(aws, name)
    assert answer(aws, aws.resources(name)["Function"]) == "first"
    assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_directly_it_needs_a_capability_that_change_sets_do_not(aws: Aws, name: str) -> None:
    template = serverless(Function=function())
    expected = ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")

    def create(*capabilities: str) -> Any:
        return aws.cfn.create_stack(StackName=name, TemplateBody=text(template), Capabilities=capabilities)

    assert refused(lambda: create("CAPABILITY_IAM")) == expected
    assert change_set(aws, f"{name}-2", template, Capabilities=["CAPABILITY_IAM"])["Status"] == "CREATE_COMPLETE"
    assert aws.create(name, template, Capabilities=BOTH)["StackStatus"] == "CREATE_COMPLETE"
    changed = text(serverless(Function=function(Timeout=9)))
    assert (
        refused(lambda: aws.cfn.update_stack(StackName=name, TemplateBody=changed, Capabilities=["CAPABILITY_IAM"]))
        == expected
    )


def test_a_role_that_the_transform_makes_needs_its_capability_too(aws: Aws, name: str) -> None:
    found = change_set(aws, name, serverless(Function=function()), Capabilities=[])
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert found["StatusReason"] == "Requires capabilities : [CAPABILITY_IAM]"


def test_an_error_of_the_translation_fails_the_change_set(aws: Aws, name: str) -> None:
    broken = serverless(Function={"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a.b"}})
    found = change_set(aws, name, broken)
    assert found["Status"] == "FAILED"
    assert found["StatusReason"].startswith(
        f"Transform {SERVERLESS} failed with: Invalid Serverless Application Specification document. "
        "Number of errors found: 1. Resource with id [Function] is invalid. "
    )
    assert aws.stack(name)["StackStatus"] == "REVIEW_IN_PROGRESS"
    code, message = refused(
        lambda: aws.cfn.execute_change_set(ChangeSetName=found["ChangeSetId"]),
    )
    assert (code, "FAILED" in message) == ("InvalidChangeSetStatus", True)
    code, message = refused(
        lambda: aws.cfn.create_stack(StackName=f"{name}-2", TemplateBody=text(broken), Capabilities=BOTH)
    )
    assert (code, message) == ("ValidationError", found["StatusReason"])


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        (
            function(Events={"Any": {"Type": "SQS", "Properties": {"Queue": "arn:aws:sqs:eu-west-1:1:q"}}}),
            "AWS::Lambda::EventSourceMapping",
        ),
        (function(Events={"Any": {"Type": "Api", "Properties": {"Path": "/", "Method": "get"}}}), "AWS::ApiGateway::"),
    ],
)
def test_a_type_that_the_sandbox_lacks_is_named(aws: Aws, name: str, resource: dict[str, Any], named: str) -> None:
    found = change_set(aws, name, serverless(Function=resource))
    assert found["Status"] == "FAILED"
    assert found["StatusReason"].startswith("Template format error: Unrecognized resource types: [")
    assert named in found["StatusReason"]


def test_the_template_is_kept_before_and_after(aws: Aws, name: str) -> None:
    template = serverless(Function=function())
    aws.create(name, template, Capabilities=BOTH)

    def body(stage: str) -> Any:
        found = aws.cfn.get_template(StackName=name, TemplateStage=stage)
        assert found["StagesAvailable"] == ["Original", "Processed"]
        return found["TemplateBody"]

    assert body("Original") == template
    processed = body("Processed")
    assert "Transform" not in processed
    assert set(processed["Resources"]) == {"Function", "FunctionRole"}
    shown = aws.cfn.validate_template(TemplateBody=text(template))
    assert shown["DeclaredTransforms"] == [SERVERLESS]


def test_the_previous_template_is_expanded_anew(aws: Aws, name: str) -> None:
    template = serverless(Function=function(Timeout={"Ref": "Seconds"})) | {
        "Parameters": {"Seconds": {"Type": "Number", "Default": 3}}
    }
    aws.create(name, template, Capabilities=BOTH)
    given = [{"ParameterKey": "Seconds", "ParameterValue": "7"}]
    assert aws.update(name, Parameters=given, Capabilities=BOTH)["StackStatus"] == "UPDATE_COMPLETE"
    found = aws.client("lambda").get_function_configuration(FunctionName=aws.resources(name)["Function"])
    assert found["Timeout"] == 7
    assert "Transform" in aws.cfn.get_template(StackName=name)["TemplateBody"]


def test_globals_tables_policy_templates_and_routes_are_expanded(aws: Aws, name: str) -> None:
    resources = {
        "Table": {"Type": "AWS::Serverless::SimpleTable"},
        "Function": function(
            Policies=["AWSXrayWriteOnlyAccess", {"DynamoDBCrudPolicy": {"TableName": {"Ref": "Table"}}}],
            Events={"Any": {"Type": "HttpApi", "Properties": {"Path": "/{proxy+}", "Method": "any"}}},
        ),
    }
    template = serverless(**resources) | {"Globals": {"Function": {"Timeout": 12}}}
    assert aws.create(name, template, Capabilities=BOTH)["StackStatus"] == "CREATE_COMPLETE", reasons(aws, name)
    made = aws.resources(name)
    attached = aws.client("iam").list_attached_role_policies(RoleName=made["FunctionRole"])["AttachedPolicies"]
    assert {policy["PolicyName"] for policy in attached} == {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}
    (inline,) = aws.client("iam").list_role_policies(RoleName=made["FunctionRole"])["PolicyNames"]
    policy = aws.client("iam").get_role_policy(RoleName=made["FunctionRole"], PolicyName=inline)["PolicyDocument"]
    assert any(made["Table"] in str(resource) for resource in policy["Statement"][0]["Resource"])
    assert aws.client("lambda").get_function_configuration(FunctionName=made["Function"])["Timeout"] == 12
    routes = aws.client("apigatewayv2").get_routes(ApiId=made["ServerlessHttpApi"])["Items"]
    assert [route["RouteKey"] for route in routes] == ["ANY /{proxy+}"]
    assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_an_alias_moves_to_the_version_of_the_new_code(aws: Aws, name: str) -> None:
    aws.create(name, serverless(Function=function(AutoPublishAlias="live")), Capabilities=BOTH)
    made = aws.resources(name)["Function"]
    second = serverless(Function=function("def handler(event, context): return 'second'", AutoPublishAlias="live"))
    assert aws.update(name, second, Capabilities=BOTH)["StackStatus"] == "UPDATE_COMPLETE", reasons(aws, name)
    assert answer(aws, made, Qualifier="live") == "second"
    versions = aws.client("lambda").list_versions_by_function(FunctionName=made)["Versions"]
    # SAM gives its versions DeletionPolicy Retain.
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]
    assert answer(aws, made, Qualifier="1") == "first"
