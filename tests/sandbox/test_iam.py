"""The limits and conflicts of IAM that crosslane is built to handle."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.sandbox.conftest import Accounts, allow, code, error, trust

ROOT = {"AWS": "arn:aws:iam::111111111111:root"}


@pytest.fixture
def iam(accounts: Accounts) -> Any:
    return accounts.client("tools", "iam")


def _policy(iam: Any, name: str) -> str:
    return str(iam.create_policy(PolicyName=name, PolicyDocument=allow("s3:GetObject"))["Policy"]["Arn"])


def test_a_managed_policy_keeps_five_versions_and_lists_the_newest_first(iam: Any, name: str) -> None:
    arn = _policy(iam, name)
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("s3:PutObject"), SetAsDefault=True)
    more = {"PolicyArn": arn, "PolicyDocument": allow("s3:PutObject"), "SetAsDefault": True}
    assert code(lambda: iam.create_policy_version(**more)) == "LimitExceeded"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [version["VersionId"] for version in versions] == ["v5", "v4", "v3", "v2", "v1"]
    assert [version["IsDefaultVersion"] for version in versions] == [True, False, False, False, False]
    assert code(lambda: iam.delete_policy_version(PolicyArn=arn, VersionId="v5")) == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    assert iam.create_policy_version(**more)["PolicyVersion"]["VersionId"] == "v6"


def test_a_managed_policy_has_6144_characters_at_most_not_counting_white_space(iam: Any, name: str) -> None:
    frame = len(allow("")) - len(allow("").replace(" ", ""))
    fitting = allow("s3:Get" + "x" * (6144 - len(allow("s3:Get")) + frame))
    iam.create_policy(PolicyName=name, PolicyDocument=fitting + " " * 500)
    told = error(lambda: iam.create_policy(PolicyName=name + "x", PolicyDocument=fitting.replace("s3:Get", "s3:Getx")))
    assert told == ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


def test_a_user_has_two_access_keys_at_most(iam: Any, name: str) -> None:
    iam.create_user(UserName=name)
    for _ in range(2):
        iam.create_access_key(UserName=name)
    assert code(lambda: iam.create_access_key(UserName=name)) == "LimitExceeded"


def test_a_user_goes_only_without_keys_and_policies(iam: Any, name: str) -> None:
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    told = error(lambda: iam.delete_user(UserName=name))
    assert told == ("DeleteConflict", "Cannot delete entity, must delete access keys first.")
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    arn = _policy(iam, name)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    assert code(lambda: iam.delete_user(UserName=name)) == "DeleteConflict"
    iam.detach_user_policy(UserName=name, PolicyArn=arn)
    iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=allow("s3:GetObject"))
    assert code(lambda: iam.delete_user(UserName=name)) == "DeleteConflict"
    iam.delete_user_policy(UserName=name, PolicyName="inline")
    iam.delete_user(UserName=name)


def test_a_policy_goes_only_unattached_and_with_one_version(iam: Any, name: str) -> None:
    arn = _policy(iam, name)
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    attached = ("DeleteConflict", "Cannot delete a policy attached to entities.")
    assert error(lambda: iam.delete_policy(PolicyArn=arn)) == attached
    iam.detach_user_policy(UserName=name, PolicyArn=arn)
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
    assert error(lambda: iam.delete_policy(PolicyArn=arn)) == attached
    iam.delete_user_permissions_boundary(UserName=name)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("s3:PutObject"))
    assert code(lambda: iam.delete_policy(PolicyArn=arn)) == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy(PolicyArn=arn)


def test_attaching_twice_is_attaching_once(iam: Any, name: str) -> None:
    arn = _policy(iam, name)
    iam.create_user(UserName=name)
    for _ in range(2):
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1


def test_an_eleventh_managed_policy_is_refused(iam: Any, name: str) -> None:
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(**ROOT))
    for number in range(10):
        iam.attach_role_policy(RoleName=name, PolicyArn=_policy(iam, f"{name}-{number}"))
    eleventh = _policy(iam, f"{name}-10")
    told = error(lambda: iam.attach_role_policy(RoleName=name, PolicyArn=eleventh))
    assert told == ("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")


@pytest.mark.parametrize(
    "principal",
    [
        "arn:aws:iam::111111111111:user/nobody",
        "arn:aws:iam::222222222222:role/nothing",
        "arn:aws:iam::555555555555:role/in-another-world",
        "arn:aws:iam::111111111111:user/*",
        "not-an-arn",
    ],
)
def test_a_trust_policy_names_only_principals_that_exist(iam: Any, name: str, principal: str) -> None:
    document = trust(AWS=[ROOT["AWS"], principal])
    expected = ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{principal}"')
    assert error(lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)) == expected
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(**ROOT))
    told = error(lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=document))
    assert told == expected


def test_a_trust_policy_may_name_users_roles_accounts_and_services(accounts: Accounts, iam: Any, name: str) -> None:
    user = iam.create_user(UserName=name)["User"]["Arn"]
    session = accounts.client("dev", "sts").get_caller_identity()["Arn"]
    role = accounts.client("dev", "iam").get_role(RoleName=session.split("/")[1])["Role"]["Arn"]
    document = trust(
        AWS=[user, role, session, "222222222222", "arn:aws:iam::555555555555:root"],
        Service="codepipeline.amazonaws.com",
    )
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    assert made["AssumeRolePolicyDocument"] == json.loads(document)


def test_a_trust_policy_that_is_none_is_refused(iam: Any, name: str) -> None:
    for nonsense in ("{", "{}", allow("sts:AssumeRole")):
        made = {"RoleName": name, "AssumeRolePolicyDocument": nonsense}
        assert code(partial(iam.create_role, **made)) == "MalformedPolicyDocument"


def test_boundaries_of_users_and_roles_are_kept_and_told(iam: Any, name: str) -> None:
    arn = _policy(iam, name)
    boundary = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    assert iam.create_user(UserName=name, PermissionsBoundary=arn)["User"]["PermissionsBoundary"] == boundary
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"] == boundary
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(**ROOT), PermissionsBoundary=arn)
    assert iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"] == boundary
    iam.delete_user_permissions_boundary(UserName=name)
    iam.delete_role_permissions_boundary(RoleName=name)
    assert "PermissionsBoundary" not in iam.get_user(UserName=name)["User"]
    assert "PermissionsBoundary" not in iam.get_role(RoleName=name)["Role"]
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"] == boundary


def test_a_boundary_that_does_not_exist_is_refused(iam: Any, name: str) -> None:
    arn = "arn:aws:iam::111111111111:policy/no-such-boundary"
    expected = ("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")
    assert error(lambda: iam.create_user(UserName=name, PermissionsBoundary=arn)) == expected
    document = trust(**ROOT)
    made = {"RoleName": name, "AssumeRolePolicyDocument": document, "PermissionsBoundary": arn}
    assert error(lambda: iam.create_role(**made)) == expected


def test_aws_managed_policies_are_there_when_they_are_named(iam: Any, name: str) -> None:
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com"))
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert attached == [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": arn}]
    wrong = "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole"
    assert code(lambda: iam.attach_role_policy(RoleName=name, PolicyArn=wrong)) == "NoSuchEntity"


def test_a_role_session_has_to_say_which_user_it_means(iam: Any) -> None:
    told = error(iam.get_user)
    assert told == ("ValidationError", "Must specify userName when calling with non-User credentials")


def test_changing_one_property_of_a_role_leaves_the_others(iam: Any, name: str) -> None:
    document = trust(**ROOT)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Description="first", MaxSessionDuration=7200)
    iam.update_role(RoleName=name, MaxSessionDuration=3600)
    found = iam.get_role(RoleName=name)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("first", 3600)


def test_inline_policies_of_a_role_are_limited_together(iam: Any, name: str) -> None:
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(**ROOT))
    half = allow("s3:" + "x" * 6000)
    iam.put_role_policy(RoleName=name, PolicyName="one", PolicyDocument=half)
    iam.put_role_policy(RoleName=name, PolicyName="one", PolicyDocument=half)
    assert code(lambda: iam.put_role_policy(RoleName=name, PolicyName="two", PolicyDocument=half)) == "LimitExceeded"


def test_the_sign_ins_role_is_changed_by_nobody(accounts: Accounts, iam: Any) -> None:
    name = accounts.client("tools", "sts").get_caller_identity()["Arn"].split("/")[1]
    told = error(lambda: iam.delete_role(RoleName=name))
    assert told[0] == "UnmodifiableEntity"
    assert "only modifiable by AWS" in told[1]
    inline = {"RoleName": name, "PolicyName": "x", "PolicyDocument": allow("s3:GetObject")}
    assert code(lambda: iam.put_role_policy(**inline)) == "UnmodifiableEntity"


def test_the_last_use_of_a_key_is_told(accounts: Accounts, iam: Any, name: str) -> None:
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    unused = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert unused["ServiceName"] == "N/A"
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=allow("codepipeline:ListPipelines"))
    accounts.with_credentials(key, "codepipeline").list_pipelines()
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("codepipeline", "eu-west-1")
