"""Which calls change something: as the service authorization reference classes their actions."""

from __future__ import annotations

import pytest

from crosslane.aws.calls import CallLog, changes

READS = [
    ("sts", "GetCallerIdentity"), ("sts", "AssumeRole"), ("iam", "GetUser"), ("iam", "ListAccessKeys"),
    ("iam", "GetPolicyVersion"), ("iam", "ListPolicyVersions"), ("iam", "GetAccessKeyLastUsed"),
    ("cloudformation", "DescribeStacks"), ("cloudformation", "GetTemplate"), ("cloudformation", "DescribeStackEvents"),
    ("cloudformation", "DescribeChangeSet"), ("cloudformation", "DetectStackDrift"),
    ("cloudformation", "DescribeStackDriftDetectionStatus"), ("cloudformation", "DescribeStackResourceDrifts"),
    ("codecommit", "GetRepository"), ("codecommit", "ListTagsForResource"), ("codecommit", "GetBranch"),
    ("codepipeline", "GetPipeline"), ("codepipeline", "GetPipelineState"), ("kms", "DescribeKey"),
    ("s3", "ListObjectVersions"), ("s3", "ListMultipartUploads"), ("resourcegroupstaggingapi", "GetResources"),
]  # fmt: skip
CHANGES = [
    ("iam", "CreateUser"), ("iam", "CreateAccessKey"), ("iam", "AttachRolePolicy"), ("iam", "TagRole"),
    ("iam", "UpdateAssumeRolePolicy"), ("iam", "PutRolePermissionsBoundary"), ("iam", "CreatePolicyVersion"),
    ("cloudformation", "CreateStack"), ("cloudformation", "CreateChangeSet"), ("cloudformation", "DeleteChangeSet"),
    ("cloudformation", "ExecuteChangeSet"), ("cloudformation", "DeleteStack"), ("cloudformation", "RollbackStack"),
    ("cloudformation", "ContinueUpdateRollback"), ("codecommit", "CreateRepository"), ("s3", "PutObject"),
    ("s3", "DeleteObjects"), ("s3", "DeleteBucket"), ("kms", "ScheduleKeyDeletion"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation"), READS)
def test_a_read_is_none_of_them(service: str, operation: str) -> None:
    assert not changes(service, operation)


@pytest.mark.parametrize(("service", "operation"), CHANGES)
def test_a_change_is_one_of_them(service: str, operation: str) -> None:
    assert changes(service, operation)


def test_what_nobody_knows_counts_as_a_change() -> None:
    assert changes("iam", "DoSomethingNew")
    assert changes("no-such-service", "GetThing")


def test_calls_are_counted() -> None:
    log = CallLog()
    for operation in ("GetUser", "GetUser", "CreateUser"):
        log.add("iam", operation)

    assert (log.total, log.mutating) == (3, 1)
    assert log.counts == {("iam", "GetUser"): 2, ("iam", "CreateUser"): 1}
