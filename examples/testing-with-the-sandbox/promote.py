"""Promotes a build: copies an object from the build account's bucket to production's, as a role of production."""

from __future__ import annotations

import boto3

EXTERNAL_ID = "promote"


def promote(source_bucket: str, key: str, target_bucket: str, role_arn: str) -> str:
    """Copies ``key`` under the same name and returns the version's ETag in the target bucket.

    The caller's own credentials do nothing but assume ``role_arn``; the role reads the one bucket and writes the other.
    """
    sts = boto3.client("sts")
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="promote", ExternalId=EXTERNAL_ID)
    session = answer["Credentials"]
    s3 = boto3.client(
        "s3",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    copied = s3.copy_object(Bucket=target_bucket, Key=key, CopySource={"Bucket": source_bucket, "Key": key})
    return copied["CopyObjectResult"]["ETag"]
