"""Explanations: which statement decided, and for a denial what was nearest."""

from __future__ import annotations

import json
from typing import Any

from crosslane.iam import Layers, Outcome, Part, PolicyKind, Principal, Request, decide, explain, parse_policy

ACCOUNT = "111111111111"
BOB = Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/bob")
SESSION = Principal.parse(f"arn:aws:sts::{ACCOUNT}:assumed-role/app/build")
OBJECT = "arn:aws:s3:::bucket/key"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"


def policy(*statements: dict[str, Any], kind: PolicyKind = PolicyKind.IDENTITY, name: str = "p") -> Any:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1)
    return parse_policy(text, kind, name)


def allow(action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def request(action: str = "s3:GetObject", resource: str = OBJECT, **context: Any) -> Request:
    return Request(BOB, action, resource, context={key.replace("_", ":"): value for key, value in context.items()})


def test_an_allow_names_its_statement_with_pointer_and_line() -> None:
    layers = Layers.of([policy({**allow("iam:*"), "Sid": "Other"}, {**allow(), "Sid": "Read"}, name="mine")])
    explanation = explain(decide(request(), layers))
    assert explanation.deciding == ("identity",)
    (ref,) = explanation.layers[0].determining
    assert (ref.policy, ref.sid, ref.index, ref.pointer, ref.line) == ("mine", "Read", 1, "/Statement/1", 10)
    assert 'Allow statement "Read" of mine (/Statement/1, line 10) applies' in str(explanation)


def test_a_deny_names_every_statement_that_denies() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    layers = Layers.of([policy(allow(), deny)], boundary=[policy(deny, kind=PolicyKind.BOUNDARY, name="limit")])
    explanation = explain(decide(request(), layers))
    assert explanation.reason == "denied explicitly by the identity policies and the permissions boundary"
    assert [one.determining[0].policy for one in explanation.layers] == ["p", "limit"]


def test_the_nearest_miss_says_what_was_wanted_and_what_was_given() -> None:
    near = allow("s3:GetObject", "arn:aws:s3:::bucket/other", Condition={"Bool": {"aws:SecureTransport": "true"}})
    nearer = allow("s3:GetObject", "*", Condition={"StringEquals": {"aws:username": ["eve", "carl"]}})
    far = allow("ec2:*", "arn:aws:ec2:::x")
    explanation = explain(decide(request(aws_username="bob"), Layers.of([policy(near, far, nearer)])))
    (miss,) = explanation.layers[0].misses
    (gap,) = miss.gaps
    assert miss.statement.index == 2
    assert gap.part is Part.CONDITION
    assert gap.wanted == "StringEquals aws:username eve or carl"
    assert gap.given == "aws:username bob"
    assert gap.pointer == "/Statement/2/Condition/StringEquals/aws:username"


def test_a_key_that_is_absent_is_called_absent() -> None:
    layers = Layers.of([policy(allow(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))])
    assert "given no aws:MultiFactorAuthPresent" in str(explain(decide(request(), layers)))


def test_each_part_that_misses_is_named() -> None:
    cases = [
        (allow("s3:PutObject"), Part.ACTION, "s3:PutObject", "s3:GetObject"),
        (allow("s3:*", "arn:aws:s3:::x"), Part.RESOURCE, "arn:aws:s3:::x", OBJECT),
        ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, Part.ACTION, "anything but s3:*", "s3:GetObject"),
    ]
    for statement, part, wanted, given in cases:
        explanation = explain(decide(request(), Layers.of([policy(statement)])))
        (gap,) = explanation.layers[0].misses[0].gaps
        assert (gap.part, gap.wanted, gap.given) == (part, wanted, given)


def test_a_principal_that_misses_is_named() -> None:
    bucket = policy({**allow(), "Principal": {"AWS": "222222222222"}}, kind=PolicyKind.RESOURCE)
    explanation = explain(decide(request(), Layers.of(resource=bucket)))
    (gap,) = explanation.layers[1].misses[0].gaps
    assert (gap.part, gap.wanted, gap.given) == (Part.PRINCIPAL, "222222222222", BOB.name)


def test_across_accounts_the_side_that_does_not_allow_is_named() -> None:
    other = Request(BOB, "s3:GetObject", OBJECT, "222222222222")
    explanation = explain(decide(other, Layers.of([policy(allow())])))
    assert explanation.deciding == ("resource",)
    assert "both accounts must allow; the resource policy does not" in explanation.reason


def test_the_limit_that_denies_is_named() -> None:
    scp = policy(allow("ec2:*"), kind=PolicyKind.SCP, name="only-ec2")
    explanation = explain(decide(request(), Layers.of([policy(allow())], scps=[[scp]])))
    assert explanation.reason == "denied, because the service control policies do not allow it"
    assert explanation.layers[-1].level == 1
    assert "scp level 1: nearest is Allow statement number 1 of only-ec2" in str(explanation)

    session = policy(allow("ec2:*"), kind=PolicyKind.SESSION)
    decision = decide(Request(SESSION, "s3:GetObject", OBJECT), Layers.of([policy(allow())], session=[session]))
    assert explain(decision).deciding == ("session",)


def test_a_key_policy_that_is_missing_is_said_to_be() -> None:
    explanation = explain(decide(request("kms:Decrypt", KEY), Layers.of([policy(allow("*"))])))
    assert explanation.reason.endswith(
        "the key policy neither allows the principal nor its account; no such policy was given"
    )


def test_reasons_of_what_is_allowed() -> None:
    bucket = policy({**allow(), "Principal": {"AWS": BOB.name}}, kind=PolicyKind.RESOURCE)
    assert "names the principal itself" in explain(decide(request(), Layers.of(resource=bucket))).reason
    role = policy({**allow(), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}}, kind=PolicyKind.RESOURCE)
    decision = decide(Request(SESSION, "s3:GetObject", OBJECT), Layers.of(resource=role))
    assert "the role or user behind the session" in explain(decision).reason
    root = Request(Principal.root(ACCOUNT), "s3:GetObject", OBJECT)
    assert "root user" in explain(decide(root, Layers.of())).reason
    identity = Request(BOB, "sts:GetCallerIdentity")
    assert "needs no permission" in explain(decide(identity, Layers.of())).reason


def test_block_public_access_is_named() -> None:
    public = policy({**allow(), "Principal": "*"}, kind=PolicyKind.RESOURCE)
    anonymous = Request(Principal.anonymous(), "s3:GetObject", OBJECT, ACCOUNT)
    decision = decide(anonymous, Layers.of(resource=public, block_public_access=True))
    assert decision.outcome is Outcome.EXPLICIT_DENY
    assert "Block Public Access" in explain(decision).reason
