"""Who may use key, artifact bucket and event bus of tools: their resource policies, inside the template of S1.

They grant to account principals and narrow by ``aws:PrincipalArn``, so that no role has to exist before them
(docs/adr/0001-one-pass.md).
"""

from __future__ import annotations

from typing import Any

from crosslane.config.model import Account, Config
from crosslane.desired import artifacts, names
from crosslane.desired.model import Document, Statement
from crosslane.desired.template import Json, get_att, sub
from crosslane.desired.topology import (
    account_parameters,
    is_tools,
    source_account,
    source_is_elsewhere,
    targets,
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
    return Document((*_refusals(), *_to_source(config), *_to_targets(config)))


def _refusals() -> tuple[Statement, ...]:
    return (
        Statement(
            "RefusePlainHttp",
            "Artifacts hold code and may hold secrets: they travel over TLS only",
            ("s3:*",),
            (_BUCKET, sub("${ArtifactBucket.Arn}/*")),
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
    )


def _to_source(config: Config) -> tuple[Statement, ...]:
    if not source_is_elsewhere(config):
        return ()
    source = [(source_account(config), names.names_of(config).source_role)]
    return (
        _granted(
            config,
            "WriteFromSource",
            "The source action writes the code of the repository and hands it to the bucket's owner by an ACL",
            artifacts.READ_OBJECTS + artifacts.WRITE_FROM_ELSEWHERE,
            (_artifact_objects(config),),
            source,
        ),
        _granted(config, "AskFromSource", _ASKING, artifacts.READ_BUCKET, (_BUCKET,), source),
    )


def _to_targets(config: Config) -> tuple[Statement, ...]:
    readers = [(account, role) for account, role in _target_roles(config) if not is_tools(config, account)]
    if not readers:
        return ()
    actors = [(account, role) for account, role in readers if role == names.names_of(config).action_role]
    package_objects = sub(f"${{ArtifactBucket.Arn}}/{names.package_folder(config)}/*")
    return (
        _granted(
            config,
            "ReadFromTargets",
            "The action role reads the template, the execution role the code of Lambda functions",
            artifacts.READ_OBJECTS,
            (_artifact_objects(config), package_objects),
            readers,
        ),
        _granted(config, "AskFromTargets", _ASKING, artifacts.READ_BUCKET, (_BUCKET,), actors),
    )


def _artifact_objects(config: Config) -> Json:
    return sub(f"${{ArtifactBucket.Arn}}/{names.artifact_folder(config)}/*")


def bus_statement(config: Config) -> Statement:
    """What the default bus of tools lets the source account do: hand over events of CodeCommit, nothing else.

    One call can carry several events, so both keys have several values; ``Null`` is there because ``ForAllValues``
    holds for none at all. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html (2026-11-24)
    """
    return Statement(
        "CodeCommitEvents",
        "CodePipeline is no target across accounts, so pushes reach the pipeline over the bus of tools",
        ("events:PutEvents",),
        (sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"),),
        principal={"AWS": _root(config, source_account(config))},
        condition={
            "ForAllValues:StringEquals": {
                "events:source": ["aws.codecommit"],
                "events:detail-type": ["CodeCommit Repository State Change"],
            },
            "Null": {"events:source": "false", "events:detail-type": "false"},
        },
    )


def bus_statement_id(config: Config) -> str:
    """Unique on the bus, so that several pipelines can share it; at most 64 characters."""
    return names.source_rule(config)


_BUCKET: Json = get_att(names.ARTIFACT_BUCKET_LOGICAL_ID, "Arn")

_ASKING = "CodePipeline checks the bucket's region, owner and versioning first"

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
