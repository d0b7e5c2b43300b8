"""The deployer's rights on key and artifact bucket.

The key's ARN is random, so the narrowest that can be said before it exists is "a key of this account"; what could
harm another key also asks for this pipeline's tag. Tags may take five minutes to count for KMS
(https://docs.aws.amazon.com/kms/latest/developerguide/abac.html, 2026-11-24), so what CloudFormation calls right
after it made the key does not ask for it.
"""

from __future__ import annotations

from crosslane.config.model import Account, Config
from crosslane.desired import names
from crosslane.desired.bootstrap.made import Made
from crosslane.desired.model import PIPELINE_TAG, Statement


def key(config: Config, account: Account, made: Made) -> list[Statement]:
    """AWS::KMS::Key."""
    keys = names.arn(config, "kms", account, "key/*")
    ours = config.pipeline.name
    return [
        Statement(
            "MakeKey",
            "Makes a key, only with this pipeline's tag; the action knows no resource",
            ("kms:CreateKey",),
            ("*",),
            condition={"StringEquals": {f"aws:RequestTag/{PIPELINE_TAG}": ours}},
        ),
        Statement(
            "TagKey",
            "Tags the key while it is made, only with this pipeline's tag",
            ("kms:TagResource",),
            (keys,),
            condition={"StringEquals": {f"aws:RequestTag/{PIPELINE_TAG}": ours}},
        ),
        Statement(
            "SetUpKey",
            "Turns rotation on and reads the key right after it was made",
            (
                "kms:DescribeKey",
                "kms:EnableKeyRotation",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:ListResourceTags",
            ),
            (keys,),
        ),
        Statement(
            "ChangeKey",
            "Changes the policy of this pipeline's key, and schedules its deletion when data is to go too",
            (
                "kms:DisableKey",
                "kms:DisableKeyRotation",
                "kms:EnableKey",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ),
            (keys,),
            condition={"StringEquals": {f"aws:ResourceTag/{PIPELINE_TAG}": ours}},
        ),
    ]


def alias(config: Config, account: Account, made: Made) -> list[Statement]:
    """AWS::KMS::Alias. These actions ask for the alias and for the key behind it."""
    aliases = tuple(names.arn(config, "kms", account, name) for name in made.names)
    return [
        Statement(
            "Alias",
            "Gives the key its alias",
            ("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"),
            (*aliases, names.arn(config, "kms", account, "key/*")),
        ),
        Statement(
            "FindAlias",
            "The alias's read handler lists aliases; the action knows no resource",
            ("kms:ListAliases",),
            ("*",),
        ),
    ]


def bucket(config: Config, account: Account, made: Made) -> list[Statement]:
    """AWS::S3::Bucket. The read handler asks for every configuration, set or not, hence ``Get*`` of the bucket."""
    arn = names.bucket_arn(config)
    return [
        Statement(
            "Bucket",
            "Makes the artifact bucket, sets what the template sets, reads it back, and lists it to empty it",
            (
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:GetAccelerateConfiguration",
                "s3:GetAnalyticsConfiguration",
                "s3:GetBucket*",
                "s3:GetEncryptionConfiguration",
                "s3:GetIntelligentTieringConfiguration",
                "s3:GetInventoryConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetMetricsConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
                "s3:ListTagsForResource",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:TagResource",
                "s3:UntagResource",
            ),
            (arn,),
        ),
        Statement(
            "EmptyBucket",
            "Removes every version when data is to go too",
            ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"),
            (f"{arn}/*",),
        ),
        Statement(
            "LongTemplates",
            "Puts templates over 51,200 bytes where CloudFormation reads them with the same rights",
            ("s3:GetObject", "s3:PutObject"),
            (f"{arn}/{names.TEMPLATE_PREFIX}/*",),
        ),
    ]


def bucket_policy(config: Config, account: Account, made: Made) -> list[Statement]:
    """AWS::S3::BucketPolicy; reading it is part of the bucket's statement."""
    return [
        Statement(
            "BucketPolicy",
            "Says who may use the artifact bucket",
            ("s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"),
            (names.bucket_arn(config),),
        )
    ]
