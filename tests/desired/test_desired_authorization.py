"""The policies together, judged by the policy engine: each call of a run is allowed, and the neighbouring ones are not.

Across accounts the caller's policy, its boundary, and the policy of bucket, key, bus or role all have to agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from crosslane.config.model import Config, Mode, Stage
from crosslane.desired.build import desired_state
from crosslane.desired.model import Desired
from crosslane.desired.written import written_policies
from crosslane.iam.authorize import decide
from crosslane.iam.document import Policy, PolicyKind
from crosslane.iam.layers import Layers
from crosslane.iam.parse import parse_policy
from crosslane.iam.principal import Principal
from crosslane.iam.request import Request
from tests.desired.guide_config import EVERYWHERE, guide_config
from tests.desired.policy_check import KEY_ID, resolve, variables_of

BUCKET = "pre-reqs-artifactbucket-1abcdefgh"
OBJECTS = f"arn:aws:s3:::{BUCKET}/sample-lambda-pipeli/SourceOutp/abc1234"
PACKAGES = f"arn:aws:s3:::{BUCKET}/packages/sample-lambda/0123abcd"
KEY = f"arn:aws:kms:eu-west-1:111111111111:key/{KEY_ID}"
TOOLS_BUS = "arn:aws:events:eu-west-1:111111111111:event-bus/default"
TLS = {"aws:SecureTransport": "true"}
FROM_CODECOMMIT = {"events:source": "aws.codecommit", "events:detail-type": "CodeCommit Repository State Change"}


@dataclass
class World:
    """Every principal's policies and every resource's policy of a config, as they would be on AWS."""

    config: Config
    identity: dict[str, list[Policy]] = field(default_factory=dict)
    boundary: dict[str, list[Policy]] = field(default_factory=dict)
    trust: dict[str, Policy] = field(default_factory=dict)
    key: Policy | None = None
    bucket: Policy | None = None
    bus: Policy | None = None

    def allows(self, role: str, action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
        """Whether a session of ``role`` (an ARN) may do that."""
        policies = Layers.of(
            self.identity.get(role, ()),
            self._of_resource(action, resource),
            boundary=self.boundary.get(role),
        )
        owner = "111111111111" if resource.startswith("arn:aws:s3") else None
        if ":aws:transform/" in resource:
            owner = role.split(":")[4]  # AWS's own; asked of the caller's account alone
        request = Request.of(Principal.session(role, "run"), action, resource, owner, {**TLS, **(context or {})}, role)
        return decide(request, policies).allowed

    def assumes(self, who: Principal, role: str, context: Mapping[str, str] | None = None, own: str = "") -> bool:
        """Whether ``who``, whose policies are those of the principal ``own``, may assume ``role``."""
        policies = Layers.of(self.identity.get(own, ()), self.trust[role], boundary=self.boundary.get(own))
        request = Request.of(who, "sts:AssumeRole", role, context=context, role_arn=own if ":role/" in own else None)
        return decide(request, policies).allowed

    def _of_resource(self, action: str, resource: str) -> Policy | None:
        match action.split(":")[0]:
            case "s3":
                return self.bucket
            case "kms":
                return self.key
            case "events":
                return self.bus
            case _:
                return None


def parsed(document: Any, kind: PolicyKind) -> Policy:
    return parse_policy(json.dumps(document), kind)


def world_of(config: Config) -> World:
    desired = desired_state(config)
    world = World(config)
    _add_bootstraps(world, desired)
    boundaries = {
        config.account(state.account).id: world.boundary[state.role.arn]
        for state in desired.bootstraps
        if state.role.boundary is not None
    }
    stacks = {(stack.account, stack.name): stack for stack in desired.stacks}
    for policy in written_policies(config, desired):
        if policy.stack is None:
            continue
        stack = stacks[policy.account, policy.stack]
        document = resolve(policy.document.to_json(), variables_of(config, stack, BUCKET))
        account = config.account(policy.account).id
        arn = f"arn:aws:iam::{account}:role/{policy.of.removeprefix('role ')}"
        match policy.kind:
            case "trust policy":
                world.trust[arn] = parsed(document, PolicyKind.TRUST)
                if account in boundaries:
                    world.boundary[arn] = boundaries[account]
            case "inline policy":
                world.identity[arn] = [parsed(document, PolicyKind.IDENTITY)]
            case "key policy":
                world.key = parsed(document, PolicyKind.RESOURCE)
            case "bucket policy":
                world.bucket = parsed(document, PolicyKind.RESOURCE)
            case "event bus policy":
                world.bus = parsed(document, PolicyKind.RESOURCE)
            case other:
                raise AssertionError(other)
    return world


def _add_bootstraps(world: World, desired: Desired) -> None:
    for state in desired.bootstraps:
        documents = {policy.arn: policy.document.to_json() for policy in state.policies}
        for principal in (state.role, state.user):
            if principal is None:
                continue
            world.identity[principal.arn] = [parsed(documents[arn], PolicyKind.IDENTITY) for arn in principal.attached]
            if principal.boundary is not None:
                world.boundary[principal.arn] = [parsed(documents[principal.boundary], PolicyKind.BOUNDARY)]
        world.trust[state.role.arn] = parsed(state.role.trust.to_json(), PolicyKind.TRUST)


def role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account * 12}:role/{name}"


SOURCE = role("2", "ToolsAcctCodePipelineCodeCommitRole")
FORWARD = role("2", "sample-lambda-events-role")
ACTION = role("3", "ToolsAcctCodePipelineCloudFormationRole")
EXECUTION = role("3", "cloudformationdeployer-role")
BUILD = role("1", "sample-lambda-CodeBuildRole")
PIPELINE = role("1", "sample-lambda-codepipeline-role")
START = role("1", "sample-lambda-start-role")
DEPLOYER = role("1", "aws-refarch-cross-account-pipeline-service-role")
APP_STACK = "arn:aws:cloudformation:eu-west-1:333333333333:stack/sample-lambda-test/1"

RUN = [
    (PIPELINE, "codebuild:StartBuild", "arn:aws:codebuild:eu-west-1:111111111111:project/sample-lambda", {}),
    (PIPELINE, "s3:GetObject", OBJECTS, {}),
    (PIPELINE, "s3:PutObject", OBJECTS, {}),
    (PIPELINE, "kms:GenerateDataKey", KEY, {}),
    (PIPELINE, "kms:Decrypt", KEY, {}),
    (SOURCE, "codecommit:UploadArchive", "arn:aws:codecommit:eu-west-1:222222222222:sample-lambda", {}),
    (SOURCE, "s3:PutObject", OBJECTS, {}),
    (SOURCE, "s3:PutObject", OBJECTS, {"s3:x-amz-server-side-encryption-aws-kms-key-id": KEY}),
    (SOURCE, "s3:PutObjectAcl", OBJECTS, {}),
    (SOURCE, "s3:GetBucketVersioning", f"arn:aws:s3:::{BUCKET}", {}),
    (SOURCE, "kms:GenerateDataKey", KEY, {}),
    (BUILD, "s3:GetObject", OBJECTS, {}),
    (BUILD, "s3:PutObject", PACKAGES, {}),
    (BUILD, "kms:GenerateDataKey", KEY, {}),
    (
        BUILD,
        "logs:PutLogEvents",
        "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/codebuild/sample-lambda:log-stream:1",
        {},
    ),
    (ACTION, "s3:GetObject", OBJECTS, {}),
    (ACTION, "kms:Decrypt", KEY, {}),
    (ACTION, "cloudformation:CreateChangeSet", APP_STACK, {}),
    (
        ACTION,
        "cloudformation:CreateChangeSet",
        "arn:aws:cloudformation:eu-west-1:aws:transform/Serverless-2016-10-31",
        {},
    ),
    (ACTION, "cloudformation:ExecuteChangeSet", APP_STACK, {}),
    (ACTION, "iam:PassRole", EXECUTION, {"iam:PassedToService": "cloudformation.amazonaws.com"}),
    (EXECUTION, "s3:GetObject", PACKAGES, {}),
    (EXECUTION, "kms:Decrypt", KEY, {}),
    (
        EXECUTION,
        "lambda:CreateFunction",
        "arn:aws:lambda:eu-west-1:333333333333:function:sample-lambda-test-Function-1",
        {},
    ),
    (FORWARD, "events:PutEvents", TOOLS_BUS, FROM_CODECOMMIT),
    (
        START,
        "codepipeline:StartPipelineExecution",
        "arn:aws:codepipeline:eu-west-1:111111111111:sample-lambda-pipeline",
        {},
    ),
]

BESIDE = [
    ("the source action over plain http", SOURCE, "s3:PutObject", OBJECTS, {"aws:SecureTransport": "false"}),
    (
        "an object under another key",
        SOURCE,
        "s3:PutObject",
        OBJECTS,
        {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:222222222222:key/other"},
    ),
    ("the source action in the folder of packages", SOURCE, "s3:PutObject", PACKAGES, {}),
    ("the source action in another pipeline's folder", SOURCE, "s3:PutObject", f"arn:aws:s3:::{BUCKET}/other/a", {}),
    ("the source action deleting", SOURCE, "s3:DeleteObject", OBJECTS, {}),
    (
        "the source action in another repository",
        SOURCE,
        "codecommit:UploadArchive",
        "arn:aws:codecommit:eu-west-1:222222222222:payroll",
        {},
    ),
    ("the build outside its folders", BUILD, "s3:GetObject", f"arn:aws:s3:::{BUCKET}/other/a", {}),
    ("the build deploying", BUILD, "sts:AssumeRole", ACTION, {}),
    ("the build changing the key", BUILD, "kms:PutKeyPolicy", KEY, {}),
    ("the action role writing", ACTION, "s3:PutObject", OBJECTS, {}),
    ("the action role encrypting", ACTION, "kms:Encrypt", KEY, {}),
    (
        "the action role at another stack",
        ACTION,
        "cloudformation:ExecuteChangeSet",
        "arn:aws:cloudformation:eu-west-1:333333333333:stack/payroll/1",
        {},
    ),
    (
        "the execution role passed elsewhere",
        ACTION,
        "iam:PassRole",
        EXECUTION,
        {"iam:PassedToService": "ec2.amazonaws.com"},
    ),
    (
        "another role passed",
        ACTION,
        "iam:PassRole",
        role("3", "Administrator"),
        {"iam:PassedToService": "cloudformation.amazonaws.com"},
    ),
    ("the execution role writing artifacts", EXECUTION, "s3:PutObject", PACKAGES, {}),
    (
        "the execution role at another function",
        EXECUTION,
        "lambda:DeleteFunction",
        "arn:aws:lambda:eu-west-1:333333333333:function:payroll",
        {},
    ),
    ("the execution role making a role of another name", EXECUTION, "iam:CreateRole", role("3", "Administrator"), {}),
    (
        "the execution role attaching every right",
        EXECUTION,
        "iam:AttachRolePolicy",
        role("3", "sample-lambda-test-FunctionRole-1"),
        {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    (
        "an event that is not CodeCommit's",
        FORWARD,
        "events:PutEvents",
        TOOLS_BUS,
        {"events:source": "mine", "events:detail-type": "CodeCommit Repository State Change"},
    ),
    (
        "the start role at another pipeline",
        START,
        "codepipeline:StartPipelineExecution",
        "arn:aws:codepipeline:eu-west-1:111111111111:payroll",
        {},
    ),
    (
        "the pipeline deciding an approval",
        PIPELINE,
        "codepipeline:PutApprovalResult",
        "arn:aws:codepipeline:eu-west-1:111111111111:sample-lambda-pipeline/A/A",
        {},
    ),
    ("the deployer reading artifacts", DEPLOYER, "kms:Decrypt", KEY, {}),
]

WORLDS = {
    "tools bootstrapped": world_of(guide_config()),
    "all bootstrapped": world_of(guide_config(bootstrapped=EVERYWHERE)),
    "keyless": world_of(guide_config(Mode.KEYLESS, EVERYWHERE)),
    "guide": world_of(guide_config(Mode.GUIDE)),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize(("who", "action", "resource", "context"), RUN)
def test_each_call_of_a_run_is_allowed(
    world: World, who: str, action: str, resource: str, context: dict[str, str]
) -> None:
    assert world.allows(who, action, resource, context)


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize(("what", "who", "action", "resource", "context"), BESIDE, ids=[row[0] for row in BESIDE])
def test_what_lies_beside_is_not(
    world: World, what: str, who: str, action: str, resource: str, context: dict[str, str]
) -> None:
    assert not world.allows(who, action, resource, context)


def test_another_administrator_of_a_target_account_gets_neither_artifacts_nor_key() -> None:
    world = WORLDS["tools bootstrapped"]
    stranger = role("3", "Administrator")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    world.identity[stranger] = [parsed(everything, PolicyKind.IDENTITY)]
    assert not world.allows(stranger, "s3:GetObject", OBJECTS)
    assert not world.allows(stranger, "kms:Decrypt", KEY)
    in_tools = role("1", "Administrator")
    world.identity[in_tools] = world.identity[stranger]
    assert not world.allows(in_tools, "kms:Decrypt", KEY)
    assert world.allows(in_tools, "kms:PutKeyPolicy", KEY)


@pytest.mark.parametrize("target", [SOURCE, ACTION, role("4", "ToolsAcctCodePipelineCloudFormationRole")])
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_only_the_pipeline_assumes_the_action_roles(world: World, target: str) -> None:
    assert world.assumes(Principal.session(PIPELINE, "run"), target, own=PIPELINE)
    assert not world.assumes(Principal.session(BUILD, "run"), target, own=BUILD)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    stranger = role("1", "Administrator")
    world.identity[stranger] = [parsed(everything, PolicyKind.IDENTITY)]
    assert not world.assumes(Principal.session(stranger, "run"), target, own=stranger)


@pytest.mark.parametrize(
    ("service", "target", "good", "bad"),
    [
        ("codepipeline", PIPELINE, {"aws:SourceAccount": "111111111111"}, {"aws:SourceAccount": "999999999999"}),
        ("cloudformation", EXECUTION, {"aws:SourceAccount": "333333333333"}, {}),
        (
            "codebuild",
            BUILD,
            {"aws:SourceArn": "arn:aws:codebuild:eu-west-1:111111111111:project/sample-lambda"},
            {"aws:SourceArn": "arn:aws:codebuild:eu-west-1:111111111111:project/other"},
        ),
        (
            "events",
            START,
            {
                "aws:SourceAccount": "111111111111",
                "aws:SourceArn": "arn:aws:events:eu-west-1:111111111111:rule/sample-lambda-start",
            },
            {"aws:SourceAccount": "111111111111", "aws:SourceArn": "arn:aws:events:eu-west-1:111111111111:rule/other"},
        ),
    ],
)
def test_services_act_for_us_alone(service: str, target: str, good: dict[str, str], bad: dict[str, str]) -> None:
    world = WORLDS["tools bootstrapped"]
    who = Principal.service(f"{service}.amazonaws.com")
    assert world.assumes(who, target, good)
    assert not world.assumes(who, target, bad)
    assert not world.assumes(Principal.service("ec2.amazonaws.com"), target, good)


def test_in_mode_least_the_user_becomes_the_deployer_and_nobody_else_does() -> None:
    world = WORLDS["tools bootstrapped"]
    user = "arn:aws:iam::111111111111:user/admin"
    assert world.assumes(Principal.parse(user), DEPLOYER, own=user)
    other = "arn:aws:iam::111111111111:user/other"
    world.identity[other] = world.identity[user]
    assert not world.assumes(Principal.parse(other), DEPLOYER, own=other)


@pytest.mark.parametrize("place", ["", "/eu-west-1"])
def test_in_mode_keyless_the_sign_in_becomes_the_deployer_whatever_its_suffix(place: str) -> None:
    world = WORLDS["keyless"]
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

    def may(path: str, name: str) -> bool:
        arn = f"arn:aws:iam::111111111111:role/{path}{name}"
        world.identity[arn] = [parsed(everything, PolicyKind.IDENTITY)]
        session = Principal.parse(f"arn:aws:sts::111111111111:assumed-role/{name}/person")
        return world.assumes(session, DEPLOYER, own=arn)

    reserved = f"aws-reserved/sso.amazonaws.com{place}/"
    assert may(reserved, "AWSReservedSSO_AdministratorAccess_0123456789abcdef")
    assert may(reserved, "AWSReservedSSO_AdministratorAccess_fedcba9876543210")
    assert not may(reserved, "AWSReservedSSO_ReadOnly_0123456789abcdef")
    assert not may("", "AWSReservedSSO_AdministratorAccess_0123456789abcdef")


def test_tools_as_every_account_runs_too() -> None:
    world = world_of(guide_config(source="tools", stages=(Stage("test", "tools"),)))
    source, action, execution = (role("1", name.rpartition("/")[2]) for name in (SOURCE, ACTION, EXECUTION))
    assert world.assumes(Principal.session(PIPELINE, "run"), source, own=PIPELINE)
    assert world.assumes(Principal.session(PIPELINE, "run"), action, own=PIPELINE)
    for who, call, resource in (
        (source, "s3:PutObject", OBJECTS),
        (source, "kms:GenerateDataKey", KEY),
        (action, "s3:GetObject", OBJECTS),
        (action, "kms:Decrypt", KEY),
        (execution, "s3:GetObject", PACKAGES),
        (execution, "lambda:CreateFunction", "arn:aws:lambda:eu-west-1:111111111111:function:sample-lambda-test-F-1"),
    ):
        assert world.allows(who, call, resource), (who, call)


def test_in_a_bootstrapped_target_the_apps_roles_need_the_boundary() -> None:
    function_role = role("3", "sample-lambda-test-FunctionRole-1")
    boundary = {
        "iam:PermissionsBoundary": "arn:aws:iam::333333333333:policy/aws-refarch-cross-account-pipeline-boundary"
    }
    everywhere, tools_only = WORLDS["all bootstrapped"], WORLDS["tools bootstrapped"]
    assert everywhere.allows(EXECUTION, "iam:CreateRole", function_role, boundary)
    assert not everywhere.allows(EXECUTION, "iam:CreateRole", function_role)
    assert tools_only.allows(EXECUTION, "iam:CreateRole", function_role)
    assert everywhere.allows(EXECUTION, "iam:PassRole", function_role, {"iam:PassedToService": "lambda.amazonaws.com"})
