"""What crosslane did not make, or another pipeline holds, stays as it is; with --adopt it becomes ours."""

from __future__ import annotations

import json
from typing import Any

from tests.end_to_end.place import Place

ROLE = "aws-refarch-cross-account-pipeline-service-role"
STACK = "toolsacct-codepipeline-cloudformation-role"
POLICY = "aws-refarch-cross-account-pipeline-sts-and-cloudformation-policy"
OTHERS = [{"Key": "crosslane:pipeline", "Value": "other"}, {"Key": "crosslane:tools-account", "Value": "999999999999"}]
NOBODYS: list[dict[str, str]] = []
NOTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}]}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
TEMPLATE = json.dumps(
    {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"RoleName": "theirs", "AssumeRolePolicyDocument": json.loads(TRUST)},
            }
        }
    }
)

PREREQUISITES = json.dumps(
    {
        "Resources": {
            "KMSKey": {
                "Type": "AWS::KMS::Key",
                "Properties": {
                    "KeyPolicy": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                                "Action": "kms:*",
                                "Resource": "*",
                            }
                        ],
                    }
                },
            },
            "ArtifactBucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"},
        },
        "Outputs": {
            "CMK": {"Value": {"Fn::GetAtt": ["KMSKey", "Arn"]}},
            "ArtifactBucket": {"Value": {"Ref": "ArtifactBucket"}},
        },
    }
)


def make_all(place: Place, tags: list[dict[str, str]]) -> None:
    """Somebody makes one thing of each kind under a name that we want."""
    iam = place.aws("tools", "iam")
    iam.create_user(UserName="admin", Tags=tags)
    iam.create_access_key(UserName="admin")
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST, Description="theirs", Tags=tags)
    iam.create_policy(PolicyName=POLICY, PolicyDocument=NOTHING, Tags=tags)
    cloudformation = place.aws("test", "cloudformation")
    cloudformation.create_stack(
        StackName=STACK, TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_NAMED_IAM"], Tags=tags
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=STACK, WaiterConfig={"Delay": 0, "MaxAttempts": 200})


def look(place: Place) -> list[Any]:
    """All that a stranger sees of the four."""
    iam = place.aws("tools", "iam")
    arn = f"arn:aws:iam::111111111111:policy/{POLICY}"
    return [
        iam.get_user(UserName="admin")["User"],
        iam.list_access_keys(UserName="admin")["AccessKeyMetadata"],
        iam.list_attached_user_policies(UserName="admin")["AttachedPolicies"],
        iam.get_role(RoleName=ROLE)["Role"],
        iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"],
        iam.get_policy(PolicyArn=arn)["Policy"],
        iam.list_policy_versions(PolicyArn=arn)["Versions"],
        place.stack("test", STACK),
    ]


def test_what_crosslane_did_not_make_stops_up_before_the_first_change(place: Place) -> None:
    make_all(place, NOBODYS)
    before, listed, profiles = look(place), place.listing(), place.running.credentials_file.read_bytes()

    refused, plan = place.run("up", "--json", "--yes"), place.run("plan", "--json")

    assert refused.code == 1
    assert refused.document["error"]["code"] == "NotOurs"
    assert "--adopt" in refused.document["error"]["next"]
    assert {conflict["kind"] for conflict in plan.document["conflicts"]} == {"user", "role", "policy", "stack"}
    assert all(conflict["adoptable"] for conflict in plan.document["conflicts"])
    assert look(place) == before
    assert (place.listing(), place.running.credentials_file.read_bytes()) == (listed, profiles)

    key = place.aws("tools", "iam").create_access_key(UserName="admin")["AccessKey"]
    with place.running.credentials_file.open("a") as file:  # as the guide leaves it
        file.write(f"\n[tools_admin]\naws_access_key_id={key['AccessKeyId']}\n")
        file.write(f"aws_secret_access_key={key['SecretAccessKey']}\n")
    keys = look(place)[1]
    cloudformation = place.aws("tools", "cloudformation")
    cloudformation.create_stack(StackName="pre-reqs", TemplateBody=PREREQUISITES)  # as the script leaves it
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName="pre-reqs", WaiterConfig={"Delay": 0, "MaxAttempts": 200})
    outputs = place.stack("tools", "pre-reqs")["Outputs"]

    adopted = place.up("--adopt", "--yes")

    assert list(adopted.outcomes().values()).count("adopted") == 5
    assert look(place)[1] == keys, "the profile's own key goes on to be used"
    now = {output["OutputKey"]: output["OutputValue"] for output in place.stack("tools", "pre-reqs")["Outputs"]}
    assert {output["OutputKey"]: output["OutputValue"] for output in outputs}.items() <= now.items(), "key and bucket"
    assert place.up().document["calls"]["mutating"] == 0


def test_what_another_pipeline_holds_is_never_touched(place: Place) -> None:
    make_all(place, OTHERS)
    before, listed = look(place), place.listing()

    for arguments in (("up", "--json", "--yes"), ("up", "--json", "--adopt", "--yes")):
        refused = place.run(*arguments)
        assert refused.code == 1
        assert refused.document["error"]["code"] == "NotOurs"
        assert "[names]" in refused.document["error"]["next"]
    removed = place.run("destroy", "--data", "--yes", "--json")

    assert removed.code == 0, removed.err
    assert {"user", "role", "policy", "stack"} <= {
        warning["message"].split()[0] for warning in removed.document["warnings"]
    }
    assert look(place) == before
    assert place.listing() == listed


def test_a_profile_that_somebody_made_is_changed_only_with_adopt_and_nothing_else_in_the_files(place: Place) -> None:
    credentials, config = place.running.credentials_file, place.running.config_file
    mine = "; my own notes\n[tools_admin]\naws_access_key_id=AKIAMINE\n  aws_secret_access_key =  mine\n\n# end\n"
    credentials.write_text(credentials.read_text() + mine)
    config.write_text("# first\n[profile other]\nregion=xx\n  s3 =\n  x = 1\n\n" + config.read_text())
    before = credentials.read_text(), config.read_text()

    refused = place.run("up", "--json")

    assert refused.code == 1
    assert "tools_admin" in refused.document["error"]["message"]
    assert (credentials.read_text(), config.read_text()) == before
    assert place.listing()["tools users"] == []

    place.up("--adopt")

    kept = credentials.read_text()
    start = before[0].partition("; my own notes")[0]
    assert kept.startswith(f"{start}; my own notes\n[tools_admin]\n")
    assert "# end\n" in kept
    assert "AKIAMINE" not in kept
    assert config.read_text().startswith(before[1].rstrip("\n"))

    assert place.run("destroy", "--yes").code == 0

    assert "tools_admin" not in place.profiles()
    assert credentials.read_text().startswith(f"{start}; my own notes\n")
    assert config.read_text().rstrip("\n") == before[1].rstrip("\n")


def test_a_repository_that_is_there_is_used_and_stays(place: Place) -> None:
    place.aws("dev", "codecommit").create_repository(repositoryName="sample-lambda", repositoryDescription="mine")

    outcome = place.up().outcomes()["dev/repository/sample-lambda"]

    assert outcome == "unchanged"
    assert place.run("destroy", "--data", "--yes").code == 0
    kept = place.aws("dev", "codecommit").get_repository(repositoryName="sample-lambda")["repositoryMetadata"]
    assert kept["repositoryDescription"] == "mine"


def test_a_second_pipeline_in_the_same_accounts_is_told_to_take_other_names(place: Place) -> None:
    place.up()
    listed = place.listing()
    place.edit('name = "sample-lambda"', 'name = "another"')
    place.edit('source = { account = "dev" }', 'source = { account = "dev", repository = "sample-lambda" }')

    refused = place.run("up", "--json", "--adopt", "--yes")

    assert refused.code == 1
    assert "sample-lambda (tools account 111111111111)" in refused.document["error"]["message"]
    assert place.listing() == listed
    assert place.run("destroy", "--data", "--yes").code == 0
    assert place.listing() == listed
