"""Denials in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

from crosslane.iam import Layers, PolicyKind, Principal, Request, access_denied_message, decide, parse_policy

ACCOUNT = "123456789012"
JOHN = Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/JohnDoe")
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:x"
ALL: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DENY = {**ALL, "Effect": "Deny"}
OTHER = {**ALL, "Action": "ec2:*"}


def policy(statement: dict[str, Any], kind: PolicyKind = PolicyKind.IDENTITY) -> Any:
    return parse_policy({"Version": "2012-10-17", "Statement": statement}, kind)


def message(layers: Layers, action: str = "codecommit:ListRepositories", resource: str = "*", **more: Any) -> str:
    return access_denied_message(decide(Request(JOHN, action, resource, **more), layers))


START = f"User: arn:aws:iam::{ACCOUNT}:user/JohnDoe is not authorized to perform: codecommit:ListRepositories"
ALLOWING = [policy(ALL)]


@pytest.mark.parametrize(
    ("layers", "rest"),
    [
        (Layers.of(), "because no identity-based policy allows the codecommit:ListRepositories action"),
        (Layers.of([policy(DENY)]), "with an explicit deny in an identity-based policy"),
        (
            Layers.of(ALLOWING, scps=[[policy(OTHER, PolicyKind.SCP)]]),
            "because no service control policy allows the codecommit:ListRepositories action",
        ),
        (
            Layers.of(ALLOWING, scps=[[policy(DENY, PolicyKind.SCP)]]),
            "with an explicit deny in a service control policy",
        ),
        (
            Layers.of(ALLOWING, boundary=[policy(OTHER, PolicyKind.BOUNDARY)]),
            "because no permissions boundary allows the codecommit:ListRepositories action",
        ),
        (
            Layers.of(ALLOWING, vpc_endpoint=[policy({**OTHER, "Principal": "*"}, PolicyKind.VPC_ENDPOINT)]),
            "because no VPC endpoint policy allows the codecommit:ListRepositories action",
        ),
    ],
)
def test_the_layer_that_denies_is_named(layers: Layers, rest: str) -> None:
    assert message(layers) == f"{START} {rest}"


def test_the_resource_is_named_where_there_is_one() -> None:
    found = message(Layers.of(ALLOWING), "secretsmanager:GetSecretValue", SECRET, account="999999999999")
    assert found.endswith(
        f"secretsmanager:GetSecretValue on resource: {SECRET} because no resource-based policy allows the "
        "secretsmanager:GetSecretValue action"
    )


def test_keys_and_roles_name_their_own_policy() -> None:
    assert "because no resource-based policy allows the kms:Decrypt action" in message(
        Layers.of(ALLOWING), "kms:Decrypt", KEY
    )
    assert "because no role trust policy allows the sts:AssumeRole action" in message(
        Layers.of(ALLOWING), "sts:AssumeRole", ROLE
    )


def test_an_anonymous_caller_has_no_arn() -> None:
    decision = decide(Request(Principal.anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", ACCOUNT), Layers.of())
    assert access_denied_message(decision).startswith("User: anonymous is not authorized to perform: s3:GetObject")


def test_what_is_allowed_has_no_message() -> None:
    with pytest.raises(ValueError, match="allowed"):
        access_denied_message(decide(Request(JOHN, "a:B"), Layers.of(ALLOWING)))
