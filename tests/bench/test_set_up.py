"""The comparison's own arithmetic, and the templates that the script's first pass deploys."""

from typing import Any

from bench.by_hand import without_second_pass
from bench.figures import NotMeasured, at_least, at_most, to_table
from bench.set_up import mutates


def test_the_first_pass_lacks_what_the_second_adds_and_nothing_else() -> None:
    template: dict[str, Any] = {
        "Resources": {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": ["admin", "build"]}}},
            "Line": {
                "Type": "AWS::CodePipeline::Pipeline",
                "Properties": {"RoleArn": "own", "Stages": [{"Actions": [{"Name": "a", "RoleArn": "theirs"}]}]},
            },
            "Role": {"Type": "AWS::IAM::Role"},
        }
    }
    first = without_second_pass(template)["Resources"]
    assert first["Key"]["Properties"]["KeyPolicy"]["Statement"] == ["admin"]
    assert first["Line"]["Properties"] == {"RoleArn": "own", "Stages": [{"Actions": [{"Name": "a"}]}]}
    assert first["Role"] == template["Resources"]["Role"]
    assert template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"] == ["admin", "build"]


def test_calls_that_change_something_are_told_from_those_that_read() -> None:
    assert mutates("cloudformation", "CreateChangeSet")
    assert mutates("s3", "PUT Bucket policy")
    assert mutates("iam", "TagRole")
    assert not mutates("sts", "AssumeRole")
    assert not mutates("iam", "ListAttachedRolePolicies")
    assert not mutates("s3", "GET Bucket policy")


def test_the_table_says_what_was_missed_and_what_could_not_be_measured() -> None:
    table = to_table([at_least("ratio", 4.2, 5), at_most("cost", 51, "ms", 150, "15 runs"), NotMeasured("up", "no up")])
    lines = [line.split() for line in table.splitlines()]
    assert lines[1:] == [
        ["ratio", "4.20", "x", ">=", "5", "MISSED"],
        ["cost", "51.0", "ms", "<=", "150", "ok", "15", "runs"],
        ["up", "-", "not", "measured:", "no", "up"],
    ]
