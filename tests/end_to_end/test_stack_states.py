"""Stacks as cut-off, failed or busy operations leave them, and updates that must not happen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crosslane.desired.model import Tags
from tests.end_to_end.place import Place, place_in

FIRST = "pre-reqs"
SLOW = "AWS::CloudFormation::WaitConditionHandle"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
BROKEN = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "no-such-bucket-anywhere", "PolicyDocument": TRUST}}


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def role(description: str) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": TRUST, "Description": description},
    }


def tags(place: Place) -> list[dict[str, str]]:
    wanted: Tags = place.desired.tags
    return [{"Key": key, "Value": value} for key, value in wanted]


def create(place: Place, body: str, **given: Any) -> None:
    """A stack that carries our tags, as an earlier run might have left it; returns when it rests."""
    client = place.aws("tools", "cloudformation")
    client.create_stack(
        StackName=FIRST, TemplateBody=body, Tags=tags(place), Capabilities=["CAPABILITY_NAMED_IAM"], **given
    )
    rest(place)


def rest(place: Place) -> str:
    """The stack's status once nothing is under way."""
    while (status := str(place.stack("tools", FIRST)["StackStatus"])).endswith("_IN_PROGRESS"):
        if status == "REVIEW_IN_PROGRESS":
            break
    return status


def live_template(place: Place) -> dict[str, Any]:
    """The template as it was sent, parsed."""
    answer = place.aws("tools", "cloudformation").get_template(StackName=FIRST, TemplateStage="Original")
    return json.loads(json.dumps(answer["TemplateBody"]))  # type: ignore[no-any-return]


def test_a_stack_that_was_rolled_back_is_made_anew(place: Place) -> None:
    create(place, template(Bad=BROKEN))
    assert rest(place) == "ROLLBACK_COMPLETE"

    outcomes = place.up("--yes").outcomes()

    assert outcomes["tools/stack/pre-reqs"] == "replaced"
    assert rest(place) == "CREATE_COMPLETE"


def test_a_stack_that_failed_and_was_left_so_is_made_anew(place: Place) -> None:
    create(place, template(Good={"Type": SLOW}, Bad=BROKEN), OnFailure="DO_NOTHING")
    assert rest(place) == "CREATE_FAILED"

    assert place.up("--yes").outcomes()["tools/stack/pre-reqs"] == "replaced"


def test_a_stack_in_review_is_made_anew(place: Place) -> None:
    place.aws("tools", "cloudformation").create_change_set(
        StackName=FIRST,
        ChangeSetName="somebodys",
        ChangeSetType="CREATE",
        TemplateBody=template(Good=role("1")),
        Tags=tags(place),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert rest(place) == "REVIEW_IN_PROGRESS"

    assert place.run("up", "--json").document["error"]["code"] == "NotOurs", "such a stack has no tags yet"
    assert place.up("--adopt", "--yes").outcomes()["tools/stack/pre-reqs"] == "replaced"


def test_a_stack_that_could_not_be_deleted_says_why_and_goes_when_it_can(place: Place) -> None:
    bucket = "pre-reqs-artifactbucket-full"
    create(place, template(Full={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}))
    place.aws("tools", "s3").put_object(Bucket=bucket, Key="precious", Body=b"1")
    place.aws("tools", "cloudformation").delete_stack(StackName=FIRST)
    assert rest(place) == "DELETE_FAILED"

    failed = place.run("up", "--json", "--yes")

    assert failed.code == 1
    assert "Full (AWS::S3::Bucket)" in failed.document["error"]["message"]
    assert "not empty" in failed.document["error"]["message"]
    pending = {step["id"] for step in failed.document["steps"] if step["outcome"] == "pending"}
    assert "tools/stack/sample-lambda-pipeline" in pending

    place.aws("tools", "s3").delete_object(Bucket=bucket, Key="precious")
    assert place.up("--yes").outcomes()["tools/stack/pre-reqs"] == "replaced"


def test_an_update_that_failed_and_was_left_so_is_rolled_back_and_made_right(place: Place) -> None:
    place.up()
    client = place.aws("tools", "cloudformation")
    body = live_template(place)
    body["Resources"] |= {"Extra": {"Type": SLOW}, "Bad": BROKEN}
    parameters = [
        {"ParameterKey": one["ParameterKey"], "UsePreviousValue": True}
        for one in place.stack("tools", FIRST)["Parameters"]
    ]
    client.update_stack(
        StackName=FIRST,
        TemplateBody=json.dumps(body),
        Parameters=parameters,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        DisableRollback=True,
    )
    assert rest(place) == "UPDATE_FAILED"

    place.up("--yes")

    assert rest(place) in ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    assert "Extra" not in {
        one["LogicalResourceId"] for one in client.describe_stack_resources(StackName=FIRST)["StackResources"]
    }
    assert place.up().document["calls"]["mutating"] == 0


def test_somebody_elses_update_is_waited_for_and_then_judged(tmp_path: Path) -> None:
    with place_in(tmp_path, resource_seconds={SLOW: 10}) as place:
        place.run("plan")  # loads the sandbox's services, which takes seconds on a busy machine
        place.aws("tools", "cloudformation").create_stack(
            StackName=FIRST,
            TemplateBody=template(Slow={"Type": SLOW}),
            Tags=tags(place),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        assert place.stack("tools", FIRST)["StackStatus"] == "CREATE_IN_PROGRESS"

        result = place.up("--yes")

        assert result.outcomes()["tools/stack/pre-reqs"] == "updated"
        assert "waits for it" in result.err
        assert place.stack("tools", FIRST)["StackStatus"] == "UPDATE_COMPLETE"


def test_a_failed_stack_names_the_resource_that_failed_first_and_why(place: Place) -> None:
    """The bucket's name is taken: buckets are one name space for everybody."""
    place.aws("prod", "s3").create_bucket(
        Bucket="taken-by-somebody", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    place.append('\n[names]\nbucket = "taken-by-somebody"\n')

    result = place.run("up", "--json")

    error = result.document["error"]
    assert (result.code, error["code"], error["account"]) == (1, "StackFailed", "tools")
    assert "ROLLBACK_COMPLETE" in error["message"]
    assert "ArtifactBucket (AWS::S3::Bucket)" in error["message"]
    assert "AlreadyExists" in error["message"]
    assert result.document["ok"] is False
    assert [step["id"] for step in result.document["steps"] if step["outcome"] == "failed"] == ["tools/stack/pre-reqs"]


def test_an_update_that_would_replace_the_bucket_is_stopped(place: Place) -> None:
    place.up()
    before = place.listing()
    place.append('\n[names]\nbucket = "another-name-for-it"\n')

    result = place.run("up", "--json", "--yes")

    assert result.code == 1
    error = result.document["error"]
    assert error["code"] == "UnplannedReplacement"
    assert before["tools buckets"][0] in error["message"]
    assert place.listing()["tools buckets"] == before["tools buckets"]
    assert place.listing()["tools keys"] == before["tools keys"]
    client = place.aws("tools", "cloudformation")
    assert client.list_change_sets(StackName=FIRST)["Summaries"] == []


def test_an_update_that_would_remove_the_key_is_stopped(place: Place) -> None:
    """Somebody renamed the key in the live template: to CloudFormation ours would be another one."""
    place.up()
    before = place.listing()
    client = place.aws("tools", "cloudformation")
    found = live_template(place)
    (key,) = [name for name, one in found["Resources"].items() if one["Type"] == "AWS::KMS::Key"]
    client.update_stack(
        StackName=FIRST,
        TemplateBody=json.dumps(found).replace(f'"{key}"', f'"{key}2"'),
        Parameters=[
            {"ParameterKey": one["ParameterKey"], "UsePreviousValue": True}
            for one in place.stack("tools", FIRST)["Parameters"]
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert rest(place) == "UPDATE_COMPLETE"
    keys = place.listing()["tools keys"]
    assert keys != before["tools keys"]

    result = place.run("up", "--json", "--yes")

    assert result.document["error"]["code"] == "UnplannedReplacement"
    assert place.listing()["tools keys"] == keys


def test_a_failure_in_one_account_does_not_hold_up_the_other(place: Place) -> None:
    account, other = "test", "prod"
    iam = place.aws(account, "iam")
    iam.create_role(RoleName="cloudformationdeployer-role", AssumeRolePolicyDocument=json.dumps(TRUST))

    result = place.run("up", "--json")

    outcomes = result.outcomes()
    stack = "toolsacct-codepipeline-cloudformation-role"
    assert result.code == 1
    assert outcomes[f"{account}/stack/{stack}"] == "failed"
    assert outcomes[f"{other}/stack/{stack}"] == "created"
    assert outcomes["tools/stack/sample-lambda-pipeline"] == "pending"
    assert "cloudformationdeployer-role" in result.document["error"]["message"]

    iam.delete_role(RoleName="cloudformationdeployer-role")
    assert place.up("--yes").outcomes()[f"{account}/stack/{stack}"] == "replaced"
