"""Condition operators, multivalued keys and policy variables, as the IAM user guide has them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.rules import (
    ALLOWED,
    IMPLICIT,
    LOGIC,
    MULTIVALUED,
    OPERATORS,
    VARIABLES,
    Rule,
    Situation,
    allow,
    condition_rule,
)

TAG = "aws:PrincipalTag/job"
_TABLE: list[tuple[str, str, str, Any, Any, bool]] = [
    # what the page says, operator, key, values of the policy, value of the request, whether it holds
    ("StringEquals: exact matching", "StringEquals", TAG, "admin", "admin", True),
    ("StringEquals: case sensitive", "StringEquals", TAG, "admin", "Admin", False),
    ("StringEquals: a wildcard is a character like any other", "StringEquals", TAG, "adm*", "admin", False),
    ("StringNotEquals: negated matching", "StringNotEquals", TAG, "admin", "Admin", True),
    ("StringEqualsIgnoreCase: ignoring case", "StringEqualsIgnoreCase", TAG, "admin", "ADMIN", True),
    ("StringNotEqualsIgnoreCase: negated", "StringNotEqualsIgnoreCase", TAG, "admin", "ADMIN", False),
    ("StringLike: * matches many characters", "StringLike", TAG, "a*n", "admin", True),
    ("StringLike: ? matches one character", "StringLike", TAG, "adm?n", "admin", True),
    ("StringLike: ? does not match none", "StringLike", TAG, "admin?", "admin", False),
    ("StringLike: case sensitive", "StringLike", TAG, "A*", "admin", False),
    ("StringNotLike: negated", "StringNotLike", TAG, "a*", "admin", False),
    ("StringLike: an empty value matches an empty value", "StringLike", "s3:prefix", ["", "home/"], "", True),
    ("a key that is absent does not match", "StringEquals", TAG, "admin", None, False),
    ("a negated operator matches an absent key", "StringNotLike", TAG, "admin", None, True),
    ("NumericLessThanEquals: up to 10", "NumericLessThanEquals", "s3:max-keys", "10", "10", True),
    ("NumericLessThanEquals: not above 10", "NumericLessThanEquals", "s3:max-keys", "10", "11", False),
    ("NumericEquals compares numbers, not text", "NumericEquals", "s3:max-keys", "10", "10.0", True),
    ("NumericNotEquals: negated", "NumericNotEquals", "s3:max-keys", "10", "10.0", False),
    ("NumericLessThan: decimals", "NumericLessThan", "s3:max-keys", "2.5", "2.4999", True),
    ("NumericGreaterThan: above", "NumericGreaterThan", "s3:max-keys", "10", "10", False),
    ("NumericGreaterThanEquals: at", "NumericGreaterThanEquals", "s3:max-keys", "10", "10", True),
    ("a value that is no number does not match", "NumericGreaterThan", "s3:max-keys", "1", "many", False),
    ("a JSON number is a value", "NumericEquals", "s3:max-keys", 10, "10", True),
    (
        "DateGreaterThan: issued after",
        "DateGreaterThan",
        "aws:TokenIssueTime",
        "2020-01-01T00:00:01Z",
        "2020-01-01T00:00:02Z",
        True,
    ),
    (
        "DateGreaterThan: not at",
        "DateGreaterThan",
        "aws:TokenIssueTime",
        "2020-01-01T00:00:01Z",
        "2020-01-01T00:00:01Z",
        False,
    ),
    ("DateEquals: a W3C date alone", "DateEquals", "aws:CurrentTime", "2026-01-01", "2026-01-01T00:00:00Z", True),
    (
        "DateEquals: zones count",
        "DateEquals",
        "aws:CurrentTime",
        "2026-01-01T01:00:00+01:00",
        "2026-01-01T00:00:00Z",
        True,
    ),
    (
        "dates may be epoch (UNIX) time, in seconds",
        "DateLessThanEquals",
        "aws:CurrentTime",
        "1767225600",
        "2026-01-01T00:00:00Z",
        True,
    ),
    (
        "aws:EpochTime is compared with a date",
        "DateEquals",
        "aws:EpochTime",
        "2026-01-01T00:00:00Z",
        "1767225600",
        True,
    ),
    ("DateNotEquals: negated", "DateNotEquals", "aws:CurrentTime", "2026-01-01", "2026-01-02", True),
    ("DateLessThan: text that is no date", "DateLessThan", "aws:CurrentTime", "tomorrow", "2026-01-02", False),
    ("Bool: true", "Bool", "aws:SecureTransport", "true", "true", True),
    ("Bool: false", "Bool", "aws:SecureTransport", "false", "true", False),
    ("Bool: a JSON boolean", "Bool", "aws:SecureTransport", True, "true", True),
    ("Bool: an absent key does not match", "Bool", "aws:MultiFactorAuthPresent", "false", None, False),
    ("BoolIfExists: an absent key does", "BoolIfExists", "aws:MultiFactorAuthPresent", "false", None, True),
    (
        "BinaryEquals: byte for byte, in base 64",
        "BinaryEquals",
        "key",
        "QmluYXJ5VmFsdWVJbkJhc2U2NA==",
        "QmluYXJ5VmFsdWVJbkJhc2U2NA==",
        True,
    ),
    ("BinaryEquals: other bytes", "BinaryEquals", "key", "QmluYXJ5", "YmluYXJ5", False),
    ("IpAddress: the range", "IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.113.255", True),
    ("IpAddress: outside the range", "IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.114.0", False),
    ("IpAddress: the default prefix is /32", "IpAddress", "aws:SourceIp", "203.0.113.5", "203.0.113.5", True),
    ("IpAddress: /0 holds every IPv4 address", "IpAddress", "aws:SourceIp", "0.0.0.0/0", "203.0.113.5", True),
    ("NotIpAddress: /0 leaves none", "NotIpAddress", "aws:SourceIp", "0.0.0.0/0", "203.0.113.5", False),
    ("IpAddress: IPv6", "IpAddress", "aws:SourceIp", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::9", True),
    (
        "IpAddress: one IPv6 address in two spellings",
        "IpAddress",
        "aws:SourceIp",
        "2001:0db8:0:0:0:0:0:1",
        "2001:db8::1",
        True,
    ),
    (
        "IpAddress: IPv4 and IPv6 mixed",
        "IpAddress",
        "aws:SourceIp",
        ["203.0.113.0/24", "2001:DB8:1234:5678::/64"],
        "203.0.113.1",
        True,
    ),
    ("NotIpAddress: all but the range", "NotIpAddress", "aws:SourceIp", "203.0.113.0/24", "198.51.100.1", True),
    ("NotIpAddress: the other family is outside", "NotIpAddress", "aws:SourceIp", "203.0.113.7", "2001:db8::1", True),
    (
        "NotIpAddress: no key through an endpoint",
        "NotIpAddress",
        "aws:SourceIp",
        "203.0.113.0/24",
        None,
        True,
    ),
    (
        "ArnLike: checked component by component",
        "ArnLike",
        "aws:SourceArn",
        "arn:aws:someservice:*:111122223333:finance/*",
        "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
        False,
    ),
    (
        "StringLike matches where ArnLike does not",
        "StringLike",
        "aws:SourceArn",
        "arn:aws:someservice:*:111122223333:finance/*",
        "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
        True,
    ),
    (
        "ArnEquals and ArnLike behave identically",
        "ArnEquals",
        "aws:SourceArn",
        "arn:aws:sns:*:123456789012:topic-?",
        "arn:aws:sns:eu-west-1:123456789012:topic-1",
        True,
    ),
    (
        "ArnNotEquals: negated",
        "ArnNotEquals",
        "aws:SourceArn",
        "arn:aws:sns:*:123456789012:*",
        "arn:aws:sns:eu-west-1:123456789012:topic-1",
        False,
    ),
    (
        "ArnNotLike: a pattern without a resource names no role",
        "ArnNotLike",
        "aws:PrincipalArn",
        "arn:aws:iam::123456789012",
        "arn:aws:iam::123456789012:role/deployer",
        True,
    ),
    ("ArnNotLike: an absent key matches", "ArnNotLike", "aws:SourceArn", "arn:aws:sns:*:*:*", None, True),
    ("Null true: the key does not exist", "Null", "aws:TokenIssueTime", "true", None, True),
    ("Null true: the key exists", "Null", "aws:TokenIssueTime", "true", "2026-01-01T00:00:00Z", False),
    ("Null false: the key exists", "Null", "aws:TokenIssueTime", "false", "2026-01-01T00:00:00Z", True),
    (
        "StringLikeIfExists: the key is there",
        "StringLikeIfExists",
        "ec2:InstanceType",
        "t2.*",
        "m5.large",
        False,
    ),
    ("StringLikeIfExists: otherwise it is true", "StringLikeIfExists", "ec2:InstanceType", "t2.*", None, True),
    ("StringNotEqualsIfExists: true without the key", "StringNotEqualsIfExists", TAG, "admin", None, True),
    ("keys are matched without regard to case", "StringEquals", "AWS:principaltag/JOB", "admin", "admin", True),
]
_SETS: list[tuple[str, str, Any, Any, bool]] = [
    (
        "ForAllValues: every value is in the policy",
        "ForAllValues:StringEquals",
        ["a", "b", "c"],
        ["a", "b"],
        True,
    ),
    ("ForAllValues: one is not", "ForAllValues:StringEquals", ["a", "b"], ["a", "d"], False),
    ("ForAllValues: true if there is no such key", "ForAllValues:StringEquals", ["a"], None, True),
    ("ForAllValues: true for an empty list", "ForAllValues:StringEquals", ["a"], [], True),
    ("ForAllValues with wildcards", "ForAllValues:StringLike", ["key1*"], ["key1a", "key1b"], True),
    (
        "ForAllValues negated: none is in the policy",
        "ForAllValues:StringNotEquals",
        ["a", "b"],
        ["c", "a"],
        False,
    ),
    (
        "ForAnyValue: one value is in the policy",
        "ForAnyValue:StringEquals",
        ["a", "b"],
        ["c", "b"],
        True,
    ),
    ("ForAnyValue: none is", "ForAnyValue:StringEquals", ["a", "b"], ["c", "d"], False),
    ("ForAnyValue: false if there is no such key", "ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue: false for an empty list", "ForAnyValue:StringEquals", ["a"], [], False),
    ("ForAnyValue negated: false if there is no such key", "ForAnyValue:StringNotEquals", ["a"], None, False),
    ("ForAnyValue negated: one value differs", "ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
    ("a single value counts as a set of one", "ForAllValues:StringEquals", ["a"], "a", True),
    ("multivalued keys require a set operator", "StringEquals", ["a"], ["a", "b"], False),
    ("multivalued keys require a set operator, negated too", "StringNotEquals", ["x"], ["a", "b"], False),
]

RULES = [
    *(condition_rule(says, OPERATORS, *rest) for says, *rest in _TABLE),
    *(
        condition_rule(says, MULTIVALUED, operator, "aws:TagKeys", values, given, holds)
        for says, operator, values, given, holds in _SETS
    ),
    condition_rule("several values are alternatives", LOGIC, "StringEquals", TAG, ["a", "b"], "b", True),
    condition_rule("under a negated operator none may match", LOGIC, "StringNotEquals", TAG, ["a", "b"], "b", False),
    condition_rule("under a negated operator none may match: ok", LOGIC, "StringNotEquals", TAG, ["a", "b"], "c", True),
    Rule(
        "several keys and operators must all hold",
        LOGIC,
        Situation(
            context={"aws:username": "bob", "aws:SecureTransport": "false"},
            identity=[
                allow(Condition={"StringEquals": {"aws:username": "bob"}, "Bool": {"aws:SecureTransport": "true"}})
            ],
        ),
        IMPLICIT,
    ),
    Rule(
        "two keys of one operator must both hold",
        LOGIC,
        Situation(
            context={"aws:username": "bob", "aws:PrincipalAccount": "999999999999"},
            identity=[
                allow(Condition={"StringEquals": {"aws:username": "bob", "aws:PrincipalAccount": "111111111111"}})
            ],
        ),
        IMPLICIT,
    ),
]


def variable_rule(says: str, resource: str, wanted: str, holds: bool, **more: Any) -> Rule:
    context = {"aws:username": "bob", "aws:PrincipalTag/team": "yellow", "aws:PrincipalTag/odd": "b*b"}
    situation = Situation(resource=resource, context=context, identity=[allow("s3:*", wanted)], **more)
    return Rule(says, VARIABLES, situation, ALLOWED if holds else IMPLICIT)


def like_rule(says: str, operator: str, wanted: str, given: str, holds: bool) -> Rule:
    context = {"aws:username": "bob", "aws:PrincipalTag/team": "yellow", "s3:prefix": given, "aws:TagKeys": ["bob"]}
    situation = Situation(context=context, identity=[allow(Condition={operator: {"s3:prefix": wanted}})])
    return Rule(says, VARIABLES, situation, ALLOWED if holds else IMPLICIT)


B = "arn:aws:s3:::bucket"
RULES += [
    variable_rule("a variable in Resource", f"{B}/home/bob/x", B + "/home/${aws:username}/*", True),
    variable_rule("a variable in Resource: somebody else", f"{B}/home/eve/x", B + "/home/${aws:username}/*", False),
    variable_rule("key names are case-insensitive", f"{B}/bob", B + "/${AWS:UserName}", True),
    variable_rule("a tag", f"{B}-yellow", B + "-${aws:PrincipalTag/team}", True),
    variable_rule("a default value", f"{B}-company-wide", B + "-${aws:PrincipalTag/none, 'company-wide'}", True),
    variable_rule(
        "no default beside a value", f"{B}-company-wide", B + "-${aws:PrincipalTag/team, 'company-wide'}", False
    ),
    variable_rule("a variable without value matches no resource", f"{B}/", B + "/${aws:PrincipalTag/none}", False),
    variable_rule("${*} is an asterisk", f"{B}/*", B + "/${*}", True),
    variable_rule("${*} is no wildcard", f"{B}/x", B + "/${*}", False),
    variable_rule("${?} is a question mark", f"{B}/?", B + "/${?}", True),
    variable_rule("${?} is no wildcard", f"{B}/x", B + "/${?}", False),
    variable_rule("${$} is a dollar sign", f"{B}/$", B + "/${$}", True),
    variable_rule("a wildcard in a value is literal", f"{B}/bxb", B + "/${aws:PrincipalTag/odd}", False),
    variable_rule(
        "an old Version has no variables",
        f"{B}/bob",
        B + "/${aws:username}",
        False,
        version="2008-10-17",
    ),
    variable_rule("without any Version too", f"{B}/${{aws:username}}", B + "/${aws:username}", True, version=None),
    like_rule("a variable in a condition", "StringEquals", "home/${aws:username}/", "home/bob/", True),
    like_rule("a variable and a wildcard", "StringLike", "home/${aws:username}/*", "home/bob/x", True),
    like_rule("${*} in any string", "StringEquals", "a${*}b", "a*b", True),
    like_rule("StringEquals does not match a null value", "StringEquals", "${aws:PrincipalTag/none}", "x", False),
    like_rule("StringLike does not match a null value", "StringLike", "*${aws:PrincipalTag/none}", "x", False),
    like_rule("StringNotEquals does match a null value", "StringNotEquals", "${aws:PrincipalTag/none}", "x", True),
    like_rule("StringNotLike does match a null value", "StringNotLike", "${aws:PrincipalTag/none}", "x", True),
    like_rule("a multivalued key cannot be a variable", "StringEquals", "${aws:TagKeys}", "bob", False),
    Rule(
        "variables work with ARN operators",
        VARIABLES,
        Situation(
            context={"aws:PrincipalTag/team": "yellow", "aws:SourceArn": "arn:aws:sns:eu-west-1:111111111111:yellow"},
            identity=[allow(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:${aws:PrincipalTag/team}"}})],
        ),
        ALLOWED,
    ),
    Rule(
        "variables do not work with numeric operators",
        VARIABLES,
        Situation(
            context={"aws:PrincipalTag/n": "5", "s3:max-keys": "5"},
            identity=[allow(Condition={"NumericEquals": {"s3:max-keys": "${aws:PrincipalTag/n}"}})],
        ),
        IMPLICIT,
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_documented_rule_holds(rule: Rule) -> None:
    assert rule.source.startswith("https://docs.aws.amazon.com/")
    assert rule.situation.decide().outcome is rule.outcome, f"{rule.says} ({rule.source})"
