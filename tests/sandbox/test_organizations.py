"""One organization over all accounts."""

from __future__ import annotations

import pytest

from crosslane.sandbox.lifecycle import MANAGEMENT_PROFILE
from tests.sandbox.conftest import IDS, Accounts, code


@pytest.mark.parametrize("account", list(IDS))
def test_every_account_is_told_the_same_organization(accounts: Accounts, account: str) -> None:
    found = accounts.client(account, "organizations").describe_organization()["Organization"]
    owner = accounts.client("tools", "organizations").describe_organization()["Organization"]
    assert found == owner
    assert found["Id"].startswith("o-")
    assert found["MasterAccountId"] not in IDS.values()


def test_the_tools_account_lists_all_and_other_members_may_not(accounts: Accounts) -> None:
    listed = accounts.client("tools", "organizations").list_accounts()["Accounts"]
    assert {one["Id"]: one["Name"] for one in listed}.items() >= {digits: name for name, digits in IDS.items()}.items()
    dev = accounts.client("dev", "organizations")
    assert code(dev.list_accounts) == "AccessDeniedException"


def test_only_the_management_account_changes_the_organization(accounts: Accounts, name: str) -> None:
    root = accounts.client("tools", "organizations").list_roots()["Roots"][0]["Id"]
    unit = {"ParentId": root, "Name": name}
    tools = accounts.client("tools", "organizations")
    assert code(lambda: tools.create_organizational_unit(**unit)) == "AccessDeniedException"
    management = accounts.client(MANAGEMENT_PROFILE, "organizations")
    made = management.create_organizational_unit(**unit)["OrganizationalUnit"]
    assert made["Name"] == name


def test_new_accounts_hold_the_sign_ins_role_and_nothing_else(accounts: Accounts) -> None:
    for account in ("test", "prod"):
        iam = accounts.client(account, "iam")
        assert [role["RoleName"].split("_")[0] for role in iam.list_roles()["Roles"]] == ["AWSReservedSSO"]
        assert iam.list_users()["Users"] == []
        assert iam.list_policies(Scope="Local")["Policies"] == []


def test_a_control_policy_is_attached_once_its_type_is_enabled_and_the_last_one_stays(
    accounts: Accounts, name: str
) -> None:
    client = accounts.client(MANAGEMENT_PROFILE, "organizations")
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
    opt_out = {"Content": "{}", "Description": "", "Name": name, "Type": "AISERVICES_OPT_OUT_POLICY"}
    made = client.create_policy(**opt_out)["Policy"]["PolicySummary"]["Id"]
    assert code(lambda: client.attach_policy(PolicyId=made, TargetId=unit)) == "PolicyTypeNotEnabledException"
    assert code(lambda: client.detach_policy(PolicyId=made, TargetId=unit)) == "PolicyNotAttachedException"

    if not any(one["Type"] == "SERVICE_CONTROL_POLICY" for one in client.list_roots()["Roots"][0]["PolicyTypes"]):
        client.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    full = {"PolicyId": "p-FullAWSAccess", "TargetId": unit}
    assert code(lambda: client.attach_policy(**full)) == "DuplicatePolicyAttachmentException"
    assert code(lambda: client.detach_policy(**full)) == "ConstraintViolationException"
