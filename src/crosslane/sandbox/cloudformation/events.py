"""Stack events: one line of what happened to a resource or to the stack itself."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    at: datetime
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str | None = None
    properties: str | None = None
    token: str | None = None


def resource_event(
    at: datetime,
    logical_id: str,
    physical_id: str,
    type_name: str,
    status: str,
    reason: str | None = None,
    properties: Mapping[str, Any] | None = None,
    token: str | None = None,
) -> Event:
    """An event of a resource; its id is made of logical id, status and time, as on AWS."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    text = json.dumps(properties, separators=(",", ":"), default=str) if properties else None
    # The random tail is ours: two events of one resource can fall into the same millisecond here.
    event_id = f"{logical_id}-{status}-{stamp}-{uuid.uuid4().hex[:6]}"
    return Event(event_id, at, logical_id, physical_id, type_name, status, reason, text, token)


def stack_event(
    at: datetime, name: str, stack_id: str, status: str, reason: str | None = None, token: str | None = None
) -> Event:
    """An event of the stack itself."""
    return Event(str(uuid.uuid4()), at, name, stack_id, STACK_TYPE, status, reason, None, token)


def describe_event(event: Event, stack_id: str, stack_name: str) -> dict[str, Any]:
    """An event as DescribeStackEvents answers it."""
    shown = {
        "StackId": stack_id,
        "EventId": event.id,
        "StackName": stack_name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": event.at,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
    }
    return {key: value for key, value in shown.items() if value is not None}
