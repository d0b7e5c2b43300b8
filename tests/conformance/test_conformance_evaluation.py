"""Policy evaluation: layers, accounts, principals, and the services that depart from the general rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosslane.iam import Principal
from tests.conformance.rules import (
    ALLOWED,
    ARNS,
    BLOCK_PUBLIC_ACCESS,
    BOUNDARIES,
    CROSS_ACCOUNT,
    EVALUATION,
    EXPLICIT,
    FEDERATED,
    IMPLICIT,
    KEY_POLICIES,
    NOT_PRINCIPAL,
    OBJECT,
    ONE,
    PRINCIPAL,
    RCPS,
    RESOURCE,
    ROLE,
    ROOT,
    SCPS,
    SESSION,
    TWO,
    USER,
    VARIABLES,
    Rule,
    Situation,
    allow,
    deny,
    document,
)

EVERYTHING = allow("*")
OTHER = allow("ec2:*")
KEY = f"arn:aws:kms:eu-west-1:{ONE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"
BUCKET_POLICY = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html"
TARGET_ROLE = f"arn:aws:iam::{ONE}:role/target"


def grant(principal: object, action: str = "s3:GetObject", **more: object) -> dict[str, object]:
    return {**allow(action), "Principal": principal, **more}


def refuse(principal: object, action: str = "s3:GetObject", **more: object) -> dict[str, object]:
    return {**deny(action), "Principal": principal, **more}


def trust(principal: object, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}


user = Situation(USER)
session = Situation(SESSION)
from_two = replace(user, account=TWO)
key = Situation(USER, "kms:Decrypt", KEY)
assume = Situation(USER, "sts:AssumeRole", TARGET_ROLE)

BASICS = [
    Rule("by default a request is denied", EVALUATION, user, IMPLICIT),
    Rule("an allow overrides the default", EVALUATION, replace(user, identity=[EVERYTHING]), ALLOWED),
    Rule("a deny overrides an allow", EVALUATION, replace(user, identity=[EVERYTHING, deny()]), EXPLICIT),
    Rule("the root user has full access", EVALUATION, Situation(ROOT), ALLOWED),
    Rule(
        "a deny in a resource policy binds the root user",
        EVALUATION,
        Situation(ROOT, on_resource=[refuse("*")]),
        EXPLICIT,
    ),
    Rule("SCPs bind the root user of a member account", SCPS, Situation(ROOT, scps=[[OTHER]]), IMPLICIT),
    Rule("the root user is nobody in another account", CROSS_ACCOUNT, Situation(ROOT, account=TWO), IMPLICIT),
    Rule(
        "one of identity and resource policy is enough in one account",
        EVALUATION,
        replace(user, on_resource=[grant({"AWS": USER})]),
        ALLOWED,
    ),
    Rule(
        "a resource policy for somebody else gives nothing",
        EVALUATION,
        replace(user, on_resource=[grant({"AWS": f"arn:aws:iam::{ONE}:user/eve"})]),
        IMPLICIT,
    ),
    Rule(
        "a resource policy for the account delegates to identity policies",
        PRINCIPAL,
        replace(user, on_resource=[grant({"AWS": ONE})]),
        IMPLICIT,
    ),
    Rule(
        "the account's root ARN and its number are the same",
        PRINCIPAL,
        replace(user, account=TWO, identity=[EVERYTHING], on_resource=[grant({"AWS": ROOT})]),
        ALLOWED,
    ),
    Rule(
        "a deny for the account denies everybody in it",
        PRINCIPAL,
        replace(user, identity=[EVERYTHING], on_resource=[refuse({"AWS": ONE})]),
        EXPLICIT,
    ),
    Rule(
        "user names are case sensitive in Principal",
        PRINCIPAL,
        replace(user, on_resource=[grant({"AWS": USER.replace("bob", "Bob")})]),
        IMPLICIT,
    ),
    Rule(
        "part of a principal cannot be a wildcard",
        PRINCIPAL,
        replace(user, on_resource=[grant({"AWS": f"arn:aws:iam::{ONE}:user/*"})]),
        IMPLICIT,
    ),
    Rule(
        "everybody includes anonymous callers",
        PRINCIPAL,
        Situation(Principal.anonymous(), on_resource=[grant("*")]),
        ALLOWED,
    ),
    Rule(
        '{"AWS": "*"} is the same',
        PRINCIPAL,
        Situation(Principal.anonymous(), on_resource=[grant({"AWS": "*"})]),
        ALLOWED,
    ),
    Rule(
        "an anonymous caller is of no account",
        PRINCIPAL,
        Situation(Principal.anonymous(), on_resource=[grant({"AWS": ONE})]),
        IMPLICIT,
    ),
    Rule(
        "a service is allowed by a resource policy",
        PRINCIPAL,
        Situation("lambda.amazonaws.com", account=TWO, on_resource=[grant({"Service": "lambda.amazonaws.com"})]),
        ALLOWED,
    ),
    Rule(
        "a service may be bound to its source",
        PRINCIPAL,
        Situation(
            "lambda.amazonaws.com",
            context={"aws:SourceAccount": TWO},
            on_resource=[
                grant(
                    {"Service": "lambda.amazonaws.com"},
                    Condition={"StringEquals": {"aws:SourceAccount": ONE}},
                )
            ],
        ),
        IMPLICIT,
    ),
    Rule(
        "an identity provider's user assumes a role by its trust policy",
        PRINCIPAL,
        Situation(
            Principal.identity_provider("accounts.google.com"),
            "sts:AssumeRoleWithWebIdentity",
            TARGET_ROLE,
            on_resource=[
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Principal": {"Federated": "accounts.google.com"},
                }
            ],
        ),
        ALLOWED,
    ),
    Rule(
        "unique ids name the user that has them",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
        replace(user, context={"aws:userid": "AIDAEXAMPLE"}, on_resource=[grant({"AWS": "AIDAEXAMPLE"})]),
        ALLOWED,
    ),
    Rule(
        "and the sessions of the role that has them",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
        replace(session, context={"aws:userid": "AROAEXAMPLE:build"}, on_resource=[grant({"AWS": "AROAEXAMPLE"})]),
        ALLOWED,
    ),
]

LIMITS = [
    Rule(
        "a boundary limits identity policies",
        BOUNDARIES,
        replace(user, identity=[EVERYTHING], boundary=[OTHER]),
        IMPLICIT,
    ),
    Rule("a boundary grants nothing", BOUNDARIES, replace(user, boundary=[EVERYTHING]), IMPLICIT),
    Rule(
        "a boundary's deny is final",
        BOUNDARIES,
        replace(user, identity=[EVERYTHING], boundary=[EVERYTHING, deny()]),
        EXPLICIT,
    ),
    Rule(
        "a boundary does not limit what a resource policy grants a user",
        BOUNDARIES,
        replace(user, boundary=[OTHER], on_resource=[grant({"AWS": USER})]),
        ALLOWED,
    ),
    Rule(
        "a boundary limits what a resource policy grants a role",
        BOUNDARIES,
        replace(session, boundary=[OTHER], on_resource=[grant({"AWS": ROLE})]),
        IMPLICIT,
    ),
    Rule(
        "a resource policy's grant to a role is enough without limits",
        EVALUATION,
        replace(session, on_resource=[grant({"AWS": ROLE})]),
        ALLOWED,
    ),
    Rule(
        "a boundary does not limit what a resource policy grants a session",
        BOUNDARIES,
        replace(session, boundary=[OTHER], on_resource=[grant({"AWS": SESSION})]),
        ALLOWED,
    ),
    Rule(
        "a session policy limits identity policies",
        EVALUATION,
        replace(session, identity=[EVERYTHING], session=[OTHER]),
        IMPLICIT,
    ),
    Rule(
        "a session policy limits what a resource policy grants the role",
        EVALUATION,
        replace(session, session=[OTHER], on_resource=[grant({"AWS": ROLE})]),
        IMPLICIT,
    ),
    Rule(
        "a session policy does not limit what a resource policy grants the session",
        EVALUATION,
        replace(session, session=[OTHER], on_resource=[grant({"AWS": SESSION})]),
        ALLOWED,
    ),
    Rule(
        "nor what aws:PrincipalArn with a wildcard principal grants",
        PRINCIPAL,
        replace(
            session,
            session=[OTHER],
            boundary=[OTHER],
            context={"aws:PrincipalArn": ROLE},
            on_resource=[grant("*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})],
        ),
        ALLOWED,
    ),
    Rule(
        "but its deny is final",
        PRINCIPAL,
        replace(session, session=[deny()], on_resource=[grant({"AWS": SESSION})]),
        EXPLICIT,
    ),
    Rule(
        "a federated user's session is granted directly",
        EVALUATION,
        Situation(FEDERATED, session=[OTHER], on_resource=[grant({"AWS": FEDERATED})]),
        ALLOWED,
    ),
    Rule(
        "a grant to the user who federated is limited",
        EVALUATION,
        Situation(FEDERATED, session=[OTHER], on_resource=[grant({"AWS": f"arn:aws:iam::{ONE}:user/carl"})]),
        IMPLICIT,
    ),
    Rule(
        "boundary, SCP and identity policy must all allow",
        BOUNDARIES,
        replace(user, identity=[EVERYTHING], boundary=[EVERYTHING], scps=[[EVERYTHING], [OTHER]]),
        IMPLICIT,
    ),
    Rule(
        "a VPC endpoint policy must allow too",
        "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
        replace(user, identity=[EVERYTHING], endpoint=[{**OTHER, "Principal": "*"}]),
        IMPLICIT,
    ),
]

ORGANIZATION = [
    Rule(
        "SCPs must allow at every level", SCPS, replace(user, identity=[EVERYTHING], scps=[[EVERYTHING]] * 3), ALLOWED
    ),
    Rule(
        "a level whose SCPs do not allow denies",
        SCPS,
        replace(user, identity=[EVERYTHING], scps=[[EVERYTHING], [OTHER], [EVERYTHING]]),
        IMPLICIT,
    ),
    Rule("a level without SCPs denies", SCPS, replace(user, identity=[EVERYTHING], scps=[[EVERYTHING], []]), IMPLICIT),
    Rule(
        "a deny at any level is final",
        SCPS,
        replace(user, identity=[EVERYTHING], scps=[[EVERYTHING, deny()], [EVERYTHING]]),
        EXPLICIT,
    ),
    Rule("SCPs grant nothing", SCPS, replace(user, scps=[[EVERYTHING]]), IMPLICIT),
    Rule(
        "SCPs limit resource policies' grants too",
        EVALUATION,
        replace(user, scps=[[OTHER]], on_resource=[grant({"AWS": USER})]),
        IMPLICIT,
    ),
    Rule(
        "SCPs do not bind services",
        SCPS,
        Situation("lambda.amazonaws.com", scps=[[OTHER]], on_resource=[grant({"Service": "lambda.amazonaws.com"})]),
        ALLOWED,
    ),
    Rule(
        "SCPs do not bind service-linked roles",
        SCPS,
        replace(
            session,
            identity=[EVERYTHING],
            context={
                "aws:PrincipalArn": f"arn:aws:iam::{ONE}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
            },
            scps=[[deny("*")]],
        ),
        ALLOWED,
    ),
    Rule(
        "RCPs allow everything by RCPFullAWSAccess", RCPS, replace(user, identity=[EVERYTHING], rcps=[[], []]), ALLOWED
    ),
    Rule(
        "an RCP's deny is final",
        RCPS,
        replace(user, identity=[EVERYTHING], rcps=[[{**deny(), "Principal": "*"}]]),
        EXPLICIT,
    ),
    Rule(
        "RCPs bind principals of other organizations",
        RCPS,
        Situation(Principal.anonymous(), on_resource=[grant("*")], rcps=[[{**deny("s3:*"), "Principal": "*"}]]),
        EXPLICIT,
    ),
    Rule(
        "RCPs do not act on kms:RetireGrant",
        "https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html",
        Situation(
            USER,
            "kms:RetireGrant",
            KEY,
            identity=[EVERYTHING],
            on_resource=[grant({"AWS": ONE}, "kms:*")],
            rcps=[[{**deny("kms:*"), "Principal": "*"}]],
        ),
        ALLOWED,
    ),
    Rule(
        "RCPs act on the services of a list",
        RCPS,
        Situation(
            USER,
            "ec2:StartInstances",
            f"arn:aws:ec2:eu-west-1:{ONE}:instance/i-1",
            identity=[EVERYTHING],
            rcps=[[{**deny("ec2:*"), "Principal": "*"}]],
        ),
        ALLOWED,
    ),
]

ACCOUNTS = [
    Rule("across accounts both must allow", CROSS_ACCOUNT, replace(from_two, identity=[EVERYTHING]), IMPLICIT),
    Rule("a grant alone is not enough", CROSS_ACCOUNT, replace(from_two, on_resource=[grant({"AWS": USER})]), IMPLICIT),
    Rule(
        "grant and identity policy are",
        CROSS_ACCOUNT,
        replace(from_two, identity=[EVERYTHING], on_resource=[grant({"AWS": USER})]),
        ALLOWED,
    ),
    Rule(
        "the public, too, needs its own account's permission",
        PRINCIPAL,
        replace(from_two, on_resource=[grant("*")]),
        IMPLICIT,
    ),
    Rule(
        "a boundary limits across accounts, whomever the resource names",
        CROSS_ACCOUNT,
        replace(from_two, identity=[EVERYTHING], boundary=[OTHER], on_resource=[grant({"AWS": USER})]),
        IMPLICIT,
    ),
    Rule(
        "the documented example: DenyS3Logs on Production-logs",
        CROSS_ACCOUNT,
        Situation(
            USER,
            "s3:PutObject",
            "arn:aws:s3:::Production-logs/x",
            TWO,
            identity=[
                allow("s3:ListAllMyBuckets"),
                allow("s3:*Object*", "arn:aws:s3:::Production/*"),
                deny("s3:*", ["arn:aws:s3:::*log*", "arn:aws:s3:::*log*/*"]),
            ],
        ),
        EXPLICIT,
    ),
    Rule(
        "the documented example: the Production bucket",
        CROSS_ACCOUNT,
        Situation(
            USER,
            "s3:PutObject",
            "arn:aws:s3:::Production/x",
            TWO,
            identity=[
                allow("s3:*Object*", "arn:aws:s3:::Production/*"),
                deny("s3:*", ["arn:aws:s3:::*log*", "arn:aws:s3:::*log*/*"]),
            ],
            on_resource=[{**allow("s3:PutObject*", "arn:aws:s3:::Production/*"), "Principal": {"AWS": USER}}],
        ),
        ALLOWED,
    ),
]

EXCEPTIONS = [
    Rule(
        "NotPrincipal with Deny spares whom it names",
        NOT_PRINCIPAL,
        replace(user, identity=[EVERYTHING], on_resource=[{**deny(), "NotPrincipal": {"AWS": [USER, ROOT]}}]),
        ALLOWED,
    ),
    Rule(
        "and denies everybody else",
        NOT_PRINCIPAL,
        replace(session, identity=[EVERYTHING], on_resource=[{**deny(), "NotPrincipal": {"AWS": USER}}]),
        EXPLICIT,
    ),
    Rule(
        "it always denies principals with a boundary",
        NOT_PRINCIPAL,
        replace(
            user,
            identity=[EVERYTHING],
            boundary=[EVERYTHING],
            on_resource=[{**deny(), "NotPrincipal": {"AWS": [USER, ROOT]}}],
        ),
        EXPLICIT,
    ),
    Rule("a key policy must allow", KEY_POLICIES, replace(key, identity=[EVERYTHING]), IMPLICIT),
    Rule(
        "a key policy that names the account lets identity policies count",
        KEY_POLICIES,
        replace(key, identity=[EVERYTHING], on_resource=[grant({"AWS": ROOT}, "kms:*")]),
        ALLOWED,
    ),
    Rule(
        "without an identity policy that is not enough",
        KEY_POLICIES,
        replace(key, on_resource=[grant({"AWS": ROOT}, "kms:*")]),
        IMPLICIT,
    ),
    Rule(
        "a key policy that names the user is",
        KEY_POLICIES,
        replace(key, on_resource=[grant({"AWS": USER}, "kms:Decrypt")]),
        ALLOWED,
    ),
    Rule(
        "a key policy that only denies others allows nobody",
        KEY_POLICIES,
        replace(key, identity=[EVERYTHING], on_resource=[refuse({"AWS": TWO}, "kms:*")]),
        IMPLICIT,
    ),
    Rule("not even the root user", KEY_POLICIES, replace(key, principal=ROOT), IMPLICIT),
    Rule(
        "a key policy statement without Resource has no effect",
        KEY_POLICIES,
        replace(
            key,
            on_resource=[{"Effect": "Allow", "Action": "kms:*", "Principal": {"AWS": USER}}],
        ),
        IMPLICIT,
    ),
    Rule(
        "a key in another account needs both",
        KEY_POLICIES,
        replace(key, account=TWO, on_resource=[grant({"AWS": ROOT}, "kms:*")]),
        IMPLICIT,
    ),
    Rule(
        "actions without a key need no key policy",
        KEY_POLICIES,
        replace(key, action="kms:ListKeys", resource="*", identity=[EVERYTHING]),
        ALLOWED,
    ),
    Rule(
        "a trust policy must allow",
        EVALUATION,
        replace(assume, identity=[EVERYTHING], on_resource=[trust({"AWS": TWO})]),
        IMPLICIT,
    ),
    Rule(
        "a trust policy for the account needs an identity policy",
        EVALUATION,
        replace(assume, on_resource=[trust({"AWS": ROOT})]),
        IMPLICIT,
    ),
    Rule(
        "with one it is enough",
        EVALUATION,
        replace(assume, identity=[EVERYTHING], on_resource=[trust({"AWS": ROOT})]),
        ALLOWED,
    ),
    Rule(
        "a trust policy for the user is enough",
        EVALUATION,
        replace(assume, on_resource=[trust({"AWS": USER})]),
        ALLOWED,
    ),
    Rule(
        "a trust policy may ask for an external id",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html",
        replace(
            assume,
            account=TWO,
            identity=[EVERYTHING],
            context={"sts:ExternalId": "wrong"},
            on_resource=[trust({"AWS": ROOT}, Condition={"StringEquals": {"sts:ExternalId": "12345"}})],
        ),
        IMPLICIT,
    ),
    Rule(
        "a service assumes its role",
        PRINCIPAL,
        replace(assume, principal="ec2.amazonaws.com", on_resource=[trust({"Service": "ec2.amazonaws.com"})]),
        ALLOWED,
    ),
    Rule(
        "GetCallerIdentity cannot be denied",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html",
        Situation(USER, "sts:GetCallerIdentity", "*", identity=[deny("*")]),
        ALLOWED,
    ),
    Rule(
        "nor GetSessionToken for a user",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html",
        Situation(USER, "sts:GetSessionToken", "*", identity=[deny("*")]),
        ALLOWED,
    ),
    Rule(
        "a bucket policy does not keep its owner's root user from it",
        BUCKET_POLICY,
        Situation(ROOT, "s3:PutBucketPolicy", BUCKET, on_resource=[refuse("*", "s3:*")]),
        ALLOWED,
    ),
    Rule(
        "it does keep others from it",
        BUCKET_POLICY,
        Situation(USER, "s3:PutBucketPolicy", BUCKET, identity=[EVERYTHING], on_resource=[refuse("*", "s3:*")]),
        EXPLICIT,
    ),
    Rule(
        "and so does an organization's policy",
        BUCKET_POLICY,
        Situation(
            ROOT, "s3:PutBucketPolicy", BUCKET, on_resource=[refuse("*", "s3:*")], scps=[[EVERYTHING, deny("s3:*")]]
        ),
        EXPLICIT,
    ),
    Rule(
        "ListAllMyBuckets on all buckets",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html",
        Situation(USER, "s3:ListAllMyBuckets", "*", identity=[allow("s3:ListAllMyBuckets", "arn:aws:s3:::*")]),
        ALLOWED,
    ),
    Rule(
        "not on one of them",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html",
        Situation(USER, "s3:ListAllMyBuckets", "*", identity=[allow("s3:ListAllMyBuckets", "arn:aws:s3:::one")]),
        IMPLICIT,
    ),
    Rule(
        "Block Public Access keeps the public out of a public bucket",
        BLOCK_PUBLIC_ACCESS,
        Situation(Principal.anonymous(), on_resource=[grant("*")], block_public_access=True),
        EXPLICIT,
    ),
    Rule(
        "and principals of other accounts",
        BLOCK_PUBLIC_ACCESS,
        replace(from_two, identity=[EVERYTHING], on_resource=[grant("*")], block_public_access=True),
        EXPLICIT,
    ),
    Rule(
        "not the owner's own",
        BLOCK_PUBLIC_ACCESS,
        replace(user, on_resource=[grant("*")], block_public_access=True),
        ALLOWED,
    ),
    Rule(
        "nor AWS services",
        BLOCK_PUBLIC_ACCESS,
        Situation("lambda.amazonaws.com", on_resource=[grant("*")], block_public_access=True),
        ALLOWED,
    ),
    Rule(
        "a bucket policy with a fixed source is not public",
        BLOCK_PUBLIC_ACCESS,
        replace(
            from_two,
            identity=[EVERYTHING],
            context={"aws:SourceVpce": "vpce-1"},
            on_resource=[grant("*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})],
            block_public_access=True,
        ),
        ALLOWED,
    ),
    Rule(
        "a wildcard in the source makes it public",
        BLOCK_PUBLIC_ACCESS,
        replace(
            from_two,
            identity=[EVERYTHING],
            context={"aws:SourceVpce": "vpce-1"},
            on_resource=[grant("*", Condition={"StringLike": {"aws:SourceVpce": "vpce-*"}})],
            block_public_access=True,
        ),
        EXPLICIT,
    ),
]


def resource_rule(
    says: str, source: str, wanted: object, resource: str, holds: bool, element: str = "Resource"
) -> Rule:
    statement = {"Effect": "Allow", "Action": "*", element: wanted}
    situation = Situation(USER, "s3:GetObject", resource, identity=[statement])
    return Rule(says, source, situation, ALLOWED if holds else IMPLICIT)


B = "arn:aws:s3:::amzn-s3-demo-bucket"
MATCHING = [
    *(
        resource_rule(f"*/test/* matches {tail}", RESOURCE, B + "/*/test/*", f"{B}{tail}", True)
        for tail in (
            "/1/test/object.jpg",
            "/1/2/test/object.jpg",
            "/1/2/test/3/object.jpg",
            "/1/2/3/test/4/object.jpg",
            "/1///test///object.jpg",
            "/1/test/.jpg",
            "//test/object.jpg",
            "/1/test/",
        )
    ),
    *(
        resource_rule(f"*/test/* does not match {tail}", RESOURCE, B + "/*/test/*", f"{B}{tail}", False)
        for tail in ("/1-test/object.jpg", "/test/object.jpg", "/1/2/test.jpg")
    ),
    resource_rule("resources are case-sensitive", RESOURCE, B + "/Key", B + "/key", False),
    resource_rule(
        "* in a segment stays in it", RESOURCE, "arn:aws:sqs:*:111111111111:q", "arn:aws:sqs:eu:111111111111:q", True
    ),
    resource_rule("a bucket is not its objects", RESOURCE, B, B + "/key", False),
    resource_rule("a final * goes on over the colons", RESOURCE, "arn:aws:s3:*", B + "/key", True),
    resource_rule("a final * after part of a segment too", RESOURCE, "arn:aws:sqs:eu-*", "arn:aws:sqs:eu-1:1:q", True),
    resource_rule("a ? before it stays in its segment", RESOURCE, "arn:aws:sqs:eu-1?1*", "arn:aws:sqs:eu-1:1:q", False),
    resource_rule("a * before it too", RESOURCE, "arn:aws:sqs:e*:q*", "arn:aws:sqs:eu-1:1:q", False),
    resource_rule("a wildcard does not stand for a colon", RESOURCE, "arn?aws:s3:::b/key", "arn:aws:s3:::b/key", False),
    resource_rule("nor for several segments", RESOURCE, "arn*:::b/key", "arn:aws:s3:::b/key", False),
    resource_rule("NotResource covers the rest", RESOURCE, B, B + "/key", True, "NotResource"),
    resource_rule("NotResource leaves out what it names", RESOURCE, B + "/*", B + "/key", False, "NotResource"),
    resource_rule(
        "nor what hangs on a variable without value", VARIABLES, B + "/${aws:x}", B + "/key", False, "NotResource"
    ),
    resource_rule(
        "but what is elsewhere anyhow", VARIABLES, B + "/${aws:x}", "arn:aws:sqs:eu:1:q", True, "NotResource"
    ),
    resource_rule(
        "no variables before the fifth colon", VARIABLES, "arn:aws:s3::${aws:x}:b/key", B + "/key", True, "NotResource"
    ),
    resource_rule("NotResource * covers nothing", RESOURCE, "*", B, False, "NotResource"),
    resource_rule("no wildcard in a resource type", ARNS, "arn:aws:iam::1:us?r/bob", "arn:aws:iam::1:user/bob", False),
    Rule(
        "actions are matched without regard to case",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html",
        replace(user, action="S3:getobject", identity=[allow("s3:GETO*")]),
        ALLOWED,
    ),
    Rule(
        "NotAction covers the rest",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html",
        replace(user, identity=[{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]),
        ALLOWED,
    ),
]

RULES = [*BASICS, *LIMITS, *ORGANIZATION, *ACCOUNTS, *EXCEPTIONS, *MATCHING]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_documented_rule_holds(rule: Rule) -> None:
    assert rule.source.startswith("https://docs.aws.amazon.com/")
    assert rule.situation.decide().outcome is rule.outcome, f"{rule.says} ({rule.source})"


def test_situations_are_what_they_say() -> None:
    assert document(EVERYTHING)["Statement"] == [EVERYTHING]
    assert user.resource == OBJECT
