"""The operations that only show."""

from __future__ import annotations

import json
from typing import Any

import botocore.session

from crosslane.sandbox.cloudformation import change_set_handlers, drift, read_handlers, stack_handlers
from crosslane.sandbox.cloudformation.unsupported import UNSUPPORTED_OPERATIONS
from tests.sandbox.cloudformation.conftest import Aws, bucket, refused, role, stack_of


def test_every_operation_of_the_api_is_done_or_refused() -> None:
    model = botocore.session.get_session().get_service_model("cloudformation")
    modules = (stack_handlers, change_set_handlers, read_handlers, drift)
    done = {operation for module in modules for operation in module.OPERATIONS}

    assert not done & UNSUPPORTED_OPERATIONS
    assert done | UNSUPPORTED_OPERATIONS == set(model.operation_names)


def test_the_template_comes_back_as_it_was_sent(aws: Aws, name: str) -> None:
    body = "# words\nResources:\n  Bucket:\n    Type: AWS::S3::Bucket # a bucket\n"
    aws.create(name, body)

    for stage in ("Original", "Processed"):
        found = aws.cfn.get_template(StackName=name, TemplateStage=stage)
        assert found["TemplateBody"] == body
        assert found["StagesAvailable"] == ["Original", "Processed"]
    assert refused(lambda: aws.cfn.get_template(StackName="does-not-exist"))[1] == (
        "Stack with id does-not-exist does not exist"
    )


def test_resources_of_a_stack_in_three_forms(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role() | {"Metadata": {"a": 1}}, Bucket=bucket()))
    physical = aws.resources(name)

    listed = aws.cfn.list_stack_resources(StackName=name)["StackResourceSummaries"]
    assert {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed} == physical
    one = aws.cfn.describe_stack_resource(StackName=name, LogicalResourceId="Role")["StackResourceDetail"]
    assert (one["PhysicalResourceId"], json.loads(one["Metadata"])) == (physical["Role"], {"a": 1})
    found = aws.cfn.describe_stack_resources(PhysicalResourceId=physical["Bucket"])["StackResources"]
    assert {item["StackName"] for item in found} == {name}
    message = refused(lambda: aws.cfn.describe_stack_resource(StackName=name, LogicalResourceId="Nope"))[1]
    assert message == f"Resource Nope does not exist for stack {name}"


def test_long_listings_come_in_pages(aws: Aws, name: str) -> None:
    def words(number: int) -> dict[str, Any]:
        return stack_of(**{f"R{index}": role(Description=str(number)) for index in range(18)})

    aws.create(name, words(0))
    aws.update(name, words(1))
    aws.update(name, words(2))

    first = aws.cfn.describe_stack_events(StackName=name)
    assert len(first["StackEvents"]) == 100
    rest = aws.cfn.describe_stack_events(StackName=name, NextToken=first["NextToken"])["StackEvents"]
    everything = first["StackEvents"] + rest
    assert len(everything) == 2 + 18 * 3 + 2 * (3 + 18 * 2)
    assert len({event["EventId"] for event in everything}) == len(everything)
    times = [event["Timestamp"] for event in everything]
    assert times == sorted(times, reverse=True)
    assert refused(lambda: aws.cfn.describe_stack_events(StackName=name, NextToken="x"))[0] == "ValidationError"


def test_the_summary_of_a_template(aws: Aws, name: str) -> None:
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "words",
        "Metadata": {"m": 1},
        "Parameters": {"P": {"Type": "String", "Default": "a", "AllowedValues": ["a", "b"], "Description": "d"}},
        **stack_of(Role=role(), Bucket=bucket()),
    }
    aws.create(name, template)

    for summary in (
        aws.cfn.get_template_summary(StackName=name),
        aws.cfn.get_template_summary(TemplateBody=json.dumps(template)),
    ):
        assert summary["Description"] == "words"
        assert summary["Version"] == "2010-09-09"
        assert json.loads(summary["Metadata"]) == {"m": 1}
        assert sorted(summary["ResourceTypes"]) == ["AWS::IAM::Role", "AWS::S3::Bucket"]
        assert summary["CapabilitiesReason"] == "The following resource(s) require capabilities: [AWS::IAM::Role]"
        assert summary["Parameters"] == [
            {
                "ParameterKey": "P",
                "DefaultValue": "a",
                "ParameterType": "String",
                "NoEcho": False,
                "Description": "d",
                "ParameterConstraints": {"AllowedValues": ["a", "b"]},
            }
        ]
    aws.cfn.create_change_set(
        StackName=f"{name}-b", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=json.dumps(stack_of(B=bucket()))
    )
    assert refused(lambda: aws.cfn.get_template_summary(StackName=f"{name}-b"))[1] == (
        "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."
    )


def test_an_operation_without_the_stack_it_is_for(aws: Aws) -> None:
    cfn, missing = aws.cfn, "does-not-exist"
    assert refused(lambda: cfn.list_stack_resources(StackName=missing))[1] == f"Stack with id {missing} does not exist"
    assert (
        refused(lambda: cfn.describe_stack_resources(StackName=missing))[1] == f"Stack with id {missing} does not exist"
    )
    assert refused(lambda: cfn.describe_stack_events(StackName=missing))[1] == f"Stack [{missing}] does not exist"
    assert refused(lambda: aws.update(missing, stack_of(B=bucket())))[1] == f"Stack [{missing}] does not exist"
