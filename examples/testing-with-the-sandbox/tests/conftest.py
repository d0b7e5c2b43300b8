"""Both accounts as they are in the world, before anything is copied."""

from __future__ import annotations

import json

import policies
import pytest

from crosslane.sandbox import Principal, Sandbox


@pytest.fixture
def role(aws: Sandbox) -> str:
    """The ARN of production's role, with both buckets and an object in the one to read."""
    iam = aws.client("production", "iam")
    trust = policies.trust(aws.accounts["build"])
    arn = iam.create_role(RoleName=policies.ROLE, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=policies.ROLE, PolicyName="copy", PolicyDocument=json.dumps(policies.rights()))
    place = {"LocationConstraint": aws.region}
    aws.client("production", "s3").create_bucket(Bucket=policies.TARGET, CreateBucketConfiguration=place)
    s3 = aws.client("build", "s3")
    s3.create_bucket(Bucket=policies.SOURCE, CreateBucketConfiguration=place)
    s3.put_bucket_policy(Bucket=policies.SOURCE, Policy=json.dumps(policies.bucket_policy(arn)))
    s3.put_object(Bucket=policies.SOURCE, Key="app.zip", Body=b"built")
    return arn


@pytest.fixture
def builder(aws: Sandbox, role: str) -> Principal:
    """The build account's CI user, who may assume production's role and nothing else."""
    iam = aws.client("build", "iam")
    user = iam.create_user(UserName="ci")["User"]["Arn"]
    may = policies.document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role})
    iam.put_user_policy(UserName="ci", PolicyName="promote", PolicyDocument=json.dumps(may))
    return aws.as_user(user)
