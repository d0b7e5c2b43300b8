"""Principals and requests as callers make them."""

from __future__ import annotations

import pytest

from crosslane.iam import Layers, Outcome, Principal, PrincipalError, PrincipalKind, Request, decide, parse_policy
from crosslane.iam.layers import LAYERS
from crosslane.iam.request import ContextValue

ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/app"


def test_a_session_carries_the_keys_of_its_role() -> None:
    principal = Principal.session(ROLE, "build", "AROAEXAMPLE:build")
    assert principal.name == f"arn:aws:sts::{ACCOUNT}:assumed-role/app/build"
    assert principal.context(ROLE) == {
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalArn": ROLE,
        "aws:userid": "AROAEXAMPLE:build",
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/people/bob", PrincipalKind.USER),
        (f"arn:aws:iam::{ACCOUNT}:root", PrincipalKind.ROOT),
        (ROLE, PrincipalKind.ROLE),
        (f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/app/s", PrincipalKind.ROLE_SESSION),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/carl", PrincipalKind.FEDERATED_USER),
        (f"arn:aws:iam::{ACCOUNT}:saml-provider/idp", PrincipalKind.IDENTITY_PROVIDER),
        ("lambda.amazonaws.com", PrincipalKind.SERVICE),
    ],
)
def test_principals_are_told_apart(text: str, kind: PrincipalKind) -> None:
    assert Principal.parse(text).kind is kind


@pytest.mark.parametrize(
    "text", ["", "bob", f"arn:aws:iam::{ACCOUNT}:group/g", "arn:aws:iam::1:user/x", "arn:aws:s3:::b"]
)
def test_what_signs_no_request_is_refused(text: str) -> None:
    with pytest.raises(PrincipalError):
        Principal.parse(text)


def test_a_user_s_name_is_without_its_path() -> None:
    assert Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/people/bob").context()["aws:username"] == "bob"


def test_services_and_anonymous_callers_have_no_account() -> None:
    assert Principal.service("lambda.amazonaws.com").context() == {
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": "lambda.amazonaws.com",
    }
    assert Principal.anonymous().account is None


def test_the_owner_is_taken_from_the_arn_or_else_is_the_principal_s_account() -> None:
    bob = Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/bob")
    assert Request(bob, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:222222222222:q").account == "222222222222"
    assert Request(bob, "s3:GetObject", "arn:aws:s3:::b/k").account == ACCOUNT
    assert Request(bob, "s3:GetObject", "arn:aws:s3:::b/k", "333333333333").account == "333333333333"


def test_given_keys_win_over_added_ones_whatever_their_case() -> None:
    bob = Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/bob")
    request = Request.of(bob, "s3:GetObject", "arn:aws:s3:::b/k", context={"AWS:username": "eve"})
    assert request.folded()["aws:username"] == "eve"
    assert request.folded()["aws:resourceaccount"] == ACCOUNT


def test_values_need_not_be_texts() -> None:
    bob = Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/bob")
    policy = parse_policy(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "*",
                "Resource": "*",
                "Condition": {
                    "Bool": {"aws:SecureTransport": True},
                    "NumericLessThan": {"s3:max-keys": 10},
                    "ForAllValues:StringEquals": {"aws:TagKeys": ["a"]},
                },
            },
        }
    )
    context: dict[str, ContextValue] = {"aws:SecureTransport": True, "s3:max-keys": 9, "aws:TagKeys": ("a",)}
    request = Request(bob, "s3:ListBucket", "arn:aws:s3:::b", context=context)
    assert decide(request, Layers.of([policy])).outcome is Outcome.ALLOWED


def test_only_layers_with_policies_have_a_say() -> None:
    bob = Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/bob")
    decision = decide(Request(bob, "s3:GetObject", "arn:aws:s3:::b/k"), Layers.of())
    assert decision.layers == {"identity": Outcome.IMPLICIT_DENY}
    assert len(decision.results) == len(LAYERS)
    assert not decision.allowed


def test_remembered_actions_do_not_grow_without_bound() -> None:
    bob = Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/bob")
    allow = parse_policy({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    layers = Layers.of([allow])
    for number in range(2_000):
        assert decide(Request(bob, f"s3:Action{number}", "arn:aws:s3:::b"), layers).allowed
    assert len(layers.identity.by_action) <= 256
