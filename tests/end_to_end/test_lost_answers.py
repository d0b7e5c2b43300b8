"""The network loses the first answer to each operation: the call is repeated, and nothing is made twice."""

from __future__ import annotations

import json

from tests.end_to_end.lossy import lossy
from tests.end_to_end.place import Place


def test_nothing_is_made_twice(place: Place) -> None:
    with lossy(place) as lost:
        result = place.run("up", "--json")

    assert result.code == 0, result.err[-600:]
    assert {"CreateUser", "CreateRole", "CreatePolicy", "CreateAccessKey", "CreateStack", "AssumeRole"} <= lost
    assert result.code == 0, result.err
    after = place.listing()
    assert after["tools access keys"] == [f"admin {place.profile('tools_admin')['aws_access_key_id']}"]
    assert len(after["tools buckets"]) == len(after["tools keys"]) == 1
    assert place.up().document["calls"]["mutating"] == 0


def test_changes_are_made_once(place: Place) -> None:
    place.up()
    iam, role = place.aws("tools", "iam"), "aws-refarch-cross-account-pipeline-service-role"
    policy = "arn:aws:iam::111111111111:policy/aws-refarch-cross-account-pipeline-boundary"
    for number in range(4):
        statement = {"Sid": f"S{number}", "Effect": "Deny", "Action": "*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=document, SetAsDefault=False)
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v2")
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    iam.update_role(RoleName=role, Description="changed")
    place.edit('account = "prod"\napproval = true', 'account = "prod"')

    with lossy(place) as lost:
        result = place.run("up", "--json", "--yes")

    assert result.code == 0, result.err[-600:]
    assert {"CreatePolicyVersion", "DeletePolicyVersion", "DetachRolePolicy", "UpdateRole", "CreateChangeSet"} <= lost
    assert result.code == 0, result.err
    assert place.up().document["calls"]["mutating"] == 0
    pipeline = place.aws("tools", "codepipeline").get_pipeline(name="sample-lambda-pipeline")["pipeline"]
    assert [stage["name"] for stage in pipeline["stages"]] == ["Source", "Build", "DeployToTest", "DeployToProduction"]


def test_a_removal_ends_where_it_should(place: Place) -> None:
    before = place.listing()
    place.up()

    with lossy(place) as lost:
        result = place.run("destroy", "--data", "--yes", "--json")

    assert result.code == 0, result.err[-600:]
    assert {"DeleteUser", "DeleteAccessKey", "DeleteStack", "DeletePolicy", "DeleteRole"} <= lost
    assert result.code == 0, result.err
    assert place.listing() == before
