"""S3, the stack in the source account: the role of the source action, and what forwards pushes to tools."""

from __future__ import annotations

from crosslane.config.model import Config
from crosslane.desired import artifacts, names
from crosslane.desired.model import Document, Stack, Statement, Tags
from crosslane.desired.stacks.events import branch_pattern, events_trust
from crosslane.desired.stacks.parameters import boundary_value, shared_parameters, shared_values
from crosslane.desired.stacks.trust import pipeline_trust
from crosslane.desired.template import Json, get_att, ref, role, sub, template
from crosslane.desired.topology import source_account, source_is_elsewhere


def source_stack(config: Config, tags: Tags) -> Stack:
    """The stack of S3; if tools is the source account itself, its rule needs no forwarding."""
    account = source_account(config)
    chosen = names.names_of(config)
    resources: Json = {
        "Role": role(
            chosen.source_role,
            f"Source action of the pipeline {names.pipeline_name(config)}",
            pipeline_trust(config),
            "ToolsAcctCodePipelineCodeCommitRights",
            source_policy(config),
        )
    }
    if source_is_elsewhere(config):
        resources |= {
            "ForwardRole": role(
                names.forward_role(config),
                f"Forwards pushes to {config.pipeline.source.repository} to the account of the pipeline",
                events_trust(names.source_rule(config)),
                "PutEvents",
                forward_policy(),
            ),
            "ForwardRule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "Name": names.source_rule(config),
                    "Description": f"Pushes to {config.pipeline.source.repository}, for the pipeline in tools",
                    "EventPattern": branch_pattern(config, sub("${AWS::AccountId}")),
                    "State": "ENABLED",
                    "Targets": [
                        {
                            "Id": "tools",
                            "Arn": sub(_TOOLS_BUS),
                            "RoleArn": get_att("ForwardRole", "Arn"),
                        }
                    ],
                },
            },
        }
    return Stack(
        account=account.name,
        region=config.pipeline.region,
        name=chosen.source_stack,
        level=2,
        guide="S3",
        template=template(
            "Source of a cross-account pipeline: its role, and events of the repository",
            shared_parameters(),
            resources,
        ),
        parameters=(*shared_values(config), boundary_value(config, account)),
        capabilities=("CAPABILITY_NAMED_IAM",),
        protected=(),
        tags=tags,
    )


def source_policy(config: Config) -> Document:
    """What the source action does.

    https://docs.aws.amazon.com/codecommit/latest/userguide/auth-and-access-control-permissions-reference.html#aa-acp
    (2026-11-24)
    """
    objects = sub(f"arn:${{AWS::Partition}}:s3:::${{S3Bucket}}/{names.artifact_folder(config)}/*")
    writes = artifacts.WRITE_FROM_ELSEWHERE if source_is_elsewhere(config) else artifacts.WRITE_OBJECTS
    return Document(
        (
            Statement(
                "ReadRepository",
                "Finds the branch's newest commit and has CodeCommit pack it",
                (
                    "codecommit:CancelUploadArchive",
                    "codecommit:GetBranch",
                    "codecommit:GetCommit",
                    "codecommit:GetRepository",
                    "codecommit:GetUploadArchiveStatus",
                    "codecommit:UploadArchive",
                ),
                (
                    sub(
                        "arn:${AWS::Partition}:codecommit:${AWS::Region}:${AWS::AccountId}:"
                        + config.pipeline.source.repository
                    ),
                ),
            ),
            Statement(
                "WriteArtifacts",
                "Puts the packed code into the pipeline's folder; from another account with an ACL for the owner",
                artifacts.READ_OBJECTS + writes,
                (objects,),
            ),
            artifacts.ask_bucket(sub("arn:${AWS::Partition}:s3:::${S3Bucket}")),
            artifacts.encrypt(ref("CMKARN"), "The bucket is encrypted with this key"),
        )
    )


def forward_policy() -> Document:
    return Document(
        (
            Statement(
                "PutEvents",
                "Hands pushes to the bus of tools, where a rule starts the pipeline",
                ("events:PutEvents",),
                (sub(_TOOLS_BUS),),
            ),
        )
    )


_TOOLS_BUS = "arn:${AWS::Partition}:events:${AWS::Region}:${ToolsAccount}:event-bus/default"
