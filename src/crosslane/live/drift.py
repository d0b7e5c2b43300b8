"""Asks CloudFormation for the drift of stacks. It detects, it does not change.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Iterable

from crosslane.aws.gateway import Gateway
from crosslane.live.model import ResourceDrift, Unreadable


def read_drift(gateway: Gateway, stack: str, pauses: Iterable[float]) -> tuple[ResourceDrift, ...] | Unreadable:
    """The drifted resources of the stack; ``pauses`` sleeps between two looks and ends when it has been too long."""
    asked = {"StackName": stack}
    detection = gateway.call("cloudformation", "DetectStackDrift", asked)["StackDriftDetectionId"]
    for _ in pauses:
        status = gateway.call(
            "cloudformation", "DescribeStackDriftDetectionStatus", {"StackDriftDetectionId": detection}
        )
        match status["DetectionStatus"]:
            case "DETECTION_COMPLETE":
                return _drifts(gateway, stack) if status.get("StackDriftStatus") == "DRIFTED" else ()
            case "DETECTION_FAILED":
                return Unreadable(str(status.get("DetectionStatusReason", "no reason given")), "DetectionFailed")
    return Unreadable("drift detection did not end in time", "Timeout")


def _drifts(gateway: Gateway, stack: str) -> tuple[ResourceDrift, ...]:
    filters = {"StackName": stack, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    found = gateway.pages("cloudformation", "DescribeStackResourceDrifts", "StackResourceDrifts", filters)
    return tuple(
        ResourceDrift(
            logical_id=drift["LogicalResourceId"],
            type=drift["ResourceType"],
            status=drift["StackResourceDriftStatus"],
            differences=tuple(
                f"{one['PropertyPath']}: {one.get('ExpectedValue')} → {one.get('ActualValue')}"
                for one in drift.get("PropertyDifferences", [])
            ),
        )
        for drift in found
    )
