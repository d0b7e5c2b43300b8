"""The deployer's rights against what CloudFormation's registry says that the handlers of our resource types call."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources as package_resources
from pathlib import Path
from typing import Any

import pytest

from crosslane.config.model import Config, Mode, SignIn
from crosslane.desired import names
from crosslane.desired.bootstrap.deployer import deployer_document
from crosslane.desired.bootstrap.made import made_by
from crosslane.desired.bootstrap.policies import user_document
from crosslane.desired.build import desired_state, stacks_of
from crosslane.desired.model import BootstrapState, Document, Stack
from tests.desired.guide_config import EVERYWHERE, STAGES, guide_config
from tests.desired.policy_check import decide

BUCKET = "arn:aws:s3:::pre-reqs-artifactbucket-1abcdefgh"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/0a0b0c0d"

UNSET: dict[str, set[str]] = {
    "AWS::KMS::Key": set(),
    "AWS::S3::Bucket": {
        # Properties that the template does not set: website, CORS, logging, replication, object lock, inventory,
        # metrics, analytics, tiering, acceleration, notification, ABAC, metadata tables, a canned ACL.
        "iam:PassRole",
        "s3:CreateBucketMetadataTableConfiguration",
        "s3:DeleteBucketAnalyticsConfiguration",
        "s3:DeleteBucketCors",
        "s3:DeleteBucketEncryption",
        "s3:DeleteBucketLifecycle",
        "s3:DeleteBucketMetadataTableConfiguration",
        "s3:DeleteBucketMetricsConfiguration",
        "s3:DeleteBucketReplication",
        "s3:DeleteBucketWebsite",
        "s3:PutAccelerateConfiguration",
        "s3:PutAnalyticsConfiguration",
        "s3:PutBucketAbac",
        "s3:PutBucketAcl",
        "s3:PutBucketCORS",
        "s3:PutBucketLogging",
        "s3:PutBucketNotification",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketReplication",
        "s3:PutBucketWebsite",
        "s3:PutIntelligentTieringConfiguration",
        "s3:PutInventoryConfiguration",
        "s3:PutMetricsConfiguration",
        "s3:PutObjectAcl",
        "s3:PutObjectLockConfiguration",
        "s3:PutReplicationConfiguration",
        "s3:UpdateBucketMetadataAnnotationTableConfiguration",
        "s3:UpdateBucketMetadataInventoryTableConfiguration",
        "s3:UpdateBucketMetadataJournalTableConfiguration",
    },
    # No managed policies are attached to the stacks' roles; a boundary, once set, stays.
    "AWS::IAM::Role": {"iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRolePermissionsBoundary"},
    # No connection, no disabled stage transitions.
    "AWS::CodePipeline::Pipeline": {
        "codepipeline:DisableStageTransition",
        "codepipeline:EnableStageTransition",
        "codestar-connections:PassConnection",
    },
    # No data protection, index or resource policy, no key, no delivery elsewhere, no bearer tokens.
    "AWS::Logs::LogGroup": {
        "firehose:TagDeliveryStream",
        "logs:AssociateKmsKey",
        "logs:CreateLogDelivery",
        "logs:DeleteDataProtectionPolicy",
        "logs:DeleteIndexPolicy",
        "logs:DeleteResourcePolicy",
        "logs:DisassociateKmsKey",
        "logs:PutBearerTokenAuthentication",
        "logs:PutDataProtectionPolicy",
        "logs:PutIndexPolicy",
        "logs:PutLogGroupDeletionProtection",
        "logs:PutResourcePolicy",
        "s3:REST.PUT.OBJECT",
    },
}
"""What a handler's schema lists but does not call for the properties that our templates set."""

NO_HANDLER = {"AWS::CodeBuild::Project"}
"""Types whose schema says nothing of permissions."""


@cache
def handler_permissions(kind: str) -> frozenset[str]:
    """Every permission in the registry's schema of a resource type, for create, read, update and delete."""
    root = Path(str(package_resources.files("cfnlint"))) / "data" / "schemas"
    digest = json.loads((root / "providers" / "eu-west-1.json").read_text())[kind]
    schema = json.loads((root / "resources" / f"{digest}.json").read_text())
    handlers: dict[str, Any] = schema.get("handlers", {})
    tagging = schema.get("tagging") or {}
    return frozenset(
        [
            *(one for name, handler in handlers.items() if name != "list" for one in handler["permissions"]),
            *(tagging.get("permissions", []) if kind != "AWS::S3::Bucket" else []),
        ]
    )


def resource_of(config: Config, stack: Stack, kind: str, action: str) -> str:
    """A real ARN that the handler's call would be about, or ``*`` where the action knows none."""
    account = config.account(stack.account)
    made = {one.type: one.names for one in made_by([stack])}
    unresourced = {
        "kms:CreateKey",
        "kms:ListAliases",
        "logs:DescribeLogGroups",
        "logs:DescribeIndexPolicies",
        "logs:DescribeResourcePolicies",
        "events:PutPermission",
        "events:RemovePermission",
    }
    if action in unresourced:
        return "*"
    match kind:
        case "AWS::S3::Bucket" | "AWS::S3::BucketPolicy":
            return f"{BUCKET}/key" if "Object" in action else BUCKET
        case "AWS::KMS::Key":
            return KEY
        case "AWS::KMS::Alias":
            return names.arn(config, "kms", account, made[kind][0])
        case "AWS::IAM::Role":
            return names.role_arn(config, account, made[kind][0])
        case "AWS::Events::EventBusPolicy":
            return names.arn(config, "events", account, "event-bus/default")
        case "AWS::Events::Rule" if action == "iam:PassRole":
            role = names.start_role(config) if stack.level == 3 else names.forward_role(config)
            return names.role_arn(config, account, role)
        case "AWS::Events::Rule":
            return names.arn(config, "events", account, f"rule/{made[kind][0]}")
        case "AWS::Logs::LogGroup":
            return names.arn(config, "logs", account, f"log-group:{made[kind][0]}:*")
        case "AWS::CodePipeline::Pipeline" if action.startswith("iam:"):
            return names.role_arn(config, account, "sample-lambda-codepipeline-role")
        case "AWS::CodePipeline::Pipeline":
            return names.pipeline_arn(config)
    raise AssertionError(kind)


def context_of(config: Config, stack: Stack, kind: str) -> dict[str, str]:
    """The context of a handler's call: our tags, the boundary, the service that a role is passed to."""
    account = config.account(stack.account)
    service = {"AWS::Events::Rule": "events", "AWS::CodePipeline::Pipeline": "codepipeline"}.get(kind, "none")
    return {
        "aws:RequestTag/crosslane:pipeline": config.pipeline.name,
        "aws:ResourceTag/crosslane:pipeline": config.pipeline.name,
        "iam:PermissionsBoundary": names.boundary_arn(config, account),
        "iam:PassedToService": f"{service}.amazonaws.com",
    }


@pytest.mark.parametrize("mode", list(Mode))
def test_every_handler_of_every_resource_can_do_its_work_with_the_deployers_rights(mode: Mode) -> None:
    config = guide_config(mode, EVERYWHERE)
    desired = desired_state(config)
    for stack in desired.stacks:
        (state,) = [one for one in desired.bootstraps if one.account == stack.account]
        policies = [policy.document for policy in state.policies if policy.arn in state.role.attached]
        for made in made_by([stack]):
            for action in sorted(handler_permissions(made.type) - UNSET.get(made.type, set())):
                if action.startswith("s3tables:") or made.type in NO_HANDLER:
                    continue
                if action == "iam:PutRolePermissionsBoundary" and mode is Mode.GUIDE:
                    continue  # there is none
                resource = resource_of(config, stack, made.type, action)
                context = context_of(config, stack, made.type)
                answers = {decide(policy, action, resource, context) for policy in policies}
                assert "allow" in answers, (stack.name, made.type, action, resource)


def test_a_resource_type_without_known_rights_is_not_overlooked() -> None:
    config = guide_config()
    stack = stacks_of(config)[0]
    body = json.loads(stack.template)
    body["Resources"]["Queue"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    grown = Stack(stack.account, stack.region, stack.name, 1, None, json.dumps(body), (), (), (), ())
    with pytest.raises(KeyError, match="AWS::SQS::Queue"):
        deployer_document(config, config.tools, [grown])


def deployer(
    mode: Mode = Mode.LEAST, bootstrapped: tuple[str, ...] = ("tools",)
) -> tuple[BootstrapState, list[Document]]:
    (state, *_) = desired_state(guide_config(mode, bootstrapped)).bootstraps
    return state, [policy.document for policy in state.policies if policy.arn in state.role.attached]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateRole", "arn:aws:iam::111111111111:role/anything"),
        ("iam:CreateRole", "arn:aws:iam::111111111111:role/sample-lambda-CodeBuildRole"),
        ("cloudformation:DeleteStack", "arn:aws:cloudformation:eu-west-1:111111111111:stack/payroll/1"),
        ("s3:DeleteBucket", "arn:aws:s3:::payroll"),
        ("s3:GetObject", f"{BUCKET}/sample-lambda-pipeli/SourceOutp/abc"),
        ("kms:Decrypt", KEY),
        ("kms:ScheduleKeyDeletion", KEY),
        ("codepipeline:PutApprovalResult", "arn:aws:codepipeline:eu-west-1:111111111111:sample-lambda-pipeline/A/A"),
        ("codecommit:GitPush", "arn:aws:codecommit:eu-west-1:222222222222:sample-lambda"),
        ("sts:AssumeRole", "arn:aws:iam::333333333333:role/ToolsAcctCodePipelineCloudFormationRole"),
        ("iam:CreateAccessKey", "arn:aws:iam::111111111111:user/admin"),
        ("iam:PassRole", "arn:aws:iam::111111111111:role/sample-lambda-CodeBuildRole"),
    ],
)
def test_the_deployer_cannot(action: str, resource: str) -> None:
    _, policies = deployer()
    assert all(decide(policy, action, resource, {}) == "implicit" for policy in policies)


def test_the_policies_are_in_order_boundary_then_user_then_deployer() -> None:
    state, _ = deployer()
    base = "aws-refarch-cross-account-pipeline-sts-and-cloudformation-policy"
    assert [policy.name for policy in state.policies] == [
        "aws-refarch-cross-account-pipeline-boundary",
        f"{base}-user",
        base,
        f"{base}-2",
    ]
    assert state.role.attached == tuple(policy.arn for policy in state.policies[2:])
    assert state.user is not None
    assert state.user.attached == (state.policies[1].arn,)
    assert state.user.boundary == state.role.boundary == state.policies[0].arn
    assert [policy.guide for policy in state.policies] == [None, None, "G5", None]
    assert (state.user.guide, state.role.guide) == ("G4", "G7")


def test_mode_guide_is_the_document_to_the_letter() -> None:
    state, policies = deployer(Mode.GUIDE)
    assert state.user is not None
    assert state.user.attached == state.role.attached
    assert [policy.name for policy in state.policies] == [
        "aws-refarch-cross-account-pipeline-sts-and-cloudformation-policy"
    ]
    (trust,) = state.role.trust.to_json()["Statement"]
    assert trust == {
        "Sid": "TrustAccount",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": ["sts:AssumeRole"],
    }
    (first, *_) = policies[0].statements
    assert set(first.actions) == {"iam:ListRoles", "sts:AssumeRole", "cloudformation:*", "s3:CreateBucket", "kms:*"}
    assert first.resources == ("*",)


def test_mode_least_trusts_the_user_and_mode_keyless_the_permission_set() -> None:
    def trust(config: Config) -> Any:
        (statement,) = desired_state(config).bootstraps[0].role.trust.to_json()["Statement"]
        assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
        return statement["Condition"]

    user = "arn:aws:iam::111111111111:user/admin"
    assert trust(guide_config()) == {"ArnEquals": {"aws:PrincipalArn": user}}
    sso = "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_{}_*"
    keyless = guide_config(Mode.KEYLESS)
    assert trust(keyless) == {"ArnLike": {"aws:PrincipalArn": sso.format("AdministratorAccess")}}
    chosen = guide_config(Mode.KEYLESS, sign_in=SignIn(permission_set="Deploy"))
    assert trust(chosen) == {"ArnLike": {"aws:PrincipalArn": sso.format("Deploy")}}


def test_the_role_of_the_sign_in_names_the_permission_set_where_the_config_does_not() -> None:
    state = desired_state(guide_config(Mode.KEYLESS), sso_role_name="AWSReservedSSO_Power_Users_0123456789abcdef")
    (trust,) = state.bootstraps[0].role.trust.statements
    assert trust.condition == {
        "ArnLike": {
            "aws:PrincipalArn": "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com*/"
            "AWSReservedSSO_Power_Users_*"
        }
    }


@pytest.mark.parametrize("mode", list(Mode))
def test_the_profiles_are_named_after_the_accounts_own(mode: Mode) -> None:
    state, _ = deployer(mode)
    assert state.session_profile.name == "tools_admin_deployer"
    assert state.session_profile.session_name == "AWSCLI-Session"
    assert state.session_profile.seconds == 3600
    if mode is Mode.KEYLESS:
        assert (state.user, state.key_profile, state.session_profile.source) == (None, None, None)
        return
    assert state.key_profile is not None
    assert (state.key_profile.name, state.key_profile.region, state.key_profile.output) == (
        "tools_admin",
        "eu-west-1",
        "json",
    )
    assert state.session_profile.source == "tools_admin"


def test_the_users_key_is_good_for_the_role_and_itself_only() -> None:
    config = guide_config()
    policy = user_document(config, config.tools)
    user = "arn:aws:iam::111111111111:user/admin"
    role = names.deployer_arn(config, config.tools)
    assert decide(policy, "sts:AssumeRole", role, {}) == "allow"
    assert decide(policy, "iam:CreateAccessKey", user, {}) == "allow"
    assert decide(policy, "sts:AssumeRole", "arn:aws:iam::111111111111:role/other", {}) == "implicit"
    assert decide(policy, "iam:CreateAccessKey", "arn:aws:iam::111111111111:user/other", {}) == "implicit"
    assert decide(policy, "iam:AttachUserPolicy", user, {}) == "implicit"


def test_only_the_deployer_of_the_source_account_makes_the_repository() -> None:
    desired = desired_state(guide_config(bootstrapped=EVERYWHERE))
    repository = desired.repository.arn
    able = {
        state.account
        for state in desired.bootstraps
        for policy in state.policies
        if decide(policy.document, "codecommit:CreateRepository", repository, {}) == "allow"
        and policy.arn in state.role.attached
    }
    assert able == {"dev"}


def test_the_deployer_reads_why_its_accounts_app_was_not_deployed_and_changes_nothing_of_it() -> None:
    config = guide_config(bootstrapped=EVERYWHERE)
    account = config.account("test")
    policy = deployer_document(config, account, [one for one in stacks_of(config) if one.account == "test"])
    app = f"arn:aws:cloudformation:eu-west-1:{account.id}:stack/sample-lambda-{{}}/id"
    assert decide(policy, "cloudformation:DescribeStackEvents", app.format("test"), {}) == "allow"
    assert decide(policy, "cloudformation:DescribeStackEvents", app.format("production"), {}) == "implicit"
    assert decide(policy, "cloudformation:DeleteStack", app.format("test"), {}) == "implicit"


def test_plan_tells_what_each_mode_leaves_open() -> None:
    found = {mode: {one.id for one in desired_state(guide_config(mode)).cautions} for mode in Mode}
    assert found[Mode.GUIDE] >= {"guide-wide-policy", "guide-account-trust", "long-lived-key"}
    assert found[Mode.LEAST] >= {"long-lived-key"}
    assert found[Mode.KEYLESS] >= {"keyless-default-permission-set"}
    assert all("default-execution-policy" in ids for ids in found.values())
    idle = desired_state(guide_config(bootstrapped=EVERYWHERE, source="tools", stages=STAGES)).cautions
    assert [one.account for one in idle if one.id == "nothing-to-deploy"] == ["dev"]
