"""The stacks: the script's names, one pass in three levels, and the odd placements of accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosslane.config.model import Account, Config, Mode, Names, Stage
from crosslane.desired.build import desired_state, stacks_of
from crosslane.desired.model import OutputOf, Stack
from crosslane.errors import UsageError
from tests.desired.guide_config import ACCOUNTS, EVERYWHERE, guide_config
from tests.desired.policy_check import roles_of, strings


def stack_of(config: Config, account: str, name: str) -> Stack:
    (found,) = [one for one in stacks_of(config) if (one.account, one.name) == (account, name)]
    return found


def resources(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.template)["Resources"]
    return found


def types(stack: Stack) -> set[str]:
    return {resource["Type"] for resource in resources(stack).values()}


def stage_list(config: Config) -> list[dict[str, Any]]:
    stack = stack_of(config, "tools", "sample-lambda-pipeline")
    found: list[dict[str, Any]] = resources(stack)["Pipeline"]["Properties"]["Stages"]
    return found


def test_the_guides_config_gives_the_scripts_stacks_in_three_levels() -> None:
    assert [(one.account, one.name, one.level, one.guide) for one in stacks_of(guide_config())] == [
        ("tools", "pre-reqs", 1, "S1"),
        ("dev", "toolsacct-codepipeline-role", 2, "S3"),
        ("test", "toolsacct-codepipeline-cloudformation-role", 2, "S4"),
        ("prod", "toolsacct-codepipeline-cloudformation-role", 2, "S5"),
        ("tools", "sample-lambda-pipeline", 3, "S6"),
    ]


def test_the_guides_config_gives_the_scripts_role_names() -> None:
    config = guide_config()
    names = [name for one in stacks_of(config) for name in roles_of(config, one, "bucket")]
    assert {name.split("/")[-1] for name in names} >= {
        "ToolsAcctCodePipelineCodeCommitRole",
        "ToolsAcctCodePipelineCloudFormationRole",
        "cloudformationdeployer-role",
        "sample-lambda-CodeBuildRole",
        "sample-lambda-codepipeline-role",
    }


def test_the_guides_config_gives_the_scripts_five_stages() -> None:
    assert [stage["Name"] for stage in stage_list(guide_config())] == [
        "Source",
        "Build",
        "DeployToTest",
        "ApproveDeployProd",
        "DeployToProduction",
    ]


def test_the_scripts_parameters_are_kept() -> None:
    stack = stack_of(guide_config(), "tools", "sample-lambda-pipeline")
    assert {parameter.name: parameter.value for parameter in stack.parameters} == {
        "DevAccount": "222222222222",
        "TestAccount": "333333333333",
        "ProductionAccount": "444444444444",
        "CMKARN": OutputOf("tools", "pre-reqs", "CMK"),
        "S3Bucket": OutputOf("tools", "pre-reqs", "ArtifactBucket"),
        "PermissionsBoundary": "arn:aws:iam::111111111111:policy/aws-refarch-cross-account-pipeline-boundary",
    }
    target = stack_of(guide_config(), "test", "toolsacct-codepipeline-cloudformation-role")
    assert [parameter.name for parameter in target.parameters] == [
        "ToolsAccount",
        "CMKARN",
        "S3Bucket",
        "PermissionsBoundary",
    ]


@pytest.mark.parametrize("bootstrapped", [("tools",), EVERYWHERE])
@pytest.mark.parametrize("mode", list(Mode))
def test_roles_carry_the_boundary_exactly_where_the_bootstrap_makes_one(
    mode: Mode, bootstrapped: tuple[str, ...]
) -> None:
    config = guide_config(mode, bootstrapped)
    for stack in stacks_of(config):
        given = {parameter.name: parameter.value for parameter in stack.parameters}.get("PermissionsBoundary")
        if "AWS::IAM::Role" not in types(stack):
            assert given is None
            continue
        account = config.account(stack.account)
        wanted = f"arn:aws:iam::{account.id}:policy/aws-refarch-cross-account-pipeline-boundary"
        assert given == (wanted if mode is not Mode.GUIDE and stack.account in bootstrapped else "")
        for resource in resources(stack).values():
            if resource["Type"] == "AWS::IAM::Role":
                assert "PermissionsBoundary" in resource["Properties"]


def test_every_parameter_has_a_value_and_every_value_a_parameter() -> None:
    for stack in stacks_of(guide_config(bootstrapped=EVERYWHERE)):
        declared = json.loads(stack.template).get("Parameters", {})
        assert set(declared) == {parameter.name for parameter in stack.parameters}


def test_outputs_are_taken_only_from_stacks_of_an_earlier_level() -> None:
    stacks = stacks_of(guide_config())
    levels = {(one.account, one.name): one.level for one in stacks}
    outputs = {(one.account, one.name): set(json.loads(one.template).get("Outputs", {})) for one in stacks}
    for stack in stacks:
        for parameter in stack.parameters:
            if isinstance(parameter.value, OutputOf):
                source = (parameter.value.account, parameter.value.stack)
                assert levels[source] < stack.level
                assert parameter.value.key in outputs[source]


def test_artifacts_are_encrypted_with_a_key_arn_never_an_alias() -> None:
    pipeline = resources(stack_of(guide_config(), "tools", "sample-lambda-pipeline"))["Pipeline"]["Properties"]
    assert pipeline["ArtifactStore"]["EncryptionKey"] == {"Type": "KMS", "Id": {"Ref": "CMKARN"}}
    assert pipeline["PipelineType"] == "V2"
    assert pipeline["ExecutionMode"] == "SUPERSEDED"


def test_every_cross_account_action_has_the_role_of_its_account() -> None:
    config = guide_config()
    actions = {action["Name"]: action for stage in stage_list(config) for action in stage["Actions"]}
    assert actions["App"]["RoleArn"] == {
        "Fn::Sub": "arn:${AWS::Partition}:iam::${DevAccount}:role/ToolsAcctCodePipelineCodeCommitRole"
    }
    assert actions["App"]["Configuration"]["PollForSourceChanges"] == "false"
    for word, parameter in (("Test", "TestAccount"), ("Production", "ProductionAccount")):
        create, execute = actions[f"CreateChangeSet{word}"], actions[f"DeployChangeSet{word}"]
        role = f"arn:${{AWS::Partition}}:iam::${{{parameter}}}:role/ToolsAcctCodePipelineCloudFormationRole"
        assert create["RoleArn"] == execute["RoleArn"] == {"Fn::Sub": role}
        assert create["Configuration"]["RoleArn"]["Fn::Sub"].endswith("role/cloudformationdeployer-role")
        assert create["Configuration"]["StackName"] == f"sample-lambda-{word.lower()}"
        assert create["Configuration"]["ChangeSetName"] == f"sample-lambda-{word.lower()}"
        assert create["RunOrder"] < execute["RunOrder"]
    assert "RoleArn" not in actions["Build"]


def test_key_and_bucket_survive_the_stack() -> None:
    found = resources(stack_of(guide_config(), "tools", "pre-reqs"))
    for logical_id in ("KMSKey", "ArtifactBucket"):
        assert found[logical_id]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert found[logical_id]["UpdateReplacePolicy"] == "Retain"
    assert found["KMSKey"]["Properties"]["EnableKeyRotation"] is True


def test_old_artifacts_go_but_code_that_a_rollback_reads_again_stays() -> None:
    bucket = resources(stack_of(guide_config(), "tools", "pre-reqs"))["ArtifactBucket"]["Properties"]
    expiring = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule]
    assert [rule["Prefix"] for rule in expiring] == ["sample-lambda-pipeli"]
    assert not "packages/sample-lambda/x".startswith(expiring[0]["Prefix"])
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["BucketKeyEnabled"] is True


def test_parameters_of_a_stage_are_taken_where_the_app_keeps_some() -> None:
    (*_, stack) = stacks_of(guide_config(), frozenset({"production"}))
    stages = {stage["Name"]: stage for stage in resources(stack)["Pipeline"]["Properties"]["Stages"]}
    for name, wanted in (("DeployToTest", None), ("DeployToProduction", "BuildOutput::production.json")):
        create, execute = stages[name]["Actions"]
        assert create["Configuration"].get("TemplateConfiguration") == wanted
        assert "TemplateConfiguration" not in execute["Configuration"]


def test_what_must_not_be_replaced_is_named() -> None:
    for stack in stacks_of(guide_config()):
        for logical_id in stack.protected:
            assert logical_id in resources(stack)
    protected = {logical_id for stack in stacks_of(guide_config()) for logical_id in stack.protected}
    assert protected == {"KMSKey", "ArtifactBucket", "Pipeline"}


def test_source_events_take_four_parts_when_the_source_is_another_account() -> None:
    config = guide_config()
    assert "AWS::Events::EventBusPolicy" in types(stack_of(config, "tools", "pre-reqs"))
    source = resources(stack_of(config, "dev", "toolsacct-codepipeline-role"))
    assert source["ForwardRule"]["Properties"]["Targets"][0]["Arn"]["Fn::Sub"].endswith("event-bus/default")
    assert "ForwardRole" in source
    start = resources(stack_of(config, "tools", "sample-lambda-pipeline"))["StartRule"]["Properties"]
    assert start["EventPattern"]["account"] == [{"Ref": "DevAccount"}]
    assert start["EventPattern"]["detail"]["referenceName"] == ["main"]


def test_tools_as_source_needs_no_forwarding_and_listens_to_its_own_bus() -> None:
    config = guide_config(source="tools")
    assert "AWS::Events::EventBusPolicy" not in types(stack_of(config, "tools", "pre-reqs"))
    assert set(resources(stack_of(config, "tools", "toolsacct-codepipeline-role"))) == {"Role"}
    start = resources(stack_of(config, "tools", "sample-lambda-pipeline"))["StartRule"]["Properties"]
    assert start["EventPattern"]["account"] == [{"Ref": "AWS::AccountId"}]
    statements = resources(stack_of(config, "tools", "pre-reqs"))["ArtifactBucketPolicy"]["Properties"]
    assert "WriteFromSource" not in json.dumps(statements)


def test_tools_as_target_gets_the_target_stack_too() -> None:
    config = guide_config(stages=(Stage("production", "tools"),))
    stack = stack_of(config, "tools", "toolsacct-codepipeline-cloudformation-role")
    assert stack.level == 2
    (create, _) = stage_list(config)[-1]["Actions"]
    assert create["RoleArn"]["Fn::Sub"].startswith("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/")


def test_two_stages_of_one_account_share_its_target_stack() -> None:
    config = guide_config(stages=(Stage("blue", "prod", approval=True), Stage("green", "prod", approval=True)))
    targets = [one for one in stacks_of(config) if one.guide in ("S4", "S5")]
    assert [one.account for one in targets] == ["prod"]
    assert "stack/sample-lambda-blue/*" in targets[0].template
    assert "stack/sample-lambda-green/*" in targets[0].template
    names = [stage["Name"] for stage in stage_list(config)]
    assert names[2:] == ["ApproveDeployProd", "DeployToBlue", "ApproveDeployToGreen", "DeployToGreen"]


def test_two_names_for_one_account_id_do_not_make_two_stacks_of_one_name() -> None:
    accounts = (*ACCOUNTS[:3], Account("prod", "333333333333", "prod"))
    stacks = stacks_of(guide_config(accounts=accounts))
    ids = {one.name: one.id for one in accounts}
    places = [(ids[stack.account], stack.name) for stack in stacks]
    assert len(places) == len(set(places)) == 4


def test_the_third_target_account_stands_for_no_row_of_the_guide() -> None:
    accounts = (*ACCOUNTS, Account("canary", "555555555555"))
    stages = (Stage("test", "test"), Stage("canary", "canary"), Stage("production", "prod"))
    targets = [one for one in stacks_of(guide_config(accounts=accounts, stages=stages)) if one.level == 2][1:]
    assert [(one.account, one.guide) for one in targets] == [("test", "S4"), ("canary", "S5"), ("prod", None)]


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "cn-north-1"])
@pytest.mark.parametrize("mode", list(Mode))
def test_no_other_partition_is_named(region: str, mode: Mode) -> None:
    config = guide_config(mode, EVERYWHERE, region=region)
    desired = desired_state(config)
    for stack in desired.stacks:
        for text in strings(json.loads(stack.template)):
            assert "arn:aws" not in text
    for state in desired.bootstraps:
        for document in (*(policy.document for policy in state.policies), state.role.trust):
            for text in strings(document.to_json()):
                assert not text.startswith("arn:") or text.startswith(f"arn:{config.partition}:")


def test_a_chosen_bucket_name_is_used() -> None:
    config = guide_config(names=Names(bucket="our-artifacts"))
    bucket = resources(stack_of(config, "tools", "pre-reqs"))["ArtifactBucket"]["Properties"]
    assert bucket["BucketName"] == "our-artifacts"
    assert "BucketName" not in resources(stack_of(guide_config(), "tools", "pre-reqs"))["ArtifactBucket"]["Properties"]


def test_placeholders_of_names_are_filled_in_everywhere() -> None:
    config = guide_config(names=Names(key_alias="{pipeline}-key", execution_role="{pipeline}-deployer"))
    text = "".join(stack.template for stack in stacks_of(config))
    assert "{pipeline}" not in text
    assert "alias/sample-lambda-key" in text
    assert "sample-lambda-deployer" in text


@pytest.mark.parametrize("name", ["sample-lambda-start-role", "Sample-Lambda-START-role"])
def test_two_roles_of_one_name_are_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(UsageError, match="two roles") as caught:
        desired_state(guide_config(names=Names(build_role=name)))
    assert (caught.value.code, caught.value.account) == ("DuplicateName", "tools")
    assert caught.value.next
