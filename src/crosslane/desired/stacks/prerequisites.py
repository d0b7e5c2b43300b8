"""S1, the stack ``pre-reqs`` in tools: key, alias and artifact bucket, with the policies of ``sharing``."""

from __future__ import annotations

from crosslane.config.model import Config
from crosslane.desired import names
from crosslane.desired.model import Parameter, Stack, Tags
from crosslane.desired.stacks.sharing import bucket_policy, bus_statement, bus_statement_id, key_policy
from crosslane.desired.template import Json, account_parameter, get_att, ref, template
from crosslane.desired.topology import account_parameters, source_is_elsewhere

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
