"""Questions over many principals or actions, and subjects from an account's authorization details."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any
from urllib.parse import quote

import pytest

from crosslane.iam import Layers, PolicyKind, Principal, Subject, Target, ask, parse_policy, what_can, who_can
from crosslane.iam.account import DetailsError, subjects_of
from crosslane.iam.problem import PolicyError

ACCOUNT = "111111111111"
OBJECT = "arn:aws:s3:::bucket/key"


def document(action: Any, resource: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource, **more}]}


def subject(name: str, action: str) -> Subject:
    return Subject(Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/{name}"), Layers.of([parse_policy(document(action))]))


def test_who_can_names_those_whose_policies_allow() -> None:
    subjects = [subject("reader", "s3:Get*"), subject("writer", "s3:Put*"), subject("admin", "*")]
    found = [one.request.principal.name for one in who_can("s3:GetObject", Target(OBJECT), subjects)]
    assert found == [f"arn:aws:iam::{ACCOUNT}:user/reader", f"arn:aws:iam::{ACCOUNT}:user/admin"]


def test_who_can_counts_the_resource_s_own_policy() -> None:
    bucket = parse_policy(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                 "Condition": {"StringNotEquals": {"aws:username": "writer"}}},
                {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/writer"}, "Action": "s3:*",
                 "Resource": "*"},
            ],
        },
        PolicyKind.RESOURCE,
    )  # fmt: skip
    subjects = [subject("writer", "ec2:*"), subject("admin", "*")]
    (found,) = who_can("s3:GetObject", Target.of(OBJECT, policy=bucket), subjects)
    assert found.request.principal.name.endswith("/writer")


def test_what_can_lists_the_actions_of_the_resource_s_service() -> None:
    reader = subject("reader", "s3:GetObject*")
    found = {one.request.name for one in what_can(reader, Target(OBJECT))}
    assert "s3:GetObject" in found and "s3:GetObjectTagging" in found
    assert not any("Put" in action for action in found)


def test_what_can_takes_the_subject_s_own_actions_where_no_resource_is_named() -> None:
    keys = subject("keys", "kms:List*")
    assert "kms:ListKeys" in {one.request.name for one in what_can(keys, Target())}


def test_what_can_asks_the_actions_given() -> None:
    admin = subject("admin", "*")
    assert [one.request.name for one in what_can(admin, Target(), ["a:B", "c:D"])] == ["a:B", "c:D"]


def test_asking_again_changes_nothing() -> None:
    reader = subject("reader", "s3:Get*")
    assert ask(reader, "s3:GetObject", Target(OBJECT)).allowed
    assert not ask(reader, "s3:PutObject", Target(OBJECT)).allowed
    assert ask(reader, "s3:GetObject", Target(OBJECT)).allowed


DETAILS: dict[str, Any] = {
    "UserDetailList": [
        {
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/bob",
            "UserId": "AIDABOB",
            "GroupList": ["readers"],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": document("sqs:*")}],
            "AttachedManagedPolicies": [],
            "Tags": [{"Key": "team", "Value": "red"}],
        },
        {
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/eve",
            "UserId": "AIDAEVE",
            "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/All"}],
            "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/Queues"},
        },
    ],
    "GroupDetailList": [
        {
            "GroupName": "readers",
            "GroupPolicyList": [
                {
                    "PolicyName": "read",
                    "PolicyDocument": document(
                        "s3:GetObject", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}
                    ),
                }
            ],
            "AttachedManagedPolicies": [],
        }
    ],
    "RoleDetailList": [
        {
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/ci/build",
            "RoleId": "AROABUILD",
            "RolePolicyList": [
                {"PolicyName": "own", "PolicyDocument": quote(json.dumps(document("s3:*")))},
            ],
            "AttachedManagedPolicies": [],
        }
    ],
    "Policies": [
        {
            "Arn": "arn:aws:iam::aws:policy/All",
            "PolicyVersionList": [
                {"Document": document("ec2:*"), "IsDefaultVersion": False},
                {"Document": document("*"), "IsDefaultVersion": True},
            ],
        },
        {
            "Arn": "arn:aws:iam::aws:policy/Queues",
            "PolicyVersionList": [{"Document": document("sqs:*"), "IsDefaultVersion": True}],
        },
    ],
}


def names(action: str, resource: str) -> list[str]:
    found = who_can(action, Target(resource), subjects_of(DETAILS))
    return [one.request.principal.name.rpartition(":")[2] for one in found]


def test_users_have_their_groups_policies_and_roles_stand_for_sessions() -> None:
    assert names("s3:GetObject", OBJECT) == ["user/bob", "assumed-role/build/session"]


def test_boundaries_limit_and_the_default_version_counts() -> None:
    assert names("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q") == ["user/bob", "user/eve"]
    assert names("ec2:StopInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i") == []


def test_a_role_keeps_its_path_in_the_condition_key() -> None:
    build = subjects_of(DETAILS)[-1]
    assert build.request("s3:GetObject", OBJECT).folded()["aws:principalarn"] == f"arn:aws:iam::{ACCOUNT}:role/ci/build"


def test_scps_bind_every_subject() -> None:
    scp = parse_policy(document("ec2:*"), PolicyKind.SCP)
    assert not list(who_can("s3:GetObject", Target(OBJECT), subjects_of(DETAILS, [[scp]])))


def test_a_policy_that_was_filtered_out_is_said_to_be_missing() -> None:
    with pytest.raises(DetailsError, match="filtered"):
        subjects_of({**DETAILS, "Policies": []})
    with pytest.raises(DetailsError):
        subjects_of({})


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a JSON value with each of its keys."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


@pytest.mark.parametrize("junk", [None, 5, "x", "%7B", True, [], [5], {}, {"a": 5}], ids=repr)
def test_whatever_stands_in_the_details_is_read_or_told(junk: Any) -> None:
    details = deepcopy(DETAILS)
    for container, key in list(places(details)):
        was, container[key] = container[key], junk
        with suppress(DetailsError, PolicyError):
            subjects_of(details)
        container[key] = was
    assert subjects_of(details)
