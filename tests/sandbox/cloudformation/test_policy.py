"""Stack policies on their own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosslane.sandbox.cloudformation.policy import check_policy, denied_by_policy
from crosslane.sandbox.request import ServiceError

ALL: dict[str, Any] = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


def deny(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", **elements}


@pytest.mark.parametrize(
    ("text", "action", "denied"),
    [
        (None, "Update:Modify", False),
        (policy(ALL), "Update:Delete", False),
        (policy(), "Update:Modify", True),
        (policy(ALL, deny(Action="Update:Replace", Resource="LogicalResourceId/Key")), "Update:Replace", True),
        (policy(ALL, deny(Action="Update:Replace", Resource="LogicalResourceId/Key")), "Update:Modify", False),
        (policy(ALL, deny(Action="Update:*", Resource="LogicalResourceId/K*")), "Update:Delete", True),
        (policy(ALL, deny(Action="Update:*", NotResource="LogicalResourceId/Key")), "Update:Delete", False),
        (policy(ALL, deny(NotAction="Update:Modify", Resource="*")), "Update:Delete", True),
        (
            policy(
                ALL,
                deny(Action="Update:*", Resource="*", Condition={"StringLike": {"ResourceType": ["AWS::KMS::*"]}}),
            ),
            "Update:Modify",
            True,
        ),
        (
            policy(
                ALL,
                deny(
                    Action="Update:*", Resource="*", Condition={"StringEquals": {"ResourceType": ["AWS::S3::Bucket"]}}
                ),
            ),
            "Update:Modify",
            False,
        ),
    ],
)
def test_what_a_policy_denies(text: str | None, action: str, denied: bool) -> None:
    assert (denied_by_policy(text, action, "Key", "AWS::KMS::Key") is not None) == denied


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        policy({"Effect": "Allow"}),
        policy(ALL | {"Principal": "me"}),
        policy(ALL | {"Action": "s3:*"}),
        policy(ALL | {"Extra": 1}),
        policy(ALL | {"Effect": "Perhaps"}),
    ],
)
def test_what_is_no_policy(text: str) -> None:
    with pytest.raises(ServiceError) as caught:
        check_policy(text)
    assert caught.value.message == "Error validating stack policy: Invalid stack policy"
