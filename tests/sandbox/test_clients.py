"""What services inside the sandbox call back with. These tests run a sandbox in this process, with other accounts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from crosslane.sandbox.build import Options, Sandbox, build
from crosslane.sandbox.identities import Credentials, Identity, Kind
from crosslane.sandbox.identity_center.accounts import Member
from crosslane.sandbox.request import ServiceError
from tests.sandbox.conftest import trust

FIRST, SECOND = "999999999990", "888888888880"
REGION = "eu-central-1"
CLOUDFORMATION = "cloudformation.amazonaws.com"


class Clock:
    """The machine's time, moved."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    members = [Member("first", FIRST, "first"), Member("second", SECOND, "second")]
    made = build(Options(members, REGION, seed=11), clock)
    threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def now(clock: Clock) -> Iterator[None]:
    yield
    clock.ahead = timedelta()


def _client(sandbox: Sandbox, identity: Identity, service: str) -> Any:
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    given = identity.credentials
    session.set_credentials(given.access_key, given.secret_key, given.token)
    return session.create_client(service, region_name=REGION, endpoint_url=sandbox.server.endpoint)


def test_a_service_acts_as_its_caller(sandbox: Sandbox) -> None:
    caller = sandbox.sign_ins["first"].caller
    sts = sandbox.clients.as_caller(caller, "sts", REGION, via=CLOUDFORMATION)
    assert sts.get_caller_identity()["Arn"] == caller.arn
    assert sandbox.clients.as_caller(caller, "sts", REGION, via=CLOUDFORMATION) is sts


def test_how_a_call_came_about_is_known(sandbox: Sandbox) -> None:
    caller = sandbox.sign_ins["first"].caller
    sts = sandbox.clients.as_caller(caller, "sts", REGION, via=CLOUDFORMATION)
    acting = sandbox.identities.find(sts._request_signer._credentials.access_key)
    assert acting is not None
    assert acting.via == (CLOUDFORMATION,)
    assert acting.credentials.access_key != caller.access_key


def test_a_service_goes_on_when_its_callers_session_has_expired(sandbox: Sandbox, clock: Clock) -> None:
    caller = sandbox.sign_ins["first"].caller
    clock.ahead = timedelta(hours=13)
    with pytest.raises(ClientError, match="ExpiredToken"):
        _client(sandbox, sandbox.sign_ins["first"], "sts").get_caller_identity()
    sts = sandbox.clients.as_caller(caller, "sts", REGION, via=CLOUDFORMATION)
    assert sts.get_caller_identity()["Arn"] == caller.arn


def test_a_service_acts_with_a_role_of_any_account(sandbox: Sandbox) -> None:
    iam = _client(sandbox, sandbox.sign_ins["second"], "iam")
    document = trust(Service=CLOUDFORMATION)
    arn = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    sts = sandbox.clients.as_role(arn, "AWSCloudFormation", "sts", REGION, via=CLOUDFORMATION)
    told = sts.get_caller_identity()
    assert told["Arn"] == f"arn:aws:sts::{SECOND}:assumed-role/deployer/AWSCloudFormation"


def test_a_role_that_does_not_exist_is_refused(sandbox: Sandbox) -> None:
    arn = f"arn:aws:iam::{SECOND}:role/none"
    with pytest.raises(ServiceError, match="is not authorized to perform: sts:AssumeRole") as refused:
        sandbox.clients.as_role(arn, "AWSCloudFormation", "sts", REGION, via=CLOUDFORMATION)
    assert refused.value.code == "AccessDenied"


def test_a_user_whose_key_is_gone_is_nobodys_caller(sandbox: Sandbox) -> None:
    caller = replace(sandbox.sign_ins["first"].caller, access_key="AKIAAAAAAAAAAAAAAAAA")
    with pytest.raises(ServiceError, match="invalid"):
        sandbox.clients.as_caller(caller, "sts", REGION)


def test_the_root_user_is_told_its_arn_and_assumes_no_role(sandbox: Sandbox) -> None:
    arn = f"arn:aws:iam::{FIRST}:root"
    credentials = Credentials("AKIAROOTROOTROOTROOT", "secret")
    root = sandbox.identities.keep(Identity(Kind.ROOT, FIRST, arn, FIRST, arn, credentials, "root"))
    sts = _client(sandbox, root, "sts")
    told = sts.get_caller_identity()
    assert (told["Arn"], told["UserId"], told["Account"]) == (arn, FIRST, FIRST)
    role = sandbox.sign_ins["first"].principal_arn
    with pytest.raises(ClientError, match="Roles may not be assumed by root accounts"):
        sts.assume_role(RoleArn=role, RoleSessionName="abc")


def test_secrets_are_not_shown_by_values(sandbox: Sandbox) -> None:
    identity = sandbox.sign_ins["first"]
    shown = repr(identity) + repr(sandbox.identities.find(identity.credentials.access_key))
    assert identity.credentials.secret_key not in shown
    assert str(identity.credentials.token) not in shown


def test_a_fault_of_the_sandbox_is_told_and_not_repeated(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(type(sandbox.store), "call", fail)
    with pytest.raises(ClientError) as told:
        _client(sandbox, sandbox.sign_ins["first"], "iam").list_users()
    assert told.value.response["Error"]["Code"] == "SandboxFailure"
    assert told.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_credentials_of_one_partition_do_not_work_in_another(sandbox: Sandbox) -> None:
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    given = sandbox.sign_ins["first"].credentials
    session.set_credentials(given.access_key, given.secret_key, given.token)
    sts: Any = session.create_client("sts", region_name="cn-north-1", endpoint_url=sandbox.server.endpoint)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()
