"""The stages of the pipeline: Source, Build, and for each stage of the config an approval, if wanted, and a deploy.

Names follow the script: the guide's config gives Source, Build, DeployToTest, ApproveDeployProd,
DeployToProduction.
"""

from __future__ import annotations

from crosslane.config.model import Account, Config, Stage
from crosslane.desired import names
from crosslane.desired.template import Json, ref, sub
from crosslane.desired.topology import account_parameters, capitalised, is_tools, source_account, unused

SOURCE_ARTIFACT = "SourceOutput"
BUILD_ARTIFACT = "BuildOutput"
PACKAGED_TEMPLATE = "packaged-template.yml"
"""The build artifact's file that is deployed: the app's buildspec has to write it."""


def stage_names(config: Config) -> tuple[tuple[Stage, str | None, str], ...]:
    """For each stage of the config: it, the name of its approval stage or None, the name of its deploy stage.

    An approval is named after the account that it guards, as in the script; where two stages of one account are
    guarded, the second is named after itself.
    """
    taken = {"Source", "Build"}
    found = []
    for stage in config.stages:
        approval = None
        if stage.approval:
            approval = f"ApproveDeploy{capitalised(stage.account)}"
            if approval in taken:
                approval = unused(f"ApproveDeployTo{capitalised(stage.name)}", taken)
            taken.add(approval)
        deploy = unused(f"DeployTo{capitalised(stage.name)}", taken)
        taken.add(deploy)
        found.append((stage, approval, deploy))
    return tuple(found)


def pipeline_stages(config: Config, configured: frozenset[str]) -> list[Json]:
    """The property ``Stages`` of the pipeline; ``configured`` as for ``desired_state``."""
    stages = [
        {"Name": "Source", "Actions": [_source(config)]},
        {"Name": "Build", "Actions": [_build()]},
    ]
    for stage, approval, deploy in stage_names(config):
        if approval is not None:
            stages.append({"Name": approval, "Actions": [_approve(config, stage, approval)]})
        stages.append({"Name": deploy, "Actions": _deploy(config, stage, configured)})
    return stages


def account_variable(config: Config, account: Account) -> str:
    """The account's id as a variable of ``Fn::Sub`` in the pipeline's template."""
    if is_tools(config, account):
        return "${AWS::AccountId}"
    by_id = {other.id: name for name, other in account_parameters(config)}
    return f"${{{by_id[account.id]}}}"


def _role(config: Config, account: Account, role: str) -> Json:
    return sub(f"arn:${{AWS::Partition}}:iam::{account_variable(config, account)}:role/{role}")


def _action(name: str, category: str, provider: str, configuration: Json, order: int = 1, **more: object) -> Json:
    return {
        "Name": name,
        "ActionTypeId": {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"},
        "Configuration": configuration,
        "RunOrder": order,
        **more,
    }


def _source(config: Config) -> Json:
    source = config.pipeline.source
    return _action(
        "App",
        "Source",
        "CodeCommit",
        {
            "RepositoryName": source.repository,
            "BranchName": source.branch,
            "OutputArtifactFormat": "CODE_ZIP",
            "PollForSourceChanges": "false",
        },
        OutputArtifacts=[{"Name": SOURCE_ARTIFACT}],
        RoleArn=_role(config, source_account(config), names.names_of(config).source_role),
    )


def _build() -> Json:
    return _action(
        "Build",
        "Build",
        "CodeBuild",
        {"ProjectName": ref("BuildProject")},
        InputArtifacts=[{"Name": SOURCE_ARTIFACT}],
        OutputArtifacts=[{"Name": BUILD_ARTIFACT}],
    )


def _approve(config: Config, stage: Stage, name: str) -> Json:
    return _action(
        name,
        "Approval",
        "Manual",
        {"CustomData": f"Deploys {config.pipeline.name} to {stage.name} (account {stage.account}) when approved"},
    )


def _deploy(config: Config, stage: Stage, configured: frozenset[str]) -> list[Json]:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html (2026-11-24)"""
    chosen = names.names_of(config)
    account = config.account(stage.account)
    name = names.app_stack(config, stage)
    place: Json = {
        "StackName": name,
        "ChangeSetName": name,
    }
    parameters: Json = {}
    if stage.name in configured:
        parameters["TemplateConfiguration"] = f"{BUILD_ARTIFACT}::{stage.name}.json"
    word = capitalised(stage.name)
    action_role = _role(config, account, chosen.action_role)
    return [
        _action(
            f"CreateChangeSet{word}",
            "Deploy",
            "CloudFormation",
            {
                "ActionMode": "CHANGE_SET_REPLACE",
                **place,
                "TemplatePath": f"{BUILD_ARTIFACT}::{PACKAGED_TEMPLATE}",
                **parameters,
                "Capabilities": "CAPABILITY_NAMED_IAM,CAPABILITY_AUTO_EXPAND",
                "RoleArn": _role(config, account, chosen.execution_role),
            },
            InputArtifacts=[{"Name": BUILD_ARTIFACT}],
            RoleArn=action_role,
        ),
        _action(
            f"DeployChangeSet{word}",
            "Deploy",
            "CloudFormation",
            {"ActionMode": "CHANGE_SET_EXECUTE", **place},
            order=2,
            RoleArn=action_role,
        ),
    ]
