"""S4 and S5, the stack in a target account: the action role for the pipeline and the execution role for the app."""

from __future__ import annotations

from crosslane.config.model import Config
from crosslane.desired import artifacts, names
from crosslane.desired.model import Document, Stack, Statement, Tags
from crosslane.desired.stacks.execution import execution_policy
from crosslane.desired.stacks.parameters import boundary_value, shared_parameters, shared_values
from crosslane.desired.stacks.trust import pipeline_trust
from crosslane.desired.template import Json, ref, role, service_trust, sub, template
from crosslane.desired.topology import Target

_GUIDE_ROWS = ("S4", "S5")


def target_stack(config: Config, target: Target, position: int, tags: Tags) -> Stack:
    """The stack of the target account at ``position`` (0-based): the guide knows the first two only."""
    chosen = names.names_of(config)
    resources: Json = {
        "CFDeployerRole": role(
            chosen.execution_role,
            f"CloudFormation makes the app {config.pipeline.name} with this role",
            execution_trust(),
            "cloudformationdeployer-rights",
            execution_policy(config, target),
        ),
        "CFRole": role(
            chosen.action_role,
            f"Deploy actions of the pipeline {names.pipeline_name(config)}",
            pipeline_trust(config),
            "ToolsAcctCodePipelineCloudFormationRights",
            action_policy(config, target),
        ),
    }
    return Stack(
        account=target.account.name,
        region=config.pipeline.region,
        name=chosen.target_stack,
        level=2,
        guide=_GUIDE_ROWS[position] if position < len(_GUIDE_ROWS) else None,
        template=template(
            "Target of a cross-account pipeline: the roles that deploy the app", shared_parameters(), resources
        ),
        parameters=(*shared_values(config), boundary_value(config, target.account)),
        capabilities=("CAPABILITY_NAMED_IAM",),
        protected=(),
        tags=tags,
    )


def execution_trust() -> Document:
    """``aws:SourceAccount`` is known to be set by CloudFormation (awslabs/aws-deployment-framework relies on it)."""
    return service_trust(
        "cloudformation",
        "CloudFormation acts for stacks of this account only",
        {"StringEquals": {"aws:SourceAccount": sub("${AWS::AccountId}")}},
    )


def action_policy(config: Config, target: Target) -> Document:
    """What the deploy actions CHANGE_SET_REPLACE and CHANGE_SET_EXECUTE do.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html (2026-11-24)
    """
    stacks = tuple(
        sub(
            "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/"
            f"{names.app_stack(config, stage)}/*"
        )
        for stage in target.stages
    )
    bucket = "arn:${AWS::Partition}:s3:::${S3Bucket}"
    # By name, not by Fn::GetAtt: CloudFormation then makes both roles side by side.
    execution_role = names.names_of(config).execution_role
    return Document(
        (
            Statement(
                "DeployApp",
                "Makes the change set anew and executes it, for this app's stacks only",
                (
                    "cloudformation:CreateChangeSet",
                    "cloudformation:DeleteChangeSet",
                    "cloudformation:DescribeChangeSet",
                    "cloudformation:DescribeStackEvents",
                    "cloudformation:DescribeStacks",
                    "cloudformation:ExecuteChangeSet",
                ),
                stacks,
            ),
            Statement(
                "ExpandServerless",
                "A change set of a SAM template also asks for the transform",
                ("cloudformation:CreateChangeSet",),
                (sub("arn:${AWS::Partition}:cloudformation:${AWS::Region}:aws:transform/Serverless-2016-10-31"),),
            ),
            Statement(
                "PassExecutionRole",
                "Hands the execution role to CloudFormation, and to no other service",
                ("iam:PassRole",),
                (sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{execution_role}"),),
                condition={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
            ),
            artifacts.read_objects(
                (sub(f"{bucket}/{names.artifact_folder(config)}/*"),), "Reads the packaged template"
            ),
            artifacts.ask_bucket(sub(bucket)),
            artifacts.decrypt(ref("CMKARN"), "Artifacts are encrypted with this key"),
        )
    )
