"""Each kind of policy decides, and a denial names the kind, in AWS's words."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.sandbox.authorization.conftest import PLACE, TOOLS, People, document
from tests.sandbox.conftest import Accounts, error, trust

ROLE = f"arn:aws:iam::{TOOLS}:role"


def test_a_user_without_policies_may_ask_who_it_is_and_nothing_else(people: People) -> None:
    user = people.user()
    assert people.client(user, "sts").get_caller_identity()["Account"] == TOOLS
    arn = f"arn:aws:iam::{TOOLS}:user/{people.name}"
    assert error(lambda: people.client(user, "iam").create_user(UserName="eve")) == (
        "AccessDenied",
        f"User: {arn} is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::{TOOLS}:user/eve "
        "because no identity-based policy allows the iam:CreateUser action",
    )
    assert error(lambda: people.client(user, "iam").get_role(RoleName="none")) == (
        "AccessDenied",
        f"User: {arn} is not authorized to perform: iam:GetRole on resource: role none because no identity-based "
        "policy allows the iam:GetRole action",
    )
    assert error(people.client(user, "kms").create_key) == (
        "AccessDeniedException",
        f"User: {arn} is not authorized to perform: kms:CreateKey on resource: * because no identity-based policy "
        "allows the kms:CreateKey action",
    )
    assert error(people.client(user, "codecommit").list_repositories) == (
        "AccessDeniedException",
        f"User: {arn} is not authorized to perform: codecommit:ListRepositories because no identity-based policy "
        "allows the codecommit:ListRepositories action",
    )
    assert error(people.client(user, "sns").list_topics)[0] == "AuthorizationError"
    assert error(people.client(user, "ec2").describe_vpcs)[0] == "UnauthorizedOperation"
    assert error(lambda: people.client(user, "cloudformation").describe_stacks(StackName="x"))[0] == "AccessDenied"


def test_inline_managed_and_group_policies_allow(people: People) -> None:
    iam = people.accounts.client("tools", "iam")
    user = people.user(document({"Action": "iam:ListUsers"}))
    mine = people.client(user, "iam")
    mine.list_users()
    assert error(mine.list_roles)[0] == "AccessDenied"
    managed = people.policy(document({"Action": "iam:ListRoles"}))
    iam.attach_user_policy(UserName=people.name, PolicyArn=managed)
    mine.list_roles()
    assert error(mine.list_groups)[0] == "AccessDenied"
    iam.create_group(GroupName=people.name)
    iam.put_group_policy(GroupName=people.name, PolicyName="p", PolicyDocument=document({"Action": "iam:ListGroups"}))
    iam.add_user_to_group(GroupName=people.name, UserName=people.name)
    mine.list_groups()


def test_a_changed_policy_counts_at_once(people: People) -> None:
    iam = people.accounts.client("tools", "iam")
    managed = people.policy(document({"Action": "iam:ListRoles"}))
    mine = people.client(people.user(), "iam")
    iam.attach_user_policy(UserName=people.name, PolicyArn=managed)
    mine.list_roles()
    iam.create_policy_version(
        PolicyArn=managed, PolicyDocument=document({"Action": "iam:ListUsers"}), SetAsDefault=True
    )
    assert error(mine.list_roles)[0] == "AccessDenied"
    mine.list_users()
    iam.set_default_policy_version(PolicyArn=managed, VersionId="v1")
    mine.list_roles()
    iam.detach_user_policy(UserName=people.name, PolicyArn=managed)
    assert error(mine.list_roles)[0] == "AccessDenied"


def test_an_explicit_deny_wins_and_its_policy_is_named(people: People) -> None:
    denying = people.policy(document({"Effect": "Deny", "Action": "iam:ListRoles"}))
    mine = people.client(people.user(document({"Action": "iam:*"})), "iam")
    people.accounts.client("tools", "iam").attach_user_policy(UserName=people.name, PolicyArn=denying)
    assert error(mine.list_roles)[1].endswith(f"with an explicit deny in an identity-based policy: {denying}")


def test_a_boundary_limits_and_is_named(people: People) -> None:
    both = {"Action": "iam:List*"}
    boundary = people.policy(document(both, {"Effect": "Deny", "Action": "iam:ListUsers"}))
    user = people.user(document({"Action": "*"}), PermissionsBoundary=boundary)
    mine = people.client(user, "iam")
    mine.list_roles()
    assert error(lambda: mine.get_role(RoleName="x"))[1].endswith(
        "because no permissions boundary allows the iam:GetRole action"
    )
    assert error(mine.list_users)[1].endswith(f"with an explicit deny in a permissions boundary: {boundary}")


def test_session_policies_limit_inline_and_by_arn(people: People) -> None:
    role = people.role(document({"Action": "iam:List*"}))
    inline = people.client(people.session(role, Policy=document({"Action": "iam:ListRoles"})), "iam")
    inline.list_roles()
    assert error(inline.list_users)[1].endswith("because no session policy allows the iam:ListUsers action")
    managed = people.policy(document({"Action": "iam:ListUsers"}, {"Effect": "Deny", "Action": "iam:ListGroups"}))
    by_arn = people.client(people.session(role, PolicyArns=[{"arn": managed}]), "iam")
    by_arn.list_users()
    assert error(by_arn.list_roles)[1].endswith("because no session policy allows the iam:ListRoles action")
    assert "with an explicit deny in a session policy" in error(by_arn.list_groups)[1]


def test_a_role_is_assumed_by_whom_it_trusts(people: People) -> None:
    role = people.role(trust=trust(AWS="222222222222"))
    this = {"RoleArn": role, "RoleSessionName": "person"}
    tools, dev = people.accounts.client("tools", "sts"), people.accounts.client("dev", "sts")
    dev.assume_role(**this)
    caller = tools.get_caller_identity()["Arn"]
    assert error(lambda: tools.assume_role(**this)) == (
        "AccessDenied",
        f"User: {caller} is not authorized to perform: sts:AssumeRole because no role trust policy allows the "
        "sts:AssumeRole action",
    )
    denying = {"Effect": "Deny", "Principal": {"AWS": "222222222222"}, "Action": "sts:AssumeRole"}
    allowing = {**denying, "Effect": "Allow"}
    people.accounts.client("tools", "iam").update_assume_role_policy(
        RoleName=people.name, PolicyDocument=document(allowing, denying)
    )
    assert error(lambda: dev.assume_role(**this))[1].endswith("with an explicit deny in the role trust policy")


def test_the_own_side_has_to_allow_assuming_too(people: People) -> None:
    role = people.role(trust=trust(AWS=TOOLS))
    other = People(people.accounts, f"{people.name}-user")
    mine = people.client(other.user(), "sts")
    told = error(lambda: mine.assume_role(RoleArn=role, RoleSessionName="person"))[1]
    assert told.endswith(f"on resource: {role} because no identity-based policy allows the sts:AssumeRole action")


def test_external_id_tags_and_source_identity_are_asked_for(people: People) -> None:
    statement = {"Principal": {"AWS": TOOLS}, "Action": "sts:AssumeRole"}
    external = {"Condition": {"StringEquals": {"sts:ExternalId": "blue"}}}
    role = people.role(trust=document({**statement, **external}))
    sts = people.accounts.client("tools", "sts")
    this = {"RoleArn": role, "RoleSessionName": "person"}
    assert error(lambda: sts.assume_role(**this))[0] == "AccessDenied"
    assert error(lambda: sts.assume_role(**this, ExternalId="red"))[0] == "AccessDenied"
    sts.assume_role(**this, ExternalId="blue")
    tags = {"Tags": [{"Key": "team", "Value": "blue"}]}
    assert "sts:TagSession" in error(lambda: sts.assume_role(**this, ExternalId="blue", **tags))[1]
    both = {**statement, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}
    iam = people.accounts.client("tools", "iam")
    iam.update_assume_role_policy(RoleName=people.name, PolicyDocument=document(both))
    sts.assume_role(**this, **tags, SourceIdentity="person")


def _bucket_policy(bucket: str, **statement: Any) -> str:
    where = f"arn:aws:s3:::{bucket}"
    return document({"Action": "s3:GetObject", "Resource": [where, f"{where}/*"], **statement})


def test_a_bucket_of_another_account_takes_both_sides(people: People, bucket: str) -> None:
    tools, dev = people.accounts.client("tools", "s3"), people.accounts.client("dev", "s3")
    caller = people.accounts.client("dev", "sts").get_caller_identity()["Arn"]
    assert error(lambda: dev.get_object(Bucket=bucket, Key="k")) == (
        "AccessDenied",
        f'User: {caller} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::{bucket}/k" because no '
        "resource-based policy allows the s3:GetObject action",
    )
    tools.put_bucket_policy(Bucket=bucket, Policy=_bucket_policy(bucket, Principal={"AWS": "222222222222"}))
    assert dev.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    role = people.role(account="dev")
    mine = people.client(people.session(role, "dev"), "s3")
    assert "no identity-based policy" in error(lambda: mine.get_object(Bucket=bucket, Key="k"))[1]


def test_a_bucket_policy_lets_a_user_of_the_account_in_by_itself(people: People, bucket: str) -> None:
    user = people.user()
    mine = people.client(user, "s3")
    assert error(lambda: mine.get_object(Bucket=bucket, Key="k"))[0] == "AccessDenied"
    arn = f"arn:aws:iam::{TOOLS}:user/{people.name}"
    tools = people.accounts.client("tools", "s3")
    tools.put_bucket_policy(Bucket=bucket, Policy=_bucket_policy(bucket, Principal={"AWS": arn}))
    mine.get_object(Bucket=bucket, Key="k")
    denied = _bucket_policy(bucket, Effect="Deny", Principal={"AWS": arn})
    tools.put_bucket_policy(Bucket=bucket, Policy=denied)
    told = error(lambda: mine.get_object(Bucket=bucket, Key="k"))[1]
    assert told.endswith("with an explicit deny in a resource-based policy")


def test_missing_objects_look_forbidden_to_who_may_not_list(people: People, bucket: str) -> None:
    mine = people.client(people.user(document({"Action": "s3:GetObject"})), "s3")
    assert "s3:ListBucket" in error(lambda: mine.get_object(Bucket=bucket, Key="none"))[1]
    people.accounts.client("tools", "iam").put_user_policy(
        UserName=people.name, PolicyName="list", PolicyDocument=document({"Action": "s3:ListBucket"})
    )
    assert error(lambda: mine.get_object(Bucket=bucket, Key="none"))[0] == "NoSuchKey"


def _status(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return int(refused.code)


def test_anonymous_requests_need_a_public_policy_and_no_block(accounts: Accounts, bucket: str) -> None:
    s3 = accounts.client("tools", "s3")
    url = f"{accounts.running.endpoint}/{bucket}/k"
    assert _status(url) == 403
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=_bucket_policy(bucket, Principal="*"))
    assert _status(url) == 200
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**block, "RestrictPublicBuckets": True})
    assert _status(url) == 403
    dev = accounts.client("dev", "s3")
    assert "public access" in error(lambda: dev.get_object(Bucket=bucket, Key="k"))[1]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


def test_a_public_policy_is_not_taken_where_such_are_blocked(accounts: Accounts, bucket: str) -> None:
    s3 = accounts.client("tools", "s3")
    told = error(lambda: s3.put_bucket_policy(Bucket=bucket, Policy=_bucket_policy(bucket, Principal="*")))
    assert told[0] == "AccessDenied"
    assert told[1].endswith("because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public "
                            "Access.")  # fmt: skip


def test_a_rule_for_tls_alone_refuses_plain_requests(accounts: Accounts, bucket: str) -> None:
    s3 = accounts.client("tools", "s3")
    url = f"{accounts.running.endpoint}/{bucket}/k"
    public = json.loads(_bucket_policy(bucket, Principal="*"))["Statement"][0]
    plain = {**public, "Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=document(public, plain))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    assert _status(url) == 403
    assert _status(url, **{"X-Forwarded-Proto": "https"}) == 200
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    assert _status(signed) == 200
    assert _status(signed, **{"X-Forwarded-Proto": "http"}) == 403


def test_a_key_policy_decides_alone(people: People) -> None:
    kms, dev = people.accounts.client("tools", "kms"), people.accounts.client("dev", "kms")
    user = f"arn:aws:iam::{TOOLS}:user/{people.name}"
    mine = people.client(people.user(document({"Action": "kms:*"})), "kms")
    admin = {"Principal": {"AWS": f"arn:aws:iam::{TOOLS}:root"}, "Action": "kms:*", "Resource": "*"}
    key = kms.create_key(Policy=document(admin))["KeyMetadata"]["Arn"]
    mine.encrypt(KeyId=key, Plaintext=b"x")
    arn = people.accounts.client("dev", "sts").get_caller_identity()["Arn"]
    assert error(lambda: dev.encrypt(KeyId=key, Plaintext=b"x")) == (
        "AccessDeniedException",
        f"User: {arn} is not authorized to perform: kms:Encrypt on this resource because the resource does not exist "
        "in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
    )
    admin_alone = {**admin, "Principal": {"AWS": people.accounts.client("tools", "sts").get_caller_identity()["Arn"]}}
    kms.put_key_policy(KeyId=key, Policy=document(admin_alone))
    assert error(lambda: mine.encrypt(KeyId=key, Plaintext=b"x")) == (
        "AccessDeniedException",
        f"User: {user} is not authorized to perform: kms:Encrypt on resource: {key} because no resource-based policy "
        "allows the kms:Encrypt action",
    )
    assert error(lambda: mine.encrypt(KeyId=key.replace("key/", "key/0"), Plaintext=b"x"))[0] == "NotFoundException"


@pytest.fixture(scope="module")
def organization(own_accounts: Accounts) -> Any:
    client = own_accounts.client("organization-management", "organizations")
    root = client.list_roots()["Roots"][0]["Id"]
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        client.enable_policy_type(RootId=root, PolicyType=kind)
    return client


def _attached(client: Any, kind: str, content: str, target: str) -> str:
    made = client.create_policy(Name=f"p-{target}-{hash(content)}", Description="", Type=kind, Content=content)
    identifier = str(made["Policy"]["PolicySummary"]["Id"])
    client.attach_policy(PolicyId=identifier, TargetId=target)
    return identifier


def test_service_control_policies_bind_the_members_below_them(own_accounts: Accounts, organization: Any) -> None:
    dev, test = own_accounts.client("dev", "iam"), own_accounts.client("test", "iam")
    root = organization.list_roots()["Roots"][0]["Id"]
    unit = organization.create_organizational_unit(ParentId=root, Name="deny")["OrganizationalUnit"]["Id"]
    organization.move_account(AccountId="222222222222", SourceParentId=root, DestinationParentId=unit)
    content = document({"Effect": "Deny", "Action": "iam:ListUsers"})
    scp = _attached(organization, "SERVICE_CONTROL_POLICY", content, unit)
    told = error(dev.list_users)[1]
    assert "with an explicit deny in a service control policy: arn:aws:organizations::" in told
    assert told.endswith(f"/service_control_policy/{scp}")
    test.list_users()
    organization.detach_policy(PolicyId=scp, TargetId=unit)
    dev.list_users()
    allow_s3 = _attached(organization, "SERVICE_CONTROL_POLICY", document({"Action": "s3:*"}), unit)
    organization.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    assert error(dev.list_users)[1].endswith("because no service control policy allows the iam:ListUsers action")
    own_accounts.client("dev", "s3").list_buckets()
    organization.attach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    organization.detach_policy(PolicyId=allow_s3, TargetId=unit)


def test_resource_control_policies_protect_resources_from_everybody(own_accounts: Accounts, organization: Any) -> None:
    s3 = own_accounts.client("test", "s3")
    s3.create_bucket(Bucket="guarded", **PLACE)
    s3.put_object(Bucket="guarded", Key="k", Body=b"1")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    rcp = _attached(organization, "RESOURCE_CONTROL_POLICY", document(statement), "333333333333")
    assert (
        "with an explicit deny in a resource control policy"
        in error(lambda: s3.get_object(Bucket="guarded", Key="k"))[1]
    )
    organization.detach_policy(PolicyId=rcp, TargetId="333333333333")
    s3.get_object(Bucket="guarded", Key="k")


def test_the_management_account_is_not_bound(own_accounts: Accounts, organization: Any) -> None:
    root = organization.list_roots()["Roots"][0]["Id"]
    scp = _attached(organization, "SERVICE_CONTROL_POLICY", document({"Effect": "Deny", "Action": "iam:Get*"}), root)
    own_accounts.client("organization-management", "iam").get_account_summary()
    assert error(own_accounts.client("prod", "iam").get_account_summary)[0] == "AccessDenied"
    organization.detach_policy(PolicyId=scp, TargetId=root)
