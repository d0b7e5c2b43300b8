"""Drift: what the stack last applied against what the services now show.

Only properties that the stack sets are compared, as on AWS.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html (2026-11-24)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from crosslane.sandbox.cloudformation.core import Answer, Core
from crosslane.sandbox.cloudformation.describe import page, present
from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.requests import allow_only, named
from crosslane.sandbox.cloudformation.resources.model import Live, error_text, gone, tag_map
from crosslane.sandbox.cloudformation.resources.registry import TYPES
from crosslane.sandbox.cloudformation.stack import Stack, StackResource
from crosslane.sandbox.cloudformation.work import Work
from crosslane.sandbox.request import Request


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """``status`` is IN_SYNC, MODIFIED, DELETED; ``differences`` are (path, expected, actual, kind)."""

    resource: StackResource
    status: str
    checked: datetime
    expected: Mapping[str, Any]
    actual: Mapping[str, Any] | None
    differences: tuple[tuple[str, Any, Any, str], ...] = ()


@dataclass(slots=True, eq=False)
class Detection:
    """One run of DetectStackDrift."""

    id: str
    stack_id: str
    started: datetime
    status: str = "DETECTION_IN_PROGRESS"
    reason: str | None = None
    drifts: tuple[ResourceDrift, ...] = ()


def compare(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> tuple[tuple[str, Any, Any, str], ...]:
    """The differences of the properties in ``expected`` that ``actual`` shows: (path, expected, actual, kind)."""
    found: list[tuple[str, Any, Any, str]] = []
    for name, wanted in expected.items():
        if name not in actual:
            continue
        if name == "Tags":
            found.extend(_differences("/Tags", tag_map(wanted), tag_map(actual[name])))
        else:
            found.extend(_differences(f"/{name}", wanted, actual[name]))
    return tuple(found)


def _differences(path: str, expected: Any, actual: Any) -> Iterator[tuple[str, Any, Any, str]]:
    match expected, actual:
        case dict(), dict():
            for key in {**expected, **actual}:
                if key not in actual:
                    yield f"{path}/{key}", expected[key], None, "REMOVE"
                elif key not in expected:
                    yield f"{path}/{key}", None, actual[key], "ADD"
                else:
                    yield from _differences(f"{path}/{key}", expected[key], actual[key])
        case list(), list():
            if _key(expected) == _key(actual):
                return
            if len(expected) != len(actual) or not all(isinstance(item, dict) for item in [*expected, *actual]):
                yield path, expected, actual, "NOT_EQUAL"
                return
            for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
                yield from _differences(f"{path}/{index}", left, right)
        case _, None:
            yield path, expected, None, "REMOVE"
        case _ if expected != actual:
            yield path, expected, actual, "NOT_EQUAL"


def _key(items: list[Any]) -> list[str]:
    """Lists that differ only in order are the same."""
    return sorted(json.dumps(item, sort_keys=True, default=str) for item in items)


def _resource_drift(work: Work, resource: StackResource) -> ResourceDrift:
    now = work.tools.clock()
    live = Live(resource.physical_id, work.expanded(resource.properties), resource.attributes)
    expected = {key: value for key, value in live.properties.items() if value is not None}
    try:
        actual = TYPES[resource.type].read(work.context(resource.logical_id), live)
    except Exception as error:
        if not gone(error):
            raise
        actual = None
    if actual is None:
        return ResourceDrift(resource, "DELETED", now, expected, None)
    differences = compare(expected, actual)
    shown = {name: actual.get(name) for name in expected if name in actual}
    return ResourceDrift(resource, "MODIFIED" if differences else "IN_SYNC", now, expected, shown, differences)


def detect_stack_drift(core: Core, request: Request) -> Answer:
    """DetectStackDrift: the resources are read and compared in the background."""
    allow_only(request, "StackName", "LogicalResourceIds")
    store = core.store(request)
    only = request.parameters.get("LogicalResourceIds")
    with store.changed:
        stack = store.live(named(request))
        if stack.busy or stack.status in ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"):
            raise invalid(
                f"Drift detection cannot be performed on stack [{stack.name}] while it is in status {stack.status}"
            )
        if any(d.stack_id == stack.id and d.status == "DETECTION_IN_PROGRESS" for d in store.detections.values()):
            raise invalid(f"Drift detection is already in progress for stack [{stack.id}]")
        detection = Detection(core.new_id(), stack.id, core.tools.clock())
        store.detections[detection.id] = detection
        resources = [r for r in stack.resources.values() if r.alive and (not only or r.logical_id in only)]
        work = Work(store, stack, core.session(request, None), core.tools)

    def detect(work: Work) -> None:
        drifts, failures = [], {}
        for resource in resources:
            try:
                drifts.append(_resource_drift(work, resource))
            except Exception as error:
                failures[resource.logical_id] = error_text(error)
        with store.changed:
            detection.drifts = tuple(drifts)
            detection.status = "DETECTION_FAILED" if failures else "DETECTION_COMPLETE"
            detection.reason = _failed(failures) if failures else None
            moved = any(drift.status != "IN_SYNC" for drift in drifts)
            stack.drift_status = "DRIFTED" if moved else "IN_SYNC"
            stack.drift_checked = detection.started
            for drift in drifts:
                current = stack.resources.get(drift.resource.logical_id)
                if current is not None:
                    stack.resources[current.logical_id] = replace(current, drift=drift.status)
            store.changed.notify_all()

    core.launch(work, detect)
    return {"StackDriftDetectionId": detection.id}


def _failed(failures: Mapping[str, str]) -> str:
    """The reason of a detection that failed for some resources, in CloudFormation's form.

    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/801
    """
    summary = f"Failed to detect drift on resources [{','.join(failures)}]"
    told = [{"Resource": name, "FailureReason": reason} for name, reason in failures.items()]
    return json.dumps({"Summary": summary, "Failures": told}, separators=(",", ":"))


def describe_stack_drift_detection_status(core: Core, request: Request) -> Answer:
    """DescribeStackDriftDetectionStatus of an earlier detection."""
    store, wanted = core.store(request), request.parameters["StackDriftDetectionId"]
    with store.changed:
        detection = store.detections.get(wanted)
        if detection is None:
            raise invalid(f"Drift detection with id {wanted} does not exist")
        done = detection.status != "DETECTION_IN_PROGRESS"
        moved = sum(drift.status != "IN_SYNC" for drift in detection.drifts)
        return present(
            {
                "StackId": detection.stack_id,
                "StackDriftDetectionId": detection.id,
                "DetectionStatus": detection.status,
                "DetectionStatusReason": detection.reason,
                "StackDriftStatus": ("DRIFTED" if moved else "IN_SYNC") if done else None,
                "DriftedStackResourceCount": moved if done else None,
                "Timestamp": detection.started,
            }
        )


def describe_stack_resource_drifts(core: Core, request: Request) -> Answer:
    """DescribeStackResourceDrifts, as the last detection found them."""
    store = core.store(request)
    wanted = request.parameters.get("StackResourceDriftStatusFilters")
    with store.changed:
        stack = store.get(named(request))
        latest: dict[str, ResourceDrift] = {}
        for detection in store.detections.values():
            if detection.stack_id == stack.id:
                latest.update({drift.resource.logical_id: drift for drift in detection.drifts})
        shown = [drift for drift in latest.values() if not wanted or drift.status in wanted]
        return page(
            shown,
            request.parameters.get("NextToken"),
            "StackResourceDrifts",
            lambda drift: _describe(stack, drift),
        )


def _describe(stack: Stack, drift: ResourceDrift) -> dict[str, Any]:
    hide = stack.defined().masked
    return present(
        {
            "StackId": stack.id,
            "LogicalResourceId": drift.resource.logical_id,
            "PhysicalResourceId": drift.resource.physical_id,
            "ResourceType": drift.resource.type,
            "ExpectedProperties": json.dumps(hide(drift.expected), default=str),
            "ActualProperties": None if drift.actual is None else json.dumps(hide(drift.actual), default=str),
            "PropertyDifferences": [
                {
                    "PropertyPath": path,
                    "ExpectedValue": _text(hide(expected)),
                    "ActualValue": _text(hide(actual)),
                    "DifferenceType": kind,
                }
                for path, expected, actual, kind in drift.differences
            ],
            "StackResourceDriftStatus": drift.status,
            "Timestamp": drift.checked,
        }
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


OPERATIONS: Final[Mapping[str, Callable[[Core, Request], Answer]]] = {
    "DetectStackDrift": detect_stack_drift,
    "DescribeStackDriftDetectionStatus": describe_stack_drift_detection_status,
    "DescribeStackResourceDrifts": describe_stack_resource_drifts,
}
