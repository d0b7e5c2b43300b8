"""Who the callers are, and which sessions they get."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import IDS, Accounts, allow, attached, code, error, trust


@pytest.mark.parametrize("account", list(IDS))
def test_starting_credentials_are_a_session_of_the_sign_ins_role(accounts: Accounts, account: str) -> None:
    who = accounts.client(account, "sts").get_caller_identity()
    role = "AWSReservedSSO_AdministratorAccess_"
    assert who["Account"] == IDS[account]
    assert who["Arn"].startswith(f"arn:aws:sts::{IDS[account]}:assumed-role/{role}")
    name = who["Arn"].split("/")[1]
    found = accounts.client(account, "iam").get_role(RoleName=name)["Role"]
    assert found["Path"] == "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    assert who["UserId"] == f"{found['RoleId']}:{who['Arn'].split('/')[2]}"
    assert len(name.removeprefix(role)) == 16


def test_role_names_depend_on_the_seed_and_nothing_else(accounts: Accounts, tmp_path: Path) -> None:
    def arn(found: Accounts) -> str:
        return str(found.client("tools", "sts").get_caller_identity()["Arn"])

    with attached(tmp_path, seed=0) as same, attached(tmp_path, seed=8) as other:
        assert arn(same) == arn(accounts)
        assert arn(other) != arn(accounts)


def test_a_user_is_told_its_own_arn(accounts: Accounts, name: str) -> None:
    iam = accounts.client("tools", "iam")
    user = iam.create_user(UserName=name, Path="/people/")["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    who = accounts.with_credentials(key, "sts").get_caller_identity()
    assert (who["Arn"], who["UserId"]) == (f"arn:aws:iam::111111111111:user/people/{name}", user["UserId"])
    assert user["UserId"].startswith("AIDA")


def _role(accounts: Accounts, account: str, name: str, **more: Any) -> str:
    iam = accounts.client(account, "iam")
    root = {"AWS": "arn:aws:iam::111111111111:root"}
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(**root), **more)["Role"]["Arn"])


def _user_sts(accounts: Accounts, name: str) -> Any:
    iam = accounts.client("tools", "iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=allow("sts:AssumeRole"))
    return accounts.with_credentials(iam.create_access_key(UserName=name)["AccessKey"], "sts")


def test_an_assumed_role_acts_in_its_own_account(accounts: Accounts, name: str) -> None:
    arn = _role(accounts, "dev", name, Path="/x/")
    got = accounts.client("tools", "sts").assume_role(RoleArn=arn, RoleSessionName="AWSCLI-Session")
    session = f"arn:aws:sts::222222222222:assumed-role/{name}/AWSCLI-Session"
    assert got["AssumedRoleUser"]["Arn"] == session
    assert accounts.with_credentials(got["Credentials"], "sts").get_caller_identity()["Arn"] == session
    inline = {"RoleName": name, "PolicyName": "p", "PolicyDocument": allow("iam:CreateUser")}
    accounts.client("dev", "iam").put_role_policy(**inline)
    accounts.with_credentials(got["Credentials"], "iam").create_user(UserName=name)
    users = [user["UserName"] for user in accounts.client("dev", "iam").list_users()["Users"]]
    assert name in users


def test_a_role_that_does_not_exist_cannot_be_assumed(accounts: Accounts) -> None:
    sts = accounts.client("tools", "sts")
    arn = "arn:aws:iam::222222222222:role/none"
    told = error(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="abc"))
    caller = sts.get_caller_identity()["Arn"]
    assert told == ("AccessDenied", f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}")


def test_chained_roles_last_an_hour_at_most_and_longer_fails(accounts: Accounts, name: str) -> None:
    arn = _role(accounts, "tools", name, MaxSessionDuration=43200)
    sts = accounts.client("tools", "sts")
    told = error(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="abc", DurationSeconds=3601))
    assert told[0] == "ValidationError"
    assert "1 hour session limit for roles assumed by role chaining" in told[1]
    sts.assume_role(RoleArn=arn, RoleSessionName="abc", DurationSeconds=3600)


def test_a_user_gets_as_long_as_the_role_allows_and_no_longer(accounts: Accounts, name: str) -> None:
    arn = _role(accounts, "tools", name, MaxSessionDuration=7200)
    sts = _user_sts(accounts, name)
    got = sts.assume_role(RoleArn=arn, RoleSessionName="abc", DurationSeconds=7200)
    lasts = got["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=7100) < lasts <= timedelta(seconds=7201)
    told = error(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="abc", DurationSeconds=7201))
    assert told == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


def test_a_session_policy_and_a_role_have_to_be_well_formed(accounts: Accounts, name: str) -> None:
    arn = _role(accounts, "tools", name)
    sts = accounts.client("tools", "sts")
    told = error(lambda: sts.assume_role(RoleArn="arn:aws:iam::111111111111:user/abc", RoleSessionName="abc"))
    assert told == ("ValidationError", "arn:aws:iam::111111111111:user/abc is invalid")
    this = {"RoleArn": arn, "RoleSessionName": "abc"}
    assert code(lambda: sts.assume_role(**this, Policy="{")) == "MalformedPolicyDocument"
    sts.assume_role(**this, Policy=allow("s3:GetObject"))


def test_a_bad_session_name_is_refused(accounts: Accounts, name: str) -> None:
    arn = _role(accounts, "tools", name)
    told = error(lambda: accounts.client("tools", "sts").assume_role(RoleArn=arn, RoleSessionName="a b"))
    assert told[0] == "ValidationError"
    assert "roleSessionName" in told[1]


@pytest.mark.parametrize(
    ("service", "call", "expected"),
    [
        ("sts", "get_caller_identity", "ExpiredToken"),
        ("iam", "list_users", "ExpiredToken"),
        ("cloudformation", "list_stacks", "ExpiredToken"),
        ("s3", "list_buckets", "ExpiredToken"),
        ("kms", "list_keys", "ExpiredTokenException"),
        ("lambda", "list_functions", "ExpiredTokenException"),
        ("ec2", "describe_vpcs", "RequestExpired"),
    ],
)
def test_expired_credentials_say_so_in_each_services_words(
    moved: tuple[Accounts, Path], service: str, call: str, expected: str
) -> None:
    accounts, clock = moved
    clock.write_text("0")
    accounts.client("tools", "sts").get_caller_identity()
    clock.write_text(str(12 * 3600 + 1))
    assert code(getattr(accounts.client("tools", service), call)) == expected


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("clock")
    clock = folder / "clock"
    clock.write_text("0")
    with attached(folder, clock_file=clock) as found:
        yield found, clock


def test_keys_that_are_inactive_or_deleted_do_not_work(accounts: Accounts, name: str) -> None:
    iam = accounts.client("tools", "iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    sts = accounts.with_credentials(key, "sts")
    this = {"UserName": name, "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(**this, Status="Inactive")
    assert code(sts.get_caller_identity) == "InvalidClientTokenId"
    iam.update_access_key(**this, Status="Active")
    sts.get_caller_identity()
    iam.delete_access_key(**this)
    assert code(sts.get_caller_identity) == "InvalidClientTokenId"


def test_a_renamed_user_keeps_its_keys(accounts: Accounts, name: str) -> None:
    iam = accounts.client("tools", "iam")
    iam.create_user(UserName=name)
    sts = accounts.with_credentials(iam.create_access_key(UserName=name)["AccessKey"], "sts")
    iam.update_user(UserName=name, NewUserName=f"{name}-renamed")
    assert sts.get_caller_identity()["Arn"].endswith(f":user/{name}-renamed")


def test_sessions_end_with_their_role_even_if_it_is_made_again(accounts: Accounts, name: str) -> None:
    arn = _role(accounts, "tools", name)
    got = accounts.client("tools", "sts").assume_role(RoleArn=arn, RoleSessionName="abc")
    sts = accounts.with_credentials(got["Credentials"], "sts")
    sts.get_caller_identity()
    accounts.client("tools", "iam").delete_role(RoleName=name)
    assert code(sts.get_caller_identity) == "InvalidClientTokenId"
    _role(accounts, "tools", name)
    assert code(sts.get_caller_identity) == "InvalidClientTokenId"
