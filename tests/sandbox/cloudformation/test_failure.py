"""Stacks that cannot be made."""

from __future__ import annotations

import json
import re

from tests.sandbox.cloudformation.conftest import Aws, broken, bucket, held, refused, role, slow, stack_of, wait_for


def test_a_failed_stack_is_rolled_back_in_reverse_and_says_why(aws: Aws, name: str) -> None:
    template = stack_of(Bucket=bucket(), Role=role() | {"DependsOn": "Bucket"}, Bad=broken("Role"))
    stack = aws.create(name, template)

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = aws.reason(name, "Bad", "CREATE_FAILED")
    assert re.fullmatch(
        r'Resource handler returned message: "[^"]*no-such-role[^"]* \(Service: Iam, '
        r"Status Code: 404, Request ID: \S+\) \(SDK Attempt Count: 1\)\" "
        r"\(RequestToken: \S+, HandlerErrorCode: NotFound\)",
        reason,
    ), reason
    assert aws.reason(name, name, "ROLLBACK_IN_PROGRESS") == (
        "The following resource(s) failed to create: [Bad]. Rollback requested by user."
    )
    lines = aws.lines(name)
    assert lines.index("Role DELETE_COMPLETE") < lines.index("Bucket DELETE_IN_PROGRESS")
    pages = aws.client("iam").get_paginator("list_roles").paginate()
    assert not [found for page in pages for found in page["Roles"] if found["RoleName"].startswith(f"{name}-")]


def test_what_is_under_way_when_another_fails_is_cancelled_and_deleted(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Slow=slow(), Bad=broken()))

    assert aws.reason(name, "Slow", "CREATE_FAILED") == "Resource creation cancelled"
    assert "failed to create: [Bad, Slow]" in aws.reason(name, name, "ROLLBACK_IN_PROGRESS")
    assert "Slow DELETE_COMPLETE" in aws.lines(name)


def test_a_rolled_back_stack_can_only_be_deleted(aws: Aws, name: str) -> None:
    stack_id = aws.create(name, stack_of(Bad=broken()))["StackId"]

    expected = ("ValidationError", f"Stack:{stack_id} is in ROLLBACK_COMPLETE state and can not be updated.")
    assert refused(lambda: aws.update(name, stack_of(Role=role()))) == expected
    body = json.dumps(stack_of(Role=role()))
    assert refused(lambda: aws.cfn.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=body)) == expected
    assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_half_made_resource_is_deleted_too(aws: Aws, name: str) -> None:
    # The role exists when the call that attaches its policy fails.
    aws.create(name, stack_of(Role=role(ManagedPolicyArns=["arn:aws:iam::111111111111:policy/no-such-policy"])))

    lines = aws.lines(name)
    assert lines.index("Role CREATE_FAILED") < lines.index("Role DELETE_COMPLETE")
    made = aws.events(name)[2]["PhysicalResourceId"]
    assert made.startswith(f"{name}-Role-")
    assert refused(lambda: aws.client("iam").get_role(RoleName=made))[0] == "NoSuchEntity"


def test_on_failure_do_nothing_keeps_what_was_made(aws: Aws, name: str) -> None:
    stack = aws.create(name, stack_of(Bucket=bucket(), Bad=broken("Bucket")), OnFailure="DO_NOTHING")

    assert stack["StackStatus"] == "CREATE_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to create: [Bad]. "
    assert stack["DisableRollback"] is True
    aws.client("s3").head_bucket(Bucket=aws.resources(name)["Bucket"])


def test_on_failure_delete_leaves_nothing(aws: Aws, name: str) -> None:
    stack = aws.create(name, stack_of(Bucket=bucket(), Bad=broken("Bucket")), OnFailure="DELETE")

    assert stack["StackStatus"] == "DELETE_COMPLETE"
    reason = aws.reason(stack["StackId"], name, "DELETE_IN_PROGRESS")
    assert reason == "The following resource(s) failed to create: [Bad]. Delete requested by user."
    assert refused(lambda: aws.stack(name))[1] == f"Stack with id {name} does not exist"


def test_a_failed_creation_goes_on_with_an_update_or_is_rolled_back_later(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Bucket=bucket(), Bad=broken("Bucket")), DisableRollback=True)
    made = aws.resources(name)["Bucket"]

    assert refused(lambda: aws.update(name, stack_of(Bucket=bucket())))[1].endswith("can not be updated.")
    stack = aws.update(name, stack_of(Bucket=bucket(), Role=role()), DisableRollback=True)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert aws.resources(name)["Bucket"] == made
    assert set(aws.resources(name)) == {"Bucket", "Role"}

    second = f"{name}-b"
    aws.create(second, stack_of(Bucket=bucket(), Bad=broken("Bucket")), DisableRollback=True)
    aws.cfn.rollback_stack(StackName=second)
    assert aws.wait(second)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Bucket DELETE_COMPLETE" in aws.lines(second)


def test_retained_resources_of_a_failed_creation(aws: Aws, name: str) -> None:
    template = stack_of(
        Kept=bucket() | {"DeletionPolicy": "Retain"},
        Gone=bucket() | {"DeletionPolicy": "RetainExceptOnCreate"},
        Bad=broken("Kept", "Gone"),
    )
    aws.create(name, template)

    lines = aws.lines(name)
    assert "Kept DELETE_SKIPPED" in lines
    assert "Gone DELETE_COMPLETE" in lines


def test_an_unknown_property_fails_the_resource_that_has_it(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Bucket=bucket(Colour="red")))
    assert aws.reason(name, "Bucket", "CREATE_FAILED") == "Encountered unsupported property Colour"

    second = f"{name}-b"
    aws.create(second, stack_of(Bucket=bucket(VersioningConfiguration={"Status": "Enabled", "Size": 1})))
    assert aws.reason(second, "Bucket", "CREATE_FAILED") == (
        "Property validation failure: [Encountered unsupported properties in {/VersioningConfiguration}: [Size]]"
    )


def test_an_unknown_type_is_refused_by_name_before_anything_is_made(aws: Aws, name: str) -> None:
    template = stack_of(Bucket=bucket(), Cluster={"Type": "AWS::ECS::Cluster"})

    assert refused(lambda: aws.create(name, template)) == (
        "ValidationError",
        "Template format error: Unrecognized resource types: [AWS::ECS::Cluster]",
    )
    assert refused(lambda: aws.stack(name))[0] == "ValidationError"


def test_a_missing_export_rolls_the_stack_back(aws: Aws, name: str) -> None:
    stack = aws.create(name, stack_of(Role=role(Description={"Fn::ImportValue": "nobody-exports-this"})))

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert aws.reason(name, name, "ROLLBACK_IN_PROGRESS") == (
        "No export named nobody-exports-this found. Rollback requested by user."
    )


def test_a_stack_in_progress_takes_no_second_operation(aws: Aws, name: str) -> None:
    body = json.dumps(stack_of(Slow=slow()))
    with held():
        stack_id = aws.cfn.create_stack(StackName=name, TemplateBody=body)["StackId"]
        assert refused(lambda: aws.cfn.update_stack(StackName=name, TemplateBody=body)) == (
            "ValidationError",
            f"Stack:{stack_id} is in CREATE_IN_PROGRESS state and can not be updated.",
        )
    aws.wait(name)


def test_a_stack_deleted_while_it_is_made_ends_deleted(aws: Aws, name: str) -> None:
    body = json.dumps(stack_of(Slow=slow(), Bucket=bucket() | {"DependsOn": "Slow"}))
    with held():
        stack_id = aws.cfn.create_stack(StackName=name, TemplateBody=body)["StackId"]
        aws.cfn.delete_stack(StackName=name)

    wait_for(lambda: aws.stack(stack_id)["StackStatus"], lambda status: status == "DELETE_COMPLETE")
    assert "Bucket CREATE_IN_PROGRESS" not in aws.lines(stack_id)


def test_a_denied_call_is_the_reason_with_aws_code(aws: Aws, name: str) -> None:
    taken = f"{name}-taken"
    aws.client("iam").create_role(
        RoleName=taken, AssumeRolePolicyDocument=json.dumps(role()["Properties"]["AssumeRolePolicyDocument"])
    )
    aws.create(name, stack_of(Role=role(RoleName=taken)))

    reason = aws.reason(name, "Role", "CREATE_FAILED")
    assert f"Role with name {taken} already exists" in reason
    assert "Status Code: 409" in reason and "HandlerErrorCode: AlreadyExists" in reason
    # The role that was there before is not the stack's to delete.
    aws.client("iam").get_role(RoleName=taken)


def test_a_rollback_that_fails_can_be_deleted_once_the_cause_is_gone(aws: Aws, name: str) -> None:
    template = stack_of(Bucket=bucket(), Slow=slow("Bucket"), Bad=broken("Slow"))
    aws.cfn.create_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    wait_for(lambda: aws.lines(name), lambda lines: "Slow CREATE_IN_PROGRESS" in lines)
    made = aws.resources(name)["Bucket"]
    aws.client("s3").put_object(Bucket=made, Key="k", Body=b"x")

    stack = aws.wait(name)
    assert stack["StackStatus"] == "ROLLBACK_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    aws.client("s3").delete_object(Bucket=made, Key="k")
    assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_what_was_there_before_is_neither_taken_over_nor_deleted(aws: Aws, name: str) -> None:
    east = Aws(aws.sandbox, region="us-east-1")
    topic = aws.client("sns").create_topic(Name=name)["TopicArn"]
    aws.client("events").put_rule(Name=name, EventPattern='{"source": ["a"]}')
    east.client("s3").create_bucket(Bucket=f"{name}-there")

    def reason(client: Aws, kind: str, **properties: str) -> str:
        number = len(client.cfn.list_stacks()["StackSummaries"])
        client.create(f"{name}-{number}", stack_of(It={"Type": kind, "Properties": properties}))
        return client.reason(f"{name}-{number}", "It", "CREATE_FAILED")

    told = reason(aws, "AWS::SNS::Topic", TopicName=name)
    assert f"Resource of type 'AWS::SNS::Topic' with identifier '{topic}' already exists." in told
    assert "HandlerErrorCode: AlreadyExists" in told
    assert "already exists" in reason(aws, "AWS::Events::Rule", Name=name, ScheduleExpression="rate(1 day)")
    assert "already exists" in reason(east, "AWS::S3::Bucket", BucketName=f"{name}-there")
    aws.client("sns").get_topic_attributes(TopicArn=topic)
    assert aws.client("events").describe_rule(Name=name)["EventPattern"] == '{"source": ["a"]}'
    east.client("s3").head_bucket(Bucket=f"{name}-there")


def test_a_bucket_policy_of_somebody_else_stays(aws: Aws, name: str) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}-b/*"}
    document = {"Version": "2012-10-17", "Statement": [deny | {"Sid": "Theirs"}]}
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=f"{name}-b", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_policy(Bucket=f"{name}-b", Policy=json.dumps(document))
    properties = {"Bucket": f"{name}-b", "PolicyDocument": {"Version": "2012-10-17", "Statement": [deny]}}
    aws.create(name, stack_of(Policy={"Type": "AWS::S3::BucketPolicy", "Properties": properties}))

    assert "already exists" in aws.reason(name, "Policy", "CREATE_FAILED")
    assert json.loads(s3.get_bucket_policy(Bucket=f"{name}-b")["Policy"]) == document


def test_a_repeated_creation_first_removes_what_was_half_made(aws: Aws, name: str) -> None:
    half = role(RoleName=name, ManagedPolicyArns=["arn:aws:iam::111111111111:policy/no-such-policy"])
    assert aws.create(name, stack_of(Role=half), DisableRollback=True)["StackStatus"] == "CREATE_FAILED"
    stack = aws.update(name, stack_of(Role=role(RoleName=name, Description="whole")), DisableRollback=True)

    assert stack["StackStatus"] == "UPDATE_COMPLETE", aws.lines(name)
    assert aws.client("iam").get_role(RoleName=name)["Role"]["Description"] == "whole"
