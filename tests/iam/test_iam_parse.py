"""Parsing: any input gives a policy or a PolicyError that says where and what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosslane.iam import (
    Comparison,
    Effect,
    PolicyError,
    PolicyKind,
    PrincipalType,
    Quantifier,
    parse_policy,
    read_policy,
)

ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def policy(*statements: Any, **top: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **top}


def refused(source: Any, kind: PolicyKind = PolicyKind.IDENTITY) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        parse_policy(source, kind)
    return caught.value


def test_every_element_is_read() -> None:
    text = json.dumps(
        policy(
            {
                "Sid": "One",
                "Effect": "Deny",
                "Principal": {"AWS": ["111111111111", "*"], "Service": "ec2.amazonaws.com"},
                "NotAction": "s3:Get*",
                "NotResource": ["arn:aws:s3:::a", "arn:aws:s3:::b"],
                "Condition": {"ForAnyValue:StringNotLikeIfExists": {"aws:TagKeys": ["a", 1, True]}},
            },
            Id="me",
        )
    )
    read = parse_policy(text, PolicyKind.RESOURCE, "mine")
    (statement,) = read.statements
    assert (read.version, read.id, read.name) == ("2012-10-17", "me", "mine")
    assert (statement.sid, statement.effect, statement.index) == ("One", Effect.DENY, 0)
    assert statement.action.negated and statement.action.values == ("s3:Get*",)
    assert statement.resource is not None and statement.resource.pointer_of(1) == "/Statement/0/NotResource/1"
    assert statement.principal is not None
    assert [p.type for p in statement.principal.principals] == [
        PrincipalType.AWS,
        PrincipalType.ANYONE,
        PrincipalType.SERVICE,
    ]
    (condition,) = statement.conditions
    operator = condition.operator
    assert (operator.comparison, operator.negated, operator.if_exists, operator.quantifier) == (
        Comparison.STRING_LIKE,
        True,
        True,
        Quantifier.ANY,
    )
    assert condition.values == ("a", "1", "true")
    assert condition.pointer == "/Statement/0/Condition/ForAnyValue:StringNotLikeIfExists/aws:TagKeys"


def test_one_statement_needs_no_array_and_version_and_id_may_be_absent() -> None:
    read = parse_policy({"Statement": ALLOW})
    assert read.version is None and not read.has_variables
    assert read.statements[0].pointer == "/Statement"


@pytest.mark.parametrize(
    ("source", "pointer", "word"),
    [
        ({**policy(ALLOW), "statement": []}, "/statement", "case-sensitive"),
        (policy({**ALLOW, "effect": "Allow"}), "/Statement/0/effect", "case-sensitive"),
        (policy({**ALLOW, "Effect": "allow"}), "/Statement/0/Effect", "allow"),
        (policy({**ALLOW, "Effect": ["Allow"]}), "/Statement/0/Effect", "array"),
        (policy(ALLOW, Version="2012-10-18"), "/Version", "2012-10-18"),
        (policy(ALLOW, Id=3), "/Id", "number"),
        ({"Version": "2012-10-17"}, "", "Statement"),
        (policy("x"), "/Statement/0", "string"),
        (policy({**ALLOW, "NotAction": "a:b"}), "/Statement/0", "both"),
        (policy({**ALLOW, "NotResource": "*"}), "/Statement/0", "both"),
        (policy({"Effect": "Allow", "Resource": "*"}), "/Statement/0", "no Action"),
        (policy({"Effect": "Allow", "Action": "*"}), "/Statement/0", "no Resource"),
        (policy({**ALLOW, "Action": "s3"}), "/Statement/0/Action", "s3"),
        (policy({**ALLOW, "Action": ["s3:*", "s3*:Get"]}), "/Statement/0/Action/1", "service prefix"),
        (policy({**ALLOW, "Action": ""}), "/Statement/0/Action", "empty"),
        (policy({**ALLOW, "Action": [None]}), "/Statement/0/Action/0", "null"),
        (policy({**ALLOW, "Resource": 7}), "/Statement/0/Resource", "number"),
        (policy({**ALLOW, "Sid": 7}), "/Statement/0/Sid", "number"),
        (policy({**ALLOW, "Principal": "*"}), "/Statement/0/Principal", "not allowed"),
        (policy({**ALLOW, "Condition": None}), "/Statement/0/Condition", "null"),
        (policy({**ALLOW, "Condition": {"Bool": []}}), "/Statement/0/Condition/Bool", "array"),
        (policy({**ALLOW, "Condition": {"StringIs": {}}}), "/Statement/0/Condition/StringIs", "unknown"),
        (policy({**ALLOW, "Condition": {"NullIfExists": {}}}), "/Statement/0/Condition/NullIfExists", "unknown"),
        (policy({**ALLOW, "Condition": {"Bool": {"a/b": None}}}), "/Statement/0/Condition/Bool/a~1b", "null"),
    ],
)
def test_what_the_grammar_rules_out_is_named(source: Any, pointer: str, word: str) -> None:
    error = refused(source)
    assert error.pointer == pointer
    assert word in error.message
    assert error.expected
    assert error.line is None


@pytest.mark.parametrize(
    ("principal", "pointer"),
    [
        ("arn:aws:iam::111111111111:root", "/Statement/0/Principal"),
        (["*"], "/Statement/0/Principal"),
        ({"aws": "*"}, "/Statement/0/Principal/aws"),
        ({"AWS": ["*", 1]}, "/Statement/0/Principal/AWS/1"),
        ({"AWS": None}, "/Statement/0/Principal/AWS"),
    ],
)
def test_principals_that_are_none(principal: Any, pointer: str) -> None:
    assert refused(policy({**ALLOW, "Principal": principal}), PolicyKind.RESOURCE).pointer == pointer


def test_resource_policies_need_a_principal_and_trust_policies_no_resource() -> None:
    assert "Principal" in refused(policy(ALLOW), PolicyKind.RESOURCE).message
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}
    assert parse_policy(policy(trust), PolicyKind.TRUST).statements[0].resource is None


def test_resource_control_policies_only_deny_but_for_the_one_aws_attaches() -> None:
    full = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    assert parse_policy(policy(full), PolicyKind.RCP)
    assert refused(policy({**full, "Action": "s3:*"}), PolicyKind.RCP).pointer == "/Statement/0/Effect"
    assert "service" in refused(policy({**full, "Effect": "Deny"}), PolicyKind.RCP).expected
    deny = {"Effect": "Deny", "Principal": {"AWS": "111111111111"}, "Action": "s3:*", "Resource": "*"}
    assert '"*"' in refused(policy(deny), PolicyKind.RCP).expected


def test_lines_and_pointers_of_text() -> None:
    text = '{\n "Version": "2012-10-17",\n "Statement": [\n  {"Effect": "Allow",\n   "Action": ["s3:*",\n'
    text += '      "s3"],\n   "Resource": "*"}]}'
    error = refused(text)
    assert (error.pointer, error.line) == ("/Statement/0/Action/1", 6)
    good = parse_policy(text.replace('"s3"]', '"s3:x"]'))
    assert good.line_of("/Statement/0/Action/1") == 6
    assert good.line_of("/Statement/0/Resource") == 7
    assert good.line_of("/Statement/0/Nothing") == 4


def test_all_problems_are_reported_at_once() -> None:
    _, problems = read_policy(policy({**ALLOW, "Action": "s3", "Effect": "no"}, ALLOW, Version=1))
    assert [p.pointer for p in problems] == ["/Version", "/Statement/0/Effect", "/Statement/0/Action"]


def test_duplicate_keys_are_reported_wherever_they_stand() -> None:
    text = '{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}}'
    assert refused(text).pointer == "/Statement/Effect"
    text = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a": 1, "a": 2}}}}'
    assert refused(text).pointer == "/Statement/Condition/Bool/a"


@pytest.mark.parametrize(
    "source", ["", "[", "null", "3", '"x"', b"\xff\xfe", "[" * 100_000, "1" * 100_000, '{"a":' * 50_000, "\ud800", "{}"]
)
def test_anything_else_is_an_error_too(source: Any) -> None:
    assert str(refused(source))
