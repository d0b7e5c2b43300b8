"""Hypothesis strategies for requests and policies that are small enough to meet each other often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from crosslane.iam import Layers, PolicyKind, Principal, Request, parse_policy

quick = settings(max_examples=60, deadline=None)
"""For properties that run with every change; a busy machine is no failure."""

ACCOUNT = "111111111111"
PRINCIPALS = (
    f"arn:aws:iam::{ACCOUNT}:user/bob",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/app/build",
    f"arn:aws:sts::{ACCOUNT}:federated-user/carl",
    f"arn:aws:iam::{ACCOUNT}:root",
    "arn:aws:iam::222222222222:user/eve",
    "lambda.amazonaws.com",
)
NAMED = (
    "*",
    {"AWS": ACCOUNT},
    {"AWS": [PRINCIPALS[0], f"arn:aws:iam::{ACCOUNT}:role/app"]},
    {"AWS": PRINCIPALS[1]},
    {"AWS": "222222222222"},
    {"Service": "lambda.amazonaws.com"},
)
ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:*", "s3:Get*", "s3:?etObject", "*", "kms:Decrypt", "sts:AssumeRole")
RESOURCES = (
    "arn:aws:s3:::bucket/key",
    "arn:aws:s3:::bucket/*",
    "arn:aws:s3:::b*",
    "*",
    "arn:aws:s3:::bucket/${aws:username}",
    f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k",
    f"arn:aws:iam::{ACCOUNT}:role/r",
)
KEYS = ("aws:username", "aws:SourceIp", "aws:TagKeys", "aws:CurrentTime", "s3:max-keys", "aws:SecureTransport")
TEXTS = ("bob", "b*", "10", "203.0.113.9", "203.0.113.0/24", "2026-01-01", "true", "false", "${aws:username}", "")
OPERATORS = tuple(
    quantifier + operator + suffix
    for quantifier in ("", "ForAllValues:", "ForAnyValue:")
    for operator in (
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "NumericLessThan",
        "DateGreaterThan",
        "Bool",
        "IpAddress",
        "NotIpAddress",
        "ArnLike",
        "ArnNotLike",
    )
    for suffix in ("", "IfExists")
)


def one_or_more(pool: Sequence[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(pool), min_size=1, max_size=3)


conditions = st.dictionaries(
    st.sampled_from(OPERATORS),
    st.dictionaries(st.sampled_from(KEYS), one_or_more(TEXTS), min_size=1, max_size=2),
    max_size=2,
)


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None, principal: bool = False) -> dict[str, Any]:
    out: dict[str, Any] = {
        "Effect": effect or draw(st.sampled_from(("Allow", "Deny"))),
        draw(st.sampled_from(("Action", "Action", "Action", "NotAction"))): draw(one_or_more(ACTIONS)),
        draw(st.sampled_from(("Resource", "Resource", "Resource", "NotResource"))): draw(one_or_more(RESOURCES)),
    }
    if principal:
        out[draw(st.sampled_from(("Principal", "Principal", "NotPrincipal")))] = draw(st.sampled_from(NAMED))
    condition = draw(conditions)
    if condition:
        out["Condition"] = condition
    return out


@st.composite
def documents(draw: st.DrawFn, principal: bool = False) -> dict[str, Any]:
    body = draw(st.lists(statements(principal=principal), min_size=1, max_size=3))
    return {"Version": "2012-10-17", "Statement": body}


@st.composite
def requests(draw: st.DrawFn) -> Request:
    context = draw(
        st.dictionaries(
            st.sampled_from(KEYS), st.one_of(st.sampled_from(TEXTS), st.lists(st.sampled_from(TEXTS), max_size=3))
        )
    )
    action, resource = draw(
        st.sampled_from(
            (
                ("s3:GetObject", "arn:aws:s3:::bucket/key"),
                ("s3:PutObject", "arn:aws:s3:::bucket/bob"),
                ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"),
                ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/r"),
            )
        )
    )
    principal = Principal.parse(draw(st.sampled_from(PRINCIPALS)))
    return Request(principal, action, resource, draw(st.sampled_from((ACCOUNT, "222222222222"))), context)


documents_by_layer = st.fixed_dictionaries(
    {
        "identity": st.lists(documents(), max_size=2),
        "resource": st.none() | documents(principal=True),
        "session": st.none() | documents(),
        "boundary": st.none() | documents(),
        "scps": st.lists(st.lists(documents(), max_size=2), max_size=2),
        "endpoint": st.none() | documents(principal=True),
    }
)


def layers_of(found: dict[str, Any]) -> Layers:
    """Compiles what ``documents_by_layer`` drew."""

    def parse(document: Any, kind: PolicyKind) -> Any:
        return parse_policy(document, kind)

    def optional(name: str, kind: PolicyKind) -> Any:
        return None if found[name] is None else [parse(found[name], kind)]

    return Layers.of(
        identity=[parse(one, PolicyKind.IDENTITY) for one in found["identity"]],
        resource=None if found["resource"] is None else parse(found["resource"], PolicyKind.TRUST),
        session=optional("session", PolicyKind.SESSION),
        boundary=optional("boundary", PolicyKind.BOUNDARY),
        scps=[[parse(one, PolicyKind.SCP) for one in level] for level in found["scps"]],
        vpc_endpoint=optional("endpoint", PolicyKind.VPC_ENDPOINT),
    )
