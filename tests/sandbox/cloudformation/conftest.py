"""A real sandbox in this process, and its CloudFormation as ordinary clients see it."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from crosslane.sandbox.build import Options, Sandbox, build
from crosslane.sandbox.cloudformation import engine
from crosslane.sandbox.cloudformation.engine import Engine
from crosslane.sandbox.cloudformation.session import Clients
from crosslane.sandbox.identity_center.accounts import Member

REGION = "eu-west-1"
ACCOUNT = "111111111111"
OTHER = "222222222222"
SLOW = 0.6
"""Seconds that a wait condition handle takes: the slow resource of these tests, longer than DescribeStacks waits."""
TRUSTED = [f"{service}.amazonaws.com" for service in ("ec2", "codebuild", "codepipeline")]
_numbers = itertools.count(1)
_free = threading.Event()
_free.set()


def _settle(type_name: str, act: str) -> None:
    if type_name == "AWS::CloudFormation::WaitConditionHandle" and act == "create" and _free.wait(60):
        time.sleep(SLOW)


@contextmanager
def held() -> Iterator[None]:
    """Meanwhile the slow resource takes as long as the context."""
    _free.clear()
    try:
        yield
    finally:
        _free.set()


class _Tested(Engine):
    """The engine with a slow resource type, and with the waiting of DescribeStacks that people get by default."""

    def __init__(self, clients: Clients, clock: Callable[[], datetime], **_: Any) -> None:
        super().__init__(clients, clock, settle=_settle)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    members = [Member("tools", ACCOUNT, "tools"), Member("dev", OTHER, "dev")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "Engine", _Tested)
        made = build(Options(members, REGION))
        thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield made
        made.server.shutdown()


@dataclass
class Aws:
    """Clients of one account's administrator, and the few acts that most tests repeat."""

    sandbox: Sandbox
    account: str = "tools"
    region: str = REGION
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            credentials = self.sandbox.sign_ins[self.account].credentials
            session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
            session.set_credentials(credentials.access_key, credentials.secret_key, credentials.token)
            self.clients[service] = session.create_client(
                service, region_name=self.region, endpoint_url=self.sandbox.server.endpoint
            )
        return self.clients[service]

    @property
    def cfn(self) -> Any:
        return self.client("cloudformation")

    def create(self, name: str, template: Mapping[str, Any] | str, **given: Any) -> dict[str, Any]:
        """Create a stack and wait for its end; the stack as described then."""
        given.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        stack_id = self.cfn.create_stack(StackName=name, TemplateBody=text(template), **given)["StackId"]
        return self.wait(stack_id)

    def update(self, name: str, template: Mapping[str, Any] | str | None = None, **given: Any) -> dict[str, Any]:
        given.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        body = {"UsePreviousTemplate": True} if template is None else {"TemplateBody": text(template)}
        return self.wait(self.cfn.update_stack(StackName=name, **body, **given)["StackId"])

    def delete(self, name: str, **given: Any) -> dict[str, Any]:
        stack_id = self.stack(name)["StackId"]
        self.cfn.delete_stack(StackName=name, **given)
        return self.wait(stack_id)

    def stack(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cfn.describe_stacks(StackName=name)["Stacks"][0]
        return found

    def wait(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = wait_for(
            lambda: self.stack(name), lambda stack: not stack["StackStatus"].endswith("_IN_PROGRESS")
        )
        return found

    def events(self, name: str) -> list[dict[str, Any]]:
        """All events, oldest first."""
        pages = self.cfn.get_paginator("describe_stack_events").paginate(StackName=name)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def lines(self, name: str) -> list[str]:
        """``LogicalId STATUS`` of all events, oldest first."""
        return [f"{event['LogicalResourceId']} {event['ResourceStatus']}" for event in self.events(name)]

    def reason(self, name: str, logical_id: str, status: str) -> str:
        for event in self.events(name):
            if (event["LogicalResourceId"], event["ResourceStatus"]) == (logical_id, status):
                return str(event.get("ResourceStatusReason", ""))
        raise AssertionError(f"no event {logical_id} {status} in {self.lines(name)}")

    def resources(self, name: str) -> dict[str, str]:
        """Physical ids by logical id."""
        found = self.cfn.describe_stack_resources(StackName=name)["StackResources"]
        return {item["LogicalResourceId"]: item.get("PhysicalResourceId", "") for item in found}

    def outputs(self, name: str) -> dict[str, str]:
        return {item["OutputKey"]: item["OutputValue"] for item in self.stack(name).get("Outputs", [])}


def wait_for(look: Callable[[], Any], done: Callable[[Any], bool], seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not done(found := look()):
        assert time.monotonic() < until, found
        time.sleep(0.01)
    return found


def text(template: Mapping[str, Any] | str) -> str:
    return template if isinstance(template, str) else json.dumps(template)


@pytest.fixture(scope="session")
def aws(sandbox: Sandbox) -> Aws:
    return Aws(sandbox)


@pytest.fixture(scope="session")
def other(sandbox: Sandbox) -> Aws:
    return Aws(sandbox, "dev")


@pytest.fixture
def name() -> str:
    """A stack name that no other test uses."""
    return f"stack-{next(_numbers)}"


def role(**properties: Any) -> dict[str, Any]:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": TRUSTED}, "Action": "sts:AssumeRole"}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **properties}}


def slow(*after: str) -> dict[str, Any]:
    """A resource that takes ``SLOW`` seconds."""
    return {"Type": "AWS::CloudFormation::WaitConditionHandle", "DependsOn": list(after)}


def broken(*after: str) -> dict[str, Any]:
    """A resource whose creation fails: there is no such role."""
    properties = {"RoleName": "no-such-role", "PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17"}}
    return {"Type": "AWS::IAM::RolePolicy", "DependsOn": list(after), "Properties": properties}


def stack_of(**resources: Any) -> dict[str, Any]:
    """A template of these resources."""
    return {"Resources": resources}


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    """Code and message of the ClientError that the call raises."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def bucket(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": properties}
