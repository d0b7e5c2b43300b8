"""What the artifact bucket and the key let each principal do: the statements that several roles share.

The same actions appear in the identity policy of a role and, across accounts, in the bucket's or key's own policy,
because both have to allow a call from another account.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html (2026-11-24)
"""

from __future__ import annotations

from typing import Any

from crosslane.desired.model import Statement

READ_OBJECTS = ("s3:GetObject", "s3:GetObjectVersion")
READ_BUCKET = ("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning")
"""What CodePipeline asks of the bucket itself before it uses it.

https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html (2026-11-24)
"""
WRITE_OBJECTS = ("s3:PutObject",)
WRITE_FROM_ELSEWHERE = ("s3:PutObject", "s3:PutObjectAcl")
"""A source action in another account also sets the ACL ``bucket-owner-full-control`` on what it uploads.

https://github.com/aws/aws-cdk/issues/14260; a bucket with ``BucketOwnerEnforced`` accepts exactly that ACL:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html (2026-11-24)
"""
READ_WITH_KEY = ("kms:Decrypt", "kms:DescribeKey")
WRITE_WITH_KEY = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
"""Uploading needs a data key, and a multipart upload reads its parts again, hence Decrypt.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create-cross-account.html (2026-11-24)
"""


def read_objects(resources: tuple[Any, ...], reason: str, sid: str = "ReadArtifacts") -> Statement:
    return Statement(sid, reason, READ_OBJECTS, resources)


def ask_bucket(bucket: Any) -> Statement:
    return Statement(
        "AskBucket", "CodePipeline checks the bucket's region, owner and versioning first", READ_BUCKET, (bucket,)
    )


def decrypt(key: Any, reason: str) -> Statement:
    return Statement("DecryptWithKey", reason, READ_WITH_KEY, (key,))


def encrypt(key: Any, reason: str) -> Statement:
    return Statement("EncryptWithKey", reason, WRITE_WITH_KEY, (key,))
