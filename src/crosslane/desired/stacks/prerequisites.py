"""S1, the stack ``pre-reqs`` in tools: key, alias, artifact bucket and who may use them, and the event bus policy.

Key and bucket policies grant to account principals and narrow by ``aws:PrincipalArn``, so that no role has to exist
before them (docs/adr/0001-one-pass.md).
"""

from __future__ import annotations

from typing import Any

from crosslane.config.model import Account, Config
from crosslane.desired import artifacts, names
from crosslane.desired.model import Document, Parameter, Stack, Statement, Tags
from crosslane.desired.template import Json, account_parameter, get_att, ref, sub, template
from crosslane.desired.topology import (
    account_parameters,
    is_tools,
    source_account,
    source_is_elsewhere,
    targets,
)

KEY_OUTPUT = "CMK"
BUCKET_OUTPUT = "ArtifactBucket"

OLD_ARTIFACT_DAYS = 90
"""A run older than this is started anew rather than rolled back to; its artifacts are removed."""
OLD_VERSION_DAYS = 30
ABANDONED_UPLOAD_DAYS = 7


def prerequisites_stack(config: Config, tags: Tags) -> Stack:
    """The stack of S1."""
    accounts = account_parameters(config)
    resources: Json = {
        "KMSKey": _key(config),
        "KMSAlias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {
                "AliasName": f"alias/{names.names_of(config).key_alias}",
                "TargetKeyId": ref("KMSKey"),
            },
        },
        names.ARTIFACT_BUCKET_LOGICAL_ID: _bucket(config),
        "ArtifactBucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": ref(names.ARTIFACT_BUCKET_LOGICAL_ID),
                "PolicyDocument": bucket_policy(config).to_json(),
            },
        },
    }
    if source_is_elsewhere(config):
        resources["SourceEventsPolicy"] = _bus_policy(config)
    text = template(
        "Key, artifact bucket and event bus policy of a cross-account pipeline",
        {name: account_parameter(f"Id of the account {account.name}") for name, account in accounts},
        resources,
        {
            KEY_OUTPUT: {"Description": "ARN of the key", "Value": get_att("KMSKey", "Arn")},
            BUCKET_OUTPUT: {
                "Description": "Name of the artifact bucket",
                "Value": ref(names.ARTIFACT_BUCKET_LOGICAL_ID),
            },
        },
        boundary=False,
    )
    return Stack(
        account=config.tools.name,
        region=config.pipeline.region,
        name=names.names_of(config).prerequisites_stack,
        level=1,
        guide="S1",
        template=text,
        parameters=tuple(Parameter(name, account.id) for name, account in accounts),
        capabilities=(),
        protected=("KMSKey", names.ARTIFACT_BUCKET_LOGICAL_ID),
        tags=tags,
    )


def key_policy(config: Config) -> Document:
    """The key's policy. ``Resource: *`` in a key policy means this key.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html (2026-11-24)
    """
    chosen = names.names_of(config)
    administer = Statement(
        "AdministerKey",
        "Without the account's own administration the key could never be changed or removed; using the key is not"
        " part of it",
        _ADMINISTRATION,
        ("*",),
        principal={"AWS": _root(config, config.tools)},
    )
    return Document(
        (
            administer,
            _granted(
                config,
                "UseFromTools",
                "Pipeline and build write and read artifacts",
                artifacts.WRITE_WITH_KEY,
                ("*",),
                [(config.tools, chosen.pipeline_role), (config.tools, chosen.build_role)],
            ),
            _granted(
                config,
                "EncryptFromSource",
                "The source action writes the code of the repository to the bucket",
                artifacts.WRITE_WITH_KEY,
                ("*",),
                [(source_account(config), chosen.source_role)],
            ),
            _granted(
                config,
                "DecryptFromTargets",
                "The action role reads the template, the execution role the code of Lambda functions",
                artifacts.READ_WITH_KEY,
                ("*",),
                _target_roles(config),
            ),
        )
    )


def bucket_policy(config: Config) -> Document:
    """The artifact bucket's policy. Roles of tools need no statement: their own policies are enough there."""
    bucket: Json = get_att(names.ARTIFACT_BUCKET_LOGICAL_ID, "Arn")
    artifact_objects = sub(f"${{ArtifactBucket.Arn}}/{names.artifact_folder(config)}/*")
    package_objects = sub(f"${{ArtifactBucket.Arn}}/{names.package_folder(config)}/*")
    statements = [
        Statement(
            "RefusePlainHttp",
            "Artifacts hold code and may hold secrets: they travel over TLS only",
            ("s3:*",),
            (bucket, sub("${ArtifactBucket.Arn}/*")),
            effect="Deny",
            principal="*",
            condition={"Bool": {"aws:SecureTransport": "false"}},
        ),
        Statement(
            "RefuseOtherKeys",
            "An object under another KMS key could not be read by the other accounts",
            ("s3:PutObject",),
            (sub("${ArtifactBucket.Arn}/*"),),
            effect="Deny",
            principal="*",
            condition={
                # A request that names no key gets the bucket's own; a negated operator alone would deny it too.
                "Null": {_KEY_HEADER: "false"},
                "ArnNotEquals": {_KEY_HEADER: get_att("KMSKey", "Arn")},
            },
        ),
    ]
    readers = [(account, role) for account, role in _target_roles(config) if not is_tools(config, account)]
    if source_is_elsewhere(config):
        source = [(source_account(config), names.names_of(config).source_role)]
        statements.append(
            _granted(
                config,
                "WriteFromSource",
                "The source action writes the code of the repository and hands it to the bucket's owner by an ACL",
                artifacts.READ_OBJECTS + artifacts.WRITE_FROM_ELSEWHERE,
                (artifact_objects,),
                source,
            )
        )
        statements.append(
            _granted(
                config,
                "AskFromSource",
                "CodePipeline checks the bucket's region, owner and versioning first",
                artifacts.READ_BUCKET,
                (bucket,),
                source,
            )
        )
    if readers:
        statements.append(
            _granted(
                config,
                "ReadFromTargets",
                "The action role reads the template, the execution role the code of Lambda functions",
                artifacts.READ_OBJECTS,
                (artifact_objects, package_objects),
                readers,
            )
        )
        statements.append(
            _granted(
                config,
                "AskFromTargets",
                "CodePipeline checks the bucket's region, owner and versioning first",
                artifacts.READ_BUCKET,
                (bucket,),
                [(account, role) for account, role in readers if role == names.names_of(config).action_role],
            )
        )
    return Document(tuple(statements))


def bus_statement(config: Config) -> Statement:
    """What the default bus of tools lets the source account do: hand over events of CodeCommit, nothing else.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html (2026-11-24)
    """
    return Statement(
        "CodeCommitEvents",
        "CodePipeline is no target across accounts, so pushes reach the pipeline over the bus of tools",
        ("events:PutEvents",),
        (sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"),),
        principal={"AWS": _root(config, source_account(config))},
        condition={
            "StringEquals": {
                "events:source": "aws.codecommit",
                "events:detail-type": "CodeCommit Repository State Change",
            }
        },
    )


_KEY_HEADER = "s3:x-amz-server-side-encryption-aws-kms-key-id"

_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""As in AWS's own default for administrators, without grants to others.

https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html (2026-11-24)
"""


def _key(config: Config) -> Json:
    return {
        "Type": "AWS::KMS::Key",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "Description": f"Artifacts of the pipeline {names.pipeline_name(config)}",
            "EnableKeyRotation": True,
            "KeyPolicy": key_policy(config).to_json(),
        },
    }


def _bucket(config: Config) -> Json:
    bucket = names.names_of(config).bucket
    properties: Json = {} if bucket is None else {"BucketName": bucket}
    properties |= {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": True,
                    "ServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": get_att("KMSKey", "Arn"),
                    },
                }
            ]
        },
        "LifecycleConfiguration": {"Rules": _lifecycle(config)},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "VersioningConfiguration": {"Status": "Enabled"},
    }
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _lifecycle(config: Config) -> list[Json]:
    """Removes artifacts that no run needs any more, and versions that nothing refers to.

    The build's packages stay: CloudFormation reads a function's former code again when an update of the app fails and
    is rolled back, however long ago that was deployed.
    """
    return [
        {
            "Id": "RemoveOldArtifacts",
            "Status": "Enabled",
            "Prefix": names.artifact_folder(config).rstrip("*"),
            "ExpirationInDays": OLD_ARTIFACT_DAYS,
        },
        {
            "Id": "RemoveOldVersions",
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSION_DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_UPLOAD_DAYS},
        },
    ]


def _bus_policy(config: Config) -> Json:
    statement = bus_statement(config)
    return {
        "Type": "AWS::Events::EventBusPolicy",
        "Properties": {
            "EventBusName": "default",
            "StatementId": bus_statement_id(config),
            "Statement": {**statement.to_json(), "Sid": bus_statement_id(config)},
        },
    }


def bus_statement_id(config: Config) -> str:
    """Unique on the bus, so that several pipelines can share it; at most 64 characters."""
    return names.source_rule(config)


def _target_roles(config: Config) -> list[tuple[Account, str]]:
    chosen = names.names_of(config)
    return [
        (target.account, role) for target in targets(config) for role in (chosen.action_role, chosen.execution_role)
    ]


def _id(config: Config, account: Account) -> str:
    """The account's id as a variable of ``Fn::Sub``."""
    if is_tools(config, account):
        return "${AWS::AccountId}"
    by_id = {other.id: name for name, other in account_parameters(config)}
    return f"${{{by_id[account.id]}}}"


def _root(config: Config, account: Account) -> Json:
    return sub(f"arn:${{AWS::Partition}}:iam::{_id(config, account)}:root")


def _granted(
    config: Config,
    sid: str,
    reason: str,
    actions: tuple[str, ...],
    resources: tuple[Any, ...],
    roles: list[tuple[Account, str]],
) -> Statement:
    """A grant to ``roles``, through their accounts' principals."""
    accounts = {account.id: account for account, _ in roles}
    return Statement(
        sid,
        reason,
        actions,
        resources,
        principal={"AWS": [_root(config, account) for account in accounts.values()]},
        condition={
            "ArnEquals": {
                "aws:PrincipalArn": [
                    sub(f"arn:${{AWS::Partition}}:iam::{_id(config, account)}:role/{role}") for account, role in roles
                ]
            }
        },
    )
