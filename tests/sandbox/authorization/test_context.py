"""The condition keys that AWS would set, seen by what a condition on them allows."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.sandbox.authorization.conftest import PLACE, TOOLS, People, document
from tests.sandbox.conftest import Accounts, error, trust

OPERATOR = "StringEquals"


def test_keys_of_the_principal_and_the_request_are_there(people: People) -> None:
    iam = people.accounts.client("tools", "iam")
    organization = people.accounts.client("tools", "organizations").describe_organization()["Organization"]["Id"]
    root = people.accounts.client("tools", "organizations").list_roots()["Roots"][0]["Id"]
    role = people.role(Path="/x/", Tags=[{"Key": "team", "Value": "blue"}])
    session = people.session(role)
    role_id = iam.get_role(RoleName=people.name)["Role"]["RoleId"]
    mine = people.client(session, "iam")
    right = {
        "StringEquals": {
            "aws:PrincipalAccount": TOOLS,
            "aws:PrincipalOrgID": organization,
            "aws:PrincipalTag/team": "blue",
            "aws:PrincipalType": "AssumedRole",
            "aws:userid": f"{role_id}:person",
            "aws:ResourceAccount": TOOLS,
            "aws:ResourceOrgID": organization,
            "aws:RequestedRegion": "us-east-1",
        },
        "ArnEquals": {"aws:PrincipalArn": role},
        "Bool": {
            "aws:SecureTransport": "true",
            "aws:PrincipalIsAWSService": "false",
            "aws:ViaAWSService": "false",
            "aws:MultiFactorAuthPresent": "false",
        },
        "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{organization}/{root}/*"},
        "StringLike": {"aws:UserAgent": "Botocore/*"},
        "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
        "NumericGreaterThan": {"aws:EpochTime": "1600000000"},
        "Null": {"aws:CalledVia": "true", "aws:username": "true"},
    }
    put = {"RoleName": people.name, "PolicyName": "p"}
    iam.put_role_policy(**put, PolicyDocument=document({"Action": "iam:ListRoles", "Condition": right}))
    mine.list_roles()
    for operator, keys in right.items():
        for key in keys:
            wrong = {**right, operator: {**keys, key: _other(operator)}}
            iam.put_role_policy(**put, PolicyDocument=document({"Action": "iam:ListRoles", "Condition": wrong}))
            assert error(mine.list_roles)[0] == "AccessDenied", key


def _other(operator: str) -> str:
    return {
        "Bool": "maybe",
        "Null": "false",
        "IpAddress": "192.0.2.0/24",
        "DateGreaterThan": "2999-01-01T00:00:00Z",
        "NumericGreaterThan": "99999999999",
        "ArnEquals": "arn:aws:iam::111111111111:role/other",
    }.get(operator, "other")


def test_a_user_is_known_by_its_name_and_tags(people: People) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "blue", "aws:PrincipalType": "User"}}
    own = {"Action": "iam:ListAccessKeys", "Resource": f"arn:aws:iam::{TOOLS}:user/${{aws:username}}"}
    tags = [{"Key": "team", "Value": "blue"}]
    mine = people.client(people.user(document({**own, "Condition": condition}), Tags=tags), "iam")
    mine.list_access_keys(UserName=people.name)
    mine.list_access_keys()
    assert error(lambda: mine.list_access_keys(UserName="other"))[0] == "AccessDenied"


def test_session_tags_are_principal_tags(people: People) -> None:
    both = ["sts:AssumeRole", "sts:TagSession"]
    role = people.role(
        document({"Action": "iam:ListRoles", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}),
        trust=document({"Principal": {"AWS": TOOLS}, "Action": both}),
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    assert error(people.client(people.session(role), "iam").list_roles)[0] == "AccessDenied"
    tagged = people.session(role, Tags=[{"Key": "team", "Value": "red"}])
    people.client(tagged, "iam").list_roles()


def test_a_boundary_can_be_demanded_of_new_roles_and_of_changes(people: People) -> None:
    boundary = people.policy(document({"Action": "*"}), f"{people.name}-boundary")
    demanded = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}}
    actions = ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"]
    mine = people.client(people.user(document({"Action": actions, **demanded})), "iam")
    admin = people.accounts.client("tools", "iam")
    bare, bounded = f"{people.name}-bare", f"{people.name}-bounded"
    new = {"AssumeRolePolicyDocument": trust(AWS=TOOLS)}
    assert error(lambda: mine.create_role(RoleName=bounded, **new))[0] == "AccessDenied"
    mine.create_role(RoleName=bounded, **new, PermissionsBoundary=boundary)
    admin.create_role(RoleName=bare, **new)
    inline = {"PolicyName": "p", "PolicyDocument": document({"Action": "s3:*"})}
    mine.put_role_policy(RoleName=bounded, **inline)
    mine.attach_role_policy(RoleName=bounded, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert error(lambda: mine.put_role_policy(RoleName=bare, **inline))[0] == "AccessDenied"
    other = people.policy(document({"Action": "*"}), f"{people.name}-other")
    put = mine.put_role_permissions_boundary
    assert error(lambda: put(RoleName=bare, PermissionsBoundary=other))[0] == "AccessDenied"
    put(RoleName=bare, PermissionsBoundary=boundary)


def test_which_policy_may_be_attached_is_a_condition(people: People) -> None:
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    condition = {"Condition": {"ArnEquals": {"iam:PolicyARN": read_only}}}
    mine = people.client(people.user(document({"Action": "iam:AttachUserPolicy", **condition})), "iam")
    mine.attach_user_policy(UserName=people.name, PolicyArn=read_only)
    wide = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert error(lambda: mine.attach_user_policy(UserName=people.name, PolicyArn=wide))[0] == "AccessDenied"


def test_tags_can_be_demanded_of_what_is_made(people: People) -> None:
    condition = {
        "StringEquals": {"aws:RequestTag/team": "blue"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
    }
    actions = ["iam:CreateUser", "iam:TagUser"]
    mine = people.client(people.user(document({"Action": actions, "Condition": condition})), "iam")
    blue, more = {"Key": "team", "Value": "blue"}, {"Key": "more", "Value": "1"}
    new = f"{people.name}-new"
    assert error(lambda: mine.create_user(UserName=new))[0] == "AccessDenied"
    assert error(lambda: mine.create_user(UserName=new, Tags=[blue, more]))[0] == "AccessDenied"
    mine.create_user(UserName=new, Tags=[blue])


def test_tags_of_the_resource_decide(people: People) -> None:
    condition = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}}}
    mine = people.client(people.user(document({"Action": "iam:GetRole", **condition})), "iam")
    admin = people.accounts.client("tools", "iam")
    admin.create_role(RoleName=people.name, AssumeRolePolicyDocument=trust(AWS=TOOLS))
    assert error(lambda: mine.get_role(RoleName=people.name))[0] == "AccessDenied"
    admin.tag_role(RoleName=people.name, Tags=[{"Key": "team", "Value": "blue"}])
    mine.get_role(RoleName=people.name)


def test_a_key_can_be_bound_to_an_encryption_context(people: People) -> None:
    kms = people.accounts.client("tools", "kms")
    key = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]["Arn"]
    condition = {
        "StringEquals": {
            "kms:EncryptionContext:app": "one",
            "kms:CallerAccount": TOOLS,
            "aws:ResourceTag/team": "blue",
        },
        "Null": {"kms:ViaService": "true"},
    }
    mine = people.client(people.user(document({"Action": "kms:Encrypt", "Condition": condition})), "kms")
    mine.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"app": "one"})
    assert error(lambda: mine.encrypt(KeyId=key, Plaintext=b"x"))[0] == "AccessDeniedException"
    other = {"EncryptionContext": {"app": "two"}}
    assert error(lambda: mine.encrypt(KeyId=key, Plaintext=b"x", **other))[0] == "AccessDeniedException"


def test_what_an_upload_says_of_itself_decides(people: People, bucket: str) -> None:
    condition = {"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}
    mine = people.client(people.user(document({"Action": "s3:PutObject", "Condition": condition})), "s3")
    put = {"Bucket": bucket, "Key": "new", "Body": b"1"}
    mine.put_object(**put, ServerSideEncryption="AES256")
    assert error(lambda: mine.put_object(**put))[0] == "AccessDenied"
    acl = {"ServerSideEncryption": "AES256", "ACL": "bucket-owner-full-control"}
    assert "s3:PutObjectAcl" in error(lambda: mine.put_object(**put, **acl))[1]


def test_a_list_can_be_bound_to_a_prefix(people: People, bucket: str) -> None:
    condition = {"StringLike": {"s3:prefix": "mine/*"}}
    mine = people.client(people.user(document({"Action": "s3:ListBucket", "Condition": condition})), "s3")
    mine.list_objects_v2(Bucket=bucket, Prefix="mine/x")
    assert error(lambda: mine.list_objects_v2(Bucket=bucket))[0] == "AccessDenied"
    assert error(lambda: mine.list_objects_v2(Bucket=bucket, Prefix="other/"))[0] == "AccessDenied"


def test_events_are_told_apart_by_source(people: People) -> None:
    condition = {"StringEquals": {"events:source": "mine", "events:detail-type": "change"}}
    mine = people.client(people.user(document({"Action": "events:PutEvents", "Condition": condition})), "events")
    event = {"Source": "mine", "DetailType": "change", "Detail": "{}"}
    mine.put_events(Entries=[event])
    for other in ({**event, "Source": "aws.codecommit"}, {**event, "DetailType": "other"}):
        assert error(partial(mine.put_events, Entries=[event, other]))[0] == "AccessDeniedException"


def test_the_region_that_is_asked_decides(people: People) -> None:
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    user = people.user(document({"Action": "kms:ListKeys", "Condition": condition}))
    people.client(user, "kms").list_keys()
    elsewhere = people.accounts.with_credentials(user, "kms", "us-east-1")
    assert error(elsewhere.list_keys)[0] == "AccessDeniedException"


ROLE_FOR = {
    "codebuild": ("codebuild", "create_project"),
    "codepipeline": ("codepipeline", "create_pipeline"),
    "events": ("events", "put_targets"),
}


def _given(service: str, name: str, role: str) -> dict[str, Any]:
    """What makes something with a role, in each service."""
    if service == "codebuild":
        environment = {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0"}
        return {
            "name": name,
            "serviceRole": role,
            "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {**environment, "computeType": "BUILD_GENERAL1_SMALL"},
        }
    if service == "events":
        pipeline = f"arn:aws:codepipeline:eu-west-1:{TOOLS}:x"
        return {"Rule": name, "Targets": [{"Id": "1", "Arn": pipeline, "RoleArn": role}]}
    source = {"category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1"}
    configuration = {"RepositoryName": "r", "BranchName": "main"}
    one = {"name": "s", "actionTypeId": source, "configuration": configuration, "outputArtifacts": [{"name": "o"}]}
    approval = {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
    stages = [
        {"name": "Source", "actions": [one]},
        {"name": "Approve", "actions": [{"name": "a", "actionTypeId": approval}]},
    ]
    store = {"type": "S3", "location": "bucket"}
    return {"pipeline": {"name": name, "roleArn": role, "artifactStore": store, "stages": stages, "version": 1}}


@pytest.mark.parametrize("service", list(ROLE_FOR))
def test_a_role_is_passed_to_one_service_only(people: People, service: str) -> None:
    principal = f"{service}.amazonaws.com"
    role = people.role(trust=trust(Service=["codebuild.amazonaws.com", "codepipeline.amazonaws.com"]))
    iam, name = people.accounts.client("tools", "iam"), f"{people.name}-user"
    people.accounts.client("tools", "events").put_rule(Name=people.name, EventPattern='{"source":["x"]}')
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    client, call = ROLE_FOR[service]
    make = getattr(people.client(key, client), call)
    given = _given(service, people.name, role)

    def rights(passed_to: str | None) -> None:
        condition = {"StringEquals": {"iam:PassedToService": passed_to}}
        passing = [{"Action": "iam:PassRole", "Resource": role, "Condition": condition}] if passed_to else []
        policy = document({"Action": f"{service}:*"}, *passing)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)

    for wrong in (None, "ec2.amazonaws.com"):
        rights(wrong)
        code, told = error(lambda: make(**given))
        assert code == "AccessDeniedException"
        assert told.endswith(
            f"is not authorized to perform: iam:PassRole on resource: {role} because no identity-based policy allows "
            "the iam:PassRole action"
        )
    rights(principal)
    make(**given)


def test_a_service_that_is_not_trusted_does_not_take_a_role(people: People) -> None:
    role = people.role(trust=trust(Service="ec2.amazonaws.com"))
    codebuild = people.accounts.client("tools", "codebuild")
    told = error(lambda: codebuild.create_project(**_given("codebuild", people.name, role)))
    assert told[1].startswith("CodeBuild is not authorized to perform: sts:AssumeRole on service role")


def test_a_trust_may_name_the_account_or_resource_the_service_acts_for(accounts: Accounts, people: People) -> None:
    iam = people.accounts.client("tools", "iam")
    project = f"arn:aws:codebuild:eu-west-1:{TOOLS}:project/{people.name}"
    codebuild = accounts.client("tools", "codebuild")
    given = {"Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}
    wrong = {"Condition": {"StringEquals": {"aws:SourceAccount": "222222222222"}}}
    role = people.role(trust=document({**given, **wrong}))
    make = _given("codebuild", people.name, role)
    assert error(lambda: codebuild.create_project(**make))[0] == "InvalidInputException"
    right = {"StringEquals": {"aws:SourceAccount": TOOLS}, "ArnEquals": {"aws:SourceArn": project}}
    iam.update_assume_role_policy(RoleName=people.name, PolicyDocument=document({**given, "Condition": right}))
    codebuild.create_project(**make)
    assert json.loads(document(given))["Statement"]


def test_buckets_are_made_where_a_policy_lets_them_be(people: People) -> None:
    condition = {"StringEquals": {"s3:LocationConstraint": "eu-west-1"}}
    mine = people.client(people.user(document({"Action": "s3:CreateBucket", "Condition": condition})), "s3")
    mine.create_bucket(Bucket=f"{people.name}-here", **PLACE)
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
    assert error(lambda: mine.create_bucket(Bucket=f"{people.name}-there", **elsewhere))[0] == "AccessDenied"


def test_tags_of_pipelines_stacks_groups_and_topics_decide_too(people: People) -> None:
    name, admin = people.name, people.accounts.client
    blue = {"team": "blue"}
    admin("tools", "codecommit").create_repository(repositoryName=name, tags=blue)
    admin("tools", "logs").create_log_group(logGroupName=f"/x/{name}", tags=blue)
    topic = admin("tools", "sns").create_topic(Name=name, Tags=[{"Key": "team", "Value": "blue"}])["TopicArn"]
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/y/{name}"}}
    admin("tools", "cloudformation").create_stack(
        StackName=name,
        TemplateBody=json.dumps({"Resources": {"Group": group}}),
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    admin("tools", "cloudformation").get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    user = people.user()

    def rights(team: str) -> None:
        condition = {"StringEquals": {"aws:ResourceTag/team": team}}
        policy = document({"Action": ["codecommit:*", "logs:*", "sns:*", "cloudformation:*"], "Condition": condition})
        admin("tools", "iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)

    calls = [
        partial(people.client(user, "codecommit").get_repository, repositoryName=name),
        partial(people.client(user, "logs").filter_log_events, logGroupName=f"/x/{name}"),
        partial(people.client(user, "sns").get_topic_attributes, TopicArn=topic),
        partial(people.client(user, "cloudformation").describe_stack_resources, StackName=name),
    ]
    rights("red")
    for call in calls:
        assert error(call)[0] in ("AccessDenied", "AccessDeniedException", "AuthorizationError")
    rights("blue")
    for call in calls:
        call()
