"""Any input: a policy or a ``PolicyError``, a decision, and never much time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosslane.iam import Layers, PolicyError, PolicyKind, Principal, Request, decide, explain, parse_policy
from crosslane.iam.cases import CaseError, load_case, read_case
from crosslane.iam.locate import line_of
from tests.properties.iam_documents import quick

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
words = st.sampled_from(
    (
        "Version",
        "2012-10-17",
        "Statement",
        "Effect",
        "Allow",
        "Deny",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "AWS",
        "Service",
        "Condition",
        "StringLike",
        "ForAllValues:ArnLike",
        "aws:username",
        "*",
        "s3:Get*",
        "arn:aws:s3:::b/${aws:username}",
        "${",
    )
)
anything = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=6), inner, max_size=4),
    max_leaves=25,
)
REQUEST = Request(
    Principal.parse("arn:aws:iam::111111111111:user/bob"),
    "s3:GetObject",
    "arn:aws:s3:::bucket/key",
    context={"aws:username": "bob", "aws:TagKeys": ["a", "b"]},
)


def check_source(source: Any, kinds: Iterable[PolicyKind] = PolicyKind) -> None:
    for kind in kinds:
        try:
            policy = parse_policy(source, kind)
        except PolicyError as error:
            assert error.problems and error.message and error.expected
            continue
        explain(decide(REQUEST, Layers.of([policy], resource=policy, scps=[[policy]])))
        for statement in policy:
            policy.line_of(statement.pointer)


@quick
@given(anything)
def test_any_value_is_a_policy_or_an_error(value: Any) -> None:
    check_source(value)


@quick
@given(anything)
def test_any_statement_is_a_policy_or_an_error(value: Any) -> None:
    check_source({"Version": "2012-10-17", "Statement": value})


@quick
@given(
    st.fixed_dictionaries(
        {"Effect": st.just("Allow"), "Action": st.just("*"), "Resource": anything, "Condition": anything}
    )
)
def test_any_condition_is_a_policy_or_an_error(value: Any) -> None:
    check_source({"Version": "2012-10-17", "Statement": value})


@quick
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_a_policy_or_an_error(source: str | bytes) -> None:
    check_source(source)


@quick
@given(st.text('{}[],:"\\ \n1a/~', max_size=60), st.text("/a10~", max_size=8))
def test_a_line_is_looked_up_in_any_text(text: str, pointer: str) -> None:
    line = line_of(text, pointer)
    assert line is None or 1 <= line <= text.count("\n") + 1


@quick
@given(anything)
def test_any_case_is_a_case_or_an_error(value: Any) -> None:
    case = {"id": 1, "request": value, "identityPolicies": value, "resourcePolicy": value}
    try:
        text = json.dumps(case)
    except ValueError:
        return
    with suppress(CaseError, PolicyError):
        read_case(load_case(text)).decide()


@pytest.mark.slow
@pytest.mark.skipif("CROSSLANE_SLOW" not in os.environ, reason="takes minutes; set CROSSLANE_SLOW to run it")
@pytest.mark.timeout(600)
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(anything, anything)
def test_long_fuzzing_of_statements(resource: Any, condition: Any) -> None:
    check_source({"Statement": {"Effect": "Deny", "Action": "*", "Resource": resource, "Condition": condition}})


def within(seconds: float, act: Callable[[], object]) -> None:
    start = process_time()
    act()
    assert process_time() - start < seconds


def conditioned(operator: str, values: list[str], given: Any, key: str = "aws:TagKeys") -> Callable[[], object]:
    policy = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {key: values}}},
    }
    context = {key: given, "aws:username": "u" * 30_000}
    request = Request(REQUEST.principal, "s3:GetObject", "arn:aws:s3:::bucket/key", context=context)
    return lambda: decide(request, Layers.of([parse_policy(json.dumps(policy))]))


IDENTITY = (PolicyKind.IDENTITY,)
MANY = [f"a*b{number}*" for number in range(4_000)]
HEAVY: dict[str, Callable[[], object]] = {
    "many patterns, many values": conditioned("ForAnyValue:StringLike", MANY, [f"aa{n}" for n in range(6_000)]),
    "many values, none of them equal": conditioned(
        "ForAnyValue:StringEquals", [str(n) for n in range(8_000)], [f"x{n}" for n in range(6_000)]
    ),
    "many ARN patterns, many ARNs": conditioned(
        "ForAnyValue:ArnLike",
        [f"arn:aws:s3:*:*:a{n}*" for n in range(2_000)],
        [f"arn:aws:s3:::b{n}" for n in range(2_000)],
    ),
    "many networks, many addresses": conditioned(
        "ForAnyValue:IpAddress",
        [f"10.{n % 250}.0.0/{8 + n % 24}" for n in range(4_000)],
        [f"11.0.{n % 250}.1" for n in range(4_000)],
    ),
    "a long value repeated by a variable": conditioned(
        "StringLike", ["${aws:username}" * 2_000], "u" * 30_000, "aws:PrincipalTag/a"
    ),
    "a long value repeated, exactly": conditioned(
        "StringEquals", ["${aws:username}" * 2_000], "u" * 30_000, "aws:PrincipalTag/a"
    ),
    "one deep pattern on a long value": conditioned("StringLike", ["*a" * 12_000 + "b"], "a" * 50_000, "aws:x"),
    "pieces with question marks": conditioned("StringLike", ["*" + "a?" * 12_000 + "b*"], "a" * 50_000, "aws:x"),
    "a long number": conditioned("NumericLessThan", ["9" * 50_000], "8" * 40_000, "s3:max-keys"),
    "a deep document": lambda: check_source("[" * 100_000, IDENTITY),
    "a wide document": lambda: check_source('{"a":' + "[1," * 30_000),
    "many statements": lambda: check_source(
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}] * 1_500}), IDENTITY
    ),
    "many bad statements": lambda: check_source(
        json.dumps({"Statement": [{"Effect": "x"}] * 6_000}, indent=0), IDENTITY
    ),
    "braces never closed": lambda: check_source(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "${" * 50_000}}, IDENTITY
    ),
    "quotes and backslashes": lambda: line_of('"' + '\\"' * 50_000, "/a"),
}


@pytest.mark.parametrize("name", HEAVY)
def test_no_input_of_100_kb_takes_over_a_second(name: str) -> None:
    within(1, HEAVY[name])
