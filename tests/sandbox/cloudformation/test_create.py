"""Stacks being made."""

from __future__ import annotations

import json
import threading

from botocore.exceptions import ClientError

from tests.sandbox.cloudformation.conftest import ACCOUNT, REGION, Aws, bucket, held, refused, role, slow, stack_of


def test_a_stack_is_made_with_what_it_declares_and_says_what_it_made(aws: Aws, name: str) -> None:
    template = stack_of(Bucket=bucket(VersioningConfiguration={"Status": "Enabled"}), Role=role(Description="d")) | {
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}, "Description": "the role"}}
    }
    stack = aws.create(name, template, Tags=[{"Key": "team", "Value": "blue"}])

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    physical = aws.resources(name)
    assert aws.client("s3").get_bucket_versioning(Bucket=physical["Bucket"])["Status"] == "Enabled"
    assert aws.client("iam").get_role(RoleName=physical["Role"])["Role"]["Description"] == "d"
    assert stack["Outputs"] == [
        {
            "OutputKey": "Arn",
            "OutputValue": f"arn:aws:iam::{ACCOUNT}:role/{physical['Role']}",
            "Description": "the role",
        }
    ]
    assert stack["StackId"].startswith(f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/")


def test_each_step_of_a_resource_is_an_event_newest_first(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role()))

    events = aws.cfn.describe_stack_events(StackName=name)["StackEvents"]
    physical = aws.resources(name)["Role"]
    assert [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason")) for e in events] == [
        (name, "CREATE_COMPLETE", None),
        ("Role", "CREATE_COMPLETE", None),
        ("Role", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Role", "CREATE_IN_PROGRESS", None),
        (name, "CREATE_IN_PROGRESS", "User Initiated"),
    ]
    assert [event.get("PhysicalResourceId") for event in events[1:4]] == [physical, physical, ""]
    assert "AssumeRolePolicyDocument" in json.loads(events[1]["ResourceProperties"])


def test_names_are_made_from_stack_and_logical_id_within_the_services_limit(aws: Aws, name: str) -> None:
    long = f"{name}-{'very' * 15}-long"
    aws.create(long, stack_of(Bucket=bucket(), Role=role()))

    physical = aws.resources(long)
    assert len(physical["Bucket"]) <= 63
    assert physical["Bucket"].startswith(f"{name}-very") and physical["Bucket"] == physical["Bucket"].lower()
    assert len(physical["Role"]) <= 64
    assert "-Role-" in physical["Role"]


def test_stack_tags_reach_resources_and_a_resources_own_tag_wins(aws: Aws, name: str) -> None:
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "cost", "Value": "1"}]
    aws.create(name, stack_of(Role=role(Tags=[{"Key": "team", "Value": "red"}])), Tags=tags)

    found = aws.client("iam").get_role(RoleName=aws.resources(name)["Role"])["Role"]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in found} == {"team": "red", "cost": "1"}
    assert aws.stack(name)["Tags"] == tags


def test_the_answer_comes_at_once_and_the_stack_is_seen_in_progress(aws: Aws, name: str) -> None:
    with held():
        stack_id = aws.cfn.create_stack(StackName=name, TemplateBody=json.dumps(stack_of(Slow=slow())))["StackId"]
        summaries = aws.cfn.list_stacks(StackStatusFilter=["CREATE_IN_PROGRESS"])["StackSummaries"]

    assert stack_id in [summary["StackId"] for summary in summaries]
    assert aws.wait(name)["StackStatus"] == "CREATE_COMPLETE"


def test_a_client_that_polls_a_short_operation_sees_its_end_at_the_first_look(aws: Aws, name: str) -> None:
    # The CLI and the waiters sleep 30 seconds after a first look that finds the operation under way.
    aws.cfn.create_stack(StackName=name, TemplateBody=json.dumps(stack_of(Bucket=bucket())))

    assert aws.stack(name)["StackStatus"] == "CREATE_COMPLETE"


def test_independent_resources_are_made_side_by_side(aws: Aws, name: str) -> None:
    stack = aws.create(name, stack_of(A=slow(), B=slow(), C=slow(), D=slow()))

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    of_resources = [line for line in aws.lines(name) if line[0] in "ABCD" and line[1] == " "]
    first_end = next(number for number, line in enumerate(of_resources) if line.endswith("COMPLETE"))
    assert {line[0] for line in of_resources[:first_end]} == set("ABCD")


def test_a_resource_waits_for_those_it_needs(aws: Aws, name: str) -> None:
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Bucket"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": {"Fn::Sub": "${Bucket.Arn}/*"}}
                ],
            },
        },
    }
    aws.create(name, stack_of(Policy=policy, Bucket=bucket(), Role=role() | {"DependsOn": "Policy"}))

    lines = aws.lines(name)
    assert lines.index("Bucket CREATE_COMPLETE") < lines.index("Policy CREATE_IN_PROGRESS")
    assert lines.index("Policy CREATE_COMPLETE") < lines.index("Role CREATE_IN_PROGRESS")


def test_a_name_can_be_used_once_and_again_after_deletion(aws: Aws, name: str) -> None:
    first = aws.create(name, stack_of(Role=role()))["StackId"]

    code, message = refused(lambda: aws.create(name, stack_of(Role=role())))
    assert (code, message) == ("AlreadyExistsException", f"Stack [{name}] already exists")

    aws.delete(name)
    again = aws.create(name, stack_of(Role=role()))
    assert again["StackId"] != first
    assert aws.stack(first)["StackStatus"] == "DELETE_COMPLETE"


def test_the_same_token_gives_the_same_stack(aws: Aws, name: str) -> None:
    body = json.dumps(stack_of(Bucket=bucket()))
    first = aws.cfn.create_stack(StackName=name, TemplateBody=body, ClientRequestToken=f"t-{name}")
    again = aws.cfn.create_stack(StackName=name, TemplateBody=body, ClientRequestToken=f"t-{name}")

    assert first["StackId"] == again["StackId"]
    assert aws.wait(name)["StackStatus"] == "CREATE_COMPLETE"
    assert {event.get("ClientRequestToken") for event in aws.events(name)} == {f"t-{name}"}
    code, _ = refused(
        lambda: aws.cfn.create_stack(StackName=f"{name}-b", TemplateBody=body, ClientRequestToken=f"t-{name}")
    )
    assert code == "TokenAlreadyExistsException"


def test_accounts_and_regions_do_not_see_each_others_stacks(aws: Aws, other: Aws, name: str) -> None:
    aws.create(name, stack_of(Bucket=bucket()))

    assert refused(lambda: other.stack(name)) == ("ValidationError", f"Stack with id {name} does not exist")
    elsewhere = Aws(aws.sandbox, region="us-east-1")
    assert refused(lambda: elsewhere.stack(name))[0] == "ValidationError"
    assert other.create(name, stack_of(Bucket=bucket()))["StackStatus"] == "CREATE_COMPLETE"


def test_of_many_at_once_one_gets_the_name(aws: Aws, name: str) -> None:
    body = json.dumps(stack_of(Bucket=bucket()))
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            aws.cfn.create_stack(StackName=name, TemplateBody=body)
            outcomes.append("made")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["AlreadyExistsException"] * 5 + ["made"]
    assert aws.wait(name)["StackStatus"] == "CREATE_COMPLETE"
