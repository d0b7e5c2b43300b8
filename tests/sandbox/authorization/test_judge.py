"""What a run would have come to with other policies, without running it again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from crosslane.iam import Policy, parse_policy
from crosslane.sandbox.authorization.audit import written
from crosslane.sandbox.authorization.context import Wire
from crosslane.sandbox.authorization.judge import Judgement, again
from crosslane.sandbox.build import Options, Sandbox, build
from crosslane.sandbox.identities import Credentials
from crosslane.sandbox.identity_center.accounts import Member
from crosslane.sandbox.request import Request
from crosslane.sandbox.services import organizations
from tests.sandbox.authorization.conftest import document

TOOLS = "606060606060"
MANAGEMENT = "060606060606"
"""Accounts of this file alone: sandboxes that are built in one process share moto's state."""


@dataclass(frozen=True)
class Heard:
    sandbox: Sandbox
    judgements: list[Judgement]

    def client(self, credentials: Credentials, service: str) -> Any:
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        return session.create_client(
            service,
            region_name="eu-west-1",
            endpoint_url=self.sandbox.server.endpoint,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    """A sandbox in this process, in which the user ``bob`` has listed users and roles."""
    judgements: list[Judgement] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(organizations, "management_account", lambda members: MANAGEMENT)
        sandbox = build(Options([Member("tools", TOOLS, "tools")], "eu-west-1"), listener=judgements.append)
    thread = threading.Thread(target=sandbox.server.serve_forever, daemon=True)
    thread.start()
    found = Heard(sandbox, judgements)
    iam = found.client(sandbox.sign_ins["tools"].credentials, "iam")
    iam.create_user(UserName="bob")
    statements = ({"Action": "iam:ListUsers"}, {"Action": "iam:ListRoles"})
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    bob = found.client(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "iam")
    bob.list_users()
    bob.list_roles()
    yield found
    sandbox.server.shutdown()


def _of_bob(heard: Heard) -> list[Judgement]:
    return [one for one in heard.judgements if one.identity is not None and one.identity.arn.endswith(":user/bob")]


def test_every_decision_is_heard_in_order(heard: Heard) -> None:
    assert [(one.use.action, one.allowed) for one in _of_bob(heard)] == [
        ("iam:ListUsers", True),
        ("iam:ListRoles", True),
    ]


def test_an_audit_line_has_each_condition_key_once_with_the_value_that_was_decided_by(heard: Heard) -> None:
    for one in [*heard.judgements, *(again(one, lambda policy: None) for one in heard.judgements)]:
        text = written(one, datetime.now(UTC))
        told = json.loads(text)
        assert told["context"] == json.loads(json.dumps(one.decision.request.context))
        assert [text.count(f'"{key}":') for key in told["context"]] == [1] * len(told["context"])
        assert (told["decision"], told["reason"]) == (str(one.decision.outcome), one.explanation.reason)


def test_a_run_can_be_decided_again_without_a_statement(heard: Heard) -> None:
    def without_second(policy: Policy) -> Policy:
        whole = json.loads(policy.text or "")
        del whole["Statement"][1]
        return parse_policy(json.dumps(whole), policy.kind, policy.name)

    assert [again(one, without_second).allowed for one in _of_bob(heard)] == [True, False]
    assert [again(one, lambda policy: policy).allowed for one in _of_bob(heard)] == [True, True]
    assert [again(one, lambda policy: None).allowed for one in _of_bob(heard)] == [False, False]


def test_what_is_denied_now_is_said_before_it_is_tried(heard: Heard) -> None:
    (_, listed) = _of_bob(heard)
    judge, now = heard.sandbox.judge, datetime.now(UTC)
    assert judge.expected(listed.request, listed.identity, Wire(), now) is None
    asked = listed.request
    request = Request("iam", "DeleteUser", {"UserName": "bob"}, asked.region, asked.account, asked.caller)
    denied = judge.expected(request, listed.identity, Wire(), now)
    assert denied is not None
    assert denied.use.action == "iam:DeleteUser"
    assert listed.identity is not None
    bob = heard.client(listed.identity.credentials, "iam")
    with pytest.raises(ClientError, match="iam:DeleteUser"):
        bob.delete_user(UserName="bob")
