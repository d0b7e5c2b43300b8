"""People with few rights, and what they try."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import Accounts, attached, trust

PLACE = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
TOOLS = "111111111111"


def document(*statements: dict[str, Any]) -> str:
    """A policy of these statements; ``Effect`` is Allow and ``Resource`` is * where they do not say."""
    whole = [{"Effect": "Allow", **({} if "Principal" in one else {"Resource": "*"}), **one} for one in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": whole})


@dataclass(frozen=True)
class People:
    """Makes users and role sessions in an account, with the policies that a test gives them."""

    accounts: Accounts
    name: str

    def user(self, policy: str | None = None, **more: Any) -> dict[str, str]:
        """A user's keys."""
        iam = self.accounts.client("tools", "iam")
        iam.create_user(UserName=self.name, **more)
        if policy is not None:
            iam.put_user_policy(UserName=self.name, PolicyName="inline", PolicyDocument=policy)
        key: dict[str, str] = iam.create_access_key(UserName=self.name)["AccessKey"]
        return key

    def role(self, policy: str | None = None, account: str = "tools", **more: Any) -> str:
        """A role that its account's principals may assume; its ARN."""
        iam = self.accounts.client(account, "iam")
        document = more.pop("trust", trust(AWS="*"))
        arn = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=document, **more)["Role"]["Arn"]
        if policy is not None:
            iam.put_role_policy(RoleName=self.name, PolicyName="inline", PolicyDocument=policy)
        return str(arn)

    def session(self, role: str, account: str = "tools", **more: Any) -> dict[str, str]:
        """Credentials of a session of the role, assumed by the account's administrator."""
        sts = self.accounts.client(account, "sts")
        told: dict[str, str] = sts.assume_role(RoleArn=role, RoleSessionName="person", **more)["Credentials"]
        return told

    def client(self, credentials: dict[str, str], service: str) -> Any:
        return self.accounts.with_credentials(credentials, service)

    def policy(self, document: str, name: str | None = None) -> str:
        """A managed policy; its ARN."""
        iam = self.accounts.client("tools", "iam")
        return str(iam.create_policy(PolicyName=name or self.name, PolicyDocument=document)["Policy"]["Arn"])


@pytest.fixture
def people(accounts: Accounts, name: str) -> People:
    return People(accounts, name)


@pytest.fixture
def bucket(accounts: Accounts, name: str) -> str:
    """A bucket of the tools account with the object ``k``."""
    s3 = accounts.client("tools", "s3")
    s3.create_bucket(Bucket=name, **PLACE)
    s3.put_object(Bucket=name, Key="k", Body=b"1")
    return name


@pytest.fixture(scope="module")
def own_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    """A sandbox for tests that change the organization."""
    folder: Path = tmp_path_factory.mktemp("organization")
    with attached(folder) as found:
        yield found


Call = Callable[[], Any]
