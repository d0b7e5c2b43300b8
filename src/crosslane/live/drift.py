"""Asks CloudFormation for the drift of stacks. It detects, it does not change.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html (2026-11-24)
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from crosslane.aws.gateway import Gateway
from crosslane.live.model import ResourceDrift, StackDrift


def read_drift(gateway: Gateway, stack: str, pauses: Iterable[float]) -> StackDrift:
    """What drifted in the stack; ``pauses`` sleeps between two looks and ends when it has been too long.

    A detection that failed for some resources has results for the others, and they are given too
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html,
    2026-11-25). The resources are looked at whatever the stack's status says: it has been IN_SYNC over resources that
    were not (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2283). Raises the
    ``AwsError`` of a call that fails, as when it is denied.
    """
    asked = {"StackName": stack}
    detection = gateway.call("cloudformation", "DetectStackDrift", asked)["StackDriftDetectionId"]
    for _ in pauses:
        status = gateway.call(
            "cloudformation", "DescribeStackDriftDetectionStatus", {"StackDriftDetectionId": detection}
        )
        match status["DetectionStatus"]:
            case "DETECTION_COMPLETE":
                return StackDrift(_drifts(gateway, stack))
            case "DETECTION_FAILED":
                reason = str(status.get("DetectionStatusReason") or "CloudFormation gave no reason")
                found, failures = _drifts(gateway, stack), _failures(reason)
                known = {one.logical_id for one in found}
                further = (one for one in failures if one.logical_id not in known)
                return StackDrift((*found, *further), None if failures else reason)
    return StackDrift((), "drift detection did not end in time")


def _failures(reason: str) -> tuple[ResourceDrift, ...]:
    """The resources that could not be looked at, of a reason that names them.

    AWS gives the reason as JSON with ``Summary`` and ``Failures`` where it can, else as a sentence
    (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/801).
    """
    try:
        told = json.loads(reason)["Failures"]
        return tuple(ResourceDrift(one["Resource"], None, "UNKNOWN", (), one["FailureReason"]) for one in told)
    except (ValueError, KeyError, TypeError):
        return ()


def _drifts(gateway: Gateway, stack: str) -> tuple[ResourceDrift, ...]:
    filters = {"StackName": stack, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED", "UNKNOWN"]}
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
            reason=drift.get("DriftStatusReason"),
        )
        for drift in found
    )
