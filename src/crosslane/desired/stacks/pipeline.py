"""S6, the stack of the pipeline in tools: build project, pipeline, their roles, and the rule that starts it."""

from __future__ import annotations

from crosslane.config.model import Config
from crosslane.desired import artifacts, names
from crosslane.desired.model import Document, Parameter, Stack, Statement, Tags
from crosslane.desired.stacks.events import branch_pattern, events_trust
from crosslane.desired.stacks.parameters import artifact_parameters, artifact_values, boundary_value
from crosslane.desired.stacks.stages import account_variable, pipeline_stages
from crosslane.desired.template import (
    Json,
    account_parameter,
    get_att,
    ref,
    role,
    service_trust,
    sub,
    template,
)
from crosslane.desired.topology import account_parameters, is_tools, source_account, targets

BUILD_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:6.0"
"""Amazon Linux 2023. https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html"""
BUILD_MINUTES = 30
LOG_DAYS = 90


def pipeline_stack(config: Config, tags: Tags, configured: frozenset[str]) -> Stack:
    """The stack of S6, made last: a new pipeline starts itself at once."""
    accounts = account_parameters(config)
    chosen = names.names_of(config)
    resources: Json = {
        "BuildLogs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": names.log_group(config), "RetentionInDays": LOG_DAYS},
        },
        "BuildProjectRole": role(
            chosen.build_role,
            f"Builds the app {config.pipeline.name}",
            build_trust(config),
            f"{config.pipeline.name}-CodeBuildRights",
            build_policy(config),
        ),
        "BuildProject": _project(config),
        "PipeLineRole": role(
            chosen.pipeline_role,
            f"Runs the pipeline {names.pipeline_name(config)}",
            pipeline_service_trust(),
            f"{config.pipeline.name}-codepipeline-rights",
            pipeline_policy(config),
        ),
        "Pipeline": _pipeline(config, configured),
        "StartRole": role(
            names.start_role(config),
            f"Starts the pipeline {names.pipeline_name(config)} when its branch changes",
            events_trust(names.start_rule(config)),
            "StartPipeline",
            start_policy(),
        ),
        "StartRule": _start_rule(config),
    }
    return Stack(
        account=config.tools.name,
        region=config.pipeline.region,
        name=chosen.pipeline_stack,
        level=3,
        guide="S6",
        template=template(
            f"Cross-account pipeline of {config.pipeline.name}",
            {
                **{name: account_parameter(f"Id of the account {account.name}") for name, account in accounts},
                **artifact_parameters(),
            },
            resources,
            {"Pipeline": {"Description": "Name of the pipeline", "Value": ref("Pipeline")}},
        ),
        parameters=(
            *(Parameter(name, account.id) for name, account in accounts),
            *artifact_values(config),
            boundary_value(config, config.tools),
        ),
        capabilities=("CAPABILITY_NAMED_IAM",),
        protected=("Pipeline",),
        tags=tags,
    )


def build_trust(config: Config) -> Document:
    """``aws:SourceArn`` of the project is known to be set by CodeBuild (awslabs/aws-deployment-framework)."""
    project = names.names_of(config).build_project
    return service_trust(
        "codebuild",
        "CodeBuild acts for this project only",
        {
            "ArnEquals": {
                "aws:SourceArn": sub(
                    f"arn:${{AWS::Partition}}:codebuild:${{AWS::Region}}:${{AWS::AccountId}}:project/{project}"
                )
            }
        },
    )


def pipeline_service_trust() -> Document:
    """``aws:SourceAccount`` is known to be set by CodePipeline; nothing shows that ``aws:SourceArn`` is."""
    return service_trust(
        "codepipeline",
        "CodePipeline acts for pipelines of this account only",
        {"StringEquals": {"aws:SourceAccount": sub("${AWS::AccountId}")}},
    )


def build_policy(config: Config) -> Document:
    """What CodeBuild does for a project whose source and artifacts come from CodePipeline.

    https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html (2026-11-24)
    """
    bucket = "arn:${AWS::Partition}:s3:::${S3Bucket}"
    folders = (
        sub(f"{bucket}/{names.artifact_folder(config)}/*"),
        sub(f"{bucket}/{names.package_folder(config)}/*"),
    )
    return Document(
        (
            Statement(
                "WriteLog",
                "Writes the build's log, into its own group only",
                ("logs:CreateLogStream", "logs:PutLogEvents"),
                (
                    sub(
                        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
                        f"{names.log_group(config)}:*"
                    ),
                ),
            ),
            Statement(
                "OwnFolders",
                "Reads the source artifact, writes the build artifact, and puts packaged code aside",
                artifacts.READ_OBJECTS + artifacts.WRITE_OBJECTS,
                folders,
            ),
            artifacts.ask_bucket(sub(bucket)),
            artifacts.encrypt(ref("CMKARN"), "The bucket is encrypted with this key"),
        )
    )


def pipeline_policy(config: Config) -> Document:
    """What CodePipeline does itself: the rest is done by the action roles.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html (2026-11-24)
    """
    bucket = "arn:${AWS::Partition}:s3:::${S3Bucket}"
    chosen = names.names_of(config)
    # By name, not by Fn::GetAtt: CloudFormation then makes the role without waiting for the project.
    project = chosen.build_project
    action_roles = [(source_account(config), chosen.source_role)]
    action_roles += [(target.account, chosen.action_role) for target in targets(config)]
    return Document(
        (
            Statement(
                "AssumeActionRoles",
                "Source and deploy actions run with a role of their own account",
                ("sts:AssumeRole",),
                tuple(
                    sub(f"arn:${{AWS::Partition}}:iam::{account_variable(config, account)}:role/{name}")
                    for account, name in action_roles
                ),
            ),
            Statement(
                "Build",
                "The build action starts the project and waits for it",
                ("codebuild:BatchGetBuilds", "codebuild:StartBuild"),
                (sub(f"arn:${{AWS::Partition}}:codebuild:${{AWS::Region}}:${{AWS::AccountId}}:project/{project}"),),
            ),
            Statement(
                "OwnFolder",
                "Hands artifacts from action to action",
                artifacts.READ_OBJECTS + artifacts.WRITE_OBJECTS,
                (sub(f"{bucket}/{names.artifact_folder(config)}/*"),),
            ),
            artifacts.ask_bucket(sub(bucket)),
            artifacts.encrypt(ref("CMKARN"), "The bucket is encrypted with this key"),
        )
    )


def start_policy() -> Document:
    return Document(
        (
            Statement(
                "StartPipeline",
                "Starts this pipeline when the branch changes",
                ("codepipeline:StartPipelineExecution",),
                (sub("arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}"),),
            ),
        )
    )


def _project(config: Config) -> Json:
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Name": names.names_of(config).build_project,
            "Description": f"Builds and packages the app {config.pipeline.name}",
            "ServiceRole": get_att("BuildProjectRole", "Arn"),
            "EncryptionKey": ref("CMKARN"),
            "Source": {"Type": "CODEPIPELINE"},
            "Artifacts": {"Type": "CODEPIPELINE"},
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "Image": BUILD_IMAGE,
                "EnvironmentVariables": [
                    {"Name": "ARTIFACT_BUCKET", "Value": ref("S3Bucket")},
                    {"Name": "ARTIFACT_KEY", "Value": ref("CMKARN")},
                    {"Name": "ARTIFACT_PREFIX", "Value": names.package_folder(config)},
                ],
            },
            "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": ref("BuildLogs")}},
            "TimeoutInMinutes": BUILD_MINUTES,
        },
    }


def _pipeline(config: Config, configured: frozenset[str]) -> Json:
    return {
        "Type": "AWS::CodePipeline::Pipeline",
        "Properties": {
            "Name": ref("AWS::StackName"),
            "PipelineType": "V2",
            "ExecutionMode": "SUPERSEDED",
            "RoleArn": get_att("PipeLineRole", "Arn"),
            "ArtifactStore": {
                "Type": "S3",
                "Location": ref("S3Bucket"),
                "EncryptionKey": {"Type": "KMS", "Id": ref("CMKARN")},
            },
            "Stages": pipeline_stages(config, configured),
        },
    }


def _start_rule(config: Config) -> Json:
    account = source_account(config)
    own = is_tools(config, account)
    repository = config.pipeline.source.repository
    parameter = {other.id: name for name, other in account_parameters(config)}.get(account.id, "")
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": names.start_rule(config),
            "Description": f"Starts the pipeline on pushes to {repository}",
            "EventPattern": branch_pattern(config, ref("AWS::AccountId") if own else ref(parameter)),
            "State": "ENABLED",
            "Targets": [
                {
                    "Id": "pipeline",
                    "Arn": sub("arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${Pipeline}"),
                    "RoleArn": get_att("StartRole", "Arn"),
                }
            ],
        },
    }
