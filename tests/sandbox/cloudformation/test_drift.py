"""Drift: changes made behind a stack's back are found; what it does not say is nobody's business."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosslane.sandbox.cloudformation.drift import compare
from tests.sandbox.cloudformation.conftest import Aws, bucket, role, stack_of, wait_for


def detect(aws: Aws, name: str) -> dict[str, Any]:
    detection = aws.cfn.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    found: dict[str, Any] = wait_for(
        lambda: aws.cfn.describe_stack_drift_detection_status(StackDriftDetectionId=detection),
        lambda answer: answer["DetectionStatus"] != "DETECTION_IN_PROGRESS",
    )
    return found


def test_a_change_behind_the_stacks_back_is_drift(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role(Description="said"), Bucket=bucket(), Other=role()))
    physical = aws.resources(name)
    assert detect(aws, name)["StackDriftStatus"] == "IN_SYNC"

    aws.client("iam").update_role(RoleName=physical["Role"], Description="done", MaxSessionDuration=3600)
    aws.client("s3").delete_bucket(Bucket=physical["Bucket"])
    # The stack says nothing of policies of this role: a new one is no drift.
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    aws.client("iam").put_role_policy(RoleName=physical["Other"], PolicyName="p", PolicyDocument=document)
    found = detect(aws, name)

    assert (found["StackDriftStatus"], found["DriftedStackResourceCount"]) == ("DRIFTED", 2)
    drifts = aws.cfn.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
    by_id = {drift["LogicalResourceId"]: drift for drift in drifts}
    assert {name: drift["StackResourceDriftStatus"] for name, drift in by_id.items()} == {
        "Role": "MODIFIED",
        "Bucket": "DELETED",
        "Other": "IN_SYNC",
    }
    assert by_id["Role"]["PropertyDifferences"] == [
        {
            "PropertyPath": "/Description",
            "ExpectedValue": "said",
            "ActualValue": "done",
            "DifferenceType": "NOT_EQUAL",
        }
    ]
    listed = aws.cfn.list_stack_resources(StackName=name)["StackResourceSummaries"]
    assert {item["LogicalResourceId"]: item["DriftInformation"]["StackResourceDriftStatus"] for item in listed} == {
        "Role": "MODIFIED",
        "Bucket": "DELETED",
        "Other": "IN_SYNC",
    }
    only = aws.cfn.describe_stack_resource_drifts(StackName=name, StackResourceDriftStatusFilters=["DELETED"])
    assert [drift["LogicalResourceId"] for drift in only["StackResourceDrifts"]] == ["Bucket"]
    assert aws.stack(name)["DriftInformation"]["StackDriftStatus"] == "DRIFTED"


@pytest.mark.parametrize(
    ("expected", "actual", "differences"),
    [
        ({"A": 1}, {"A": 1, "B": 2}, ()),
        ({"A": 1}, {}, ()),
        ({"A": 1}, {"A": 2}, (("/A", 1, 2, "NOT_EQUAL"),)),
        ({"A": {"B": 1}}, {"A": {"B": 1, "C": 2}}, (("/A/C", None, 2, "ADD"),)),
        ({"A": {"B": 1, "C": 2}}, {"A": {"B": 1}}, (("/A/C", 2, None, "REMOVE"),)),
        ({"A": ["x", "y"]}, {"A": ["y", "x"]}, ()),
        ({"A": [{"B": 1}]}, {"A": [{"B": 2}]}, (("/A/0/B", 1, 2, "NOT_EQUAL"),)),
        ({"A": 1}, {"A": None}, (("/A", 1, None, "REMOVE"),)),
        ({"Tags": [{"Key": "a", "Value": "1"}]}, {"Tags": [{"Key": "a", "Value": "1"}]}, ()),
        ({"Tags": [{"Key": "a", "Value": "1"}]}, {"Tags": []}, (("/Tags/a", "1", None, "REMOVE"),)),
    ],
)
def test_comparison(expected: dict[str, Any], actual: dict[str, Any], differences: tuple[Any, ...]) -> None:
    assert compare(expected, actual) == differences
