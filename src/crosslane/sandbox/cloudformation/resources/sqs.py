"""SQS: queues.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html (2026-11-25)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    Live,
    Properties,
    ResourceType,
    found,
    tag_changes,
    tag_list,
    tag_map,
)
from crosslane.sandbox.cloudformation.resources.shape import JSON, TAGS

_QUEUE = {
    "ContentBasedDeduplication": bool,
    "DeduplicationScope": str,
    "DelaySeconds": int,
    "FifoQueue": bool,
    "FifoThroughputLimit": str,
    "KmsDataKeyReusePeriodSeconds": int,
    "KmsMasterKeyId": str,
    "MaximumMessageSize": int,
    "MessageRetentionPeriod": int,
    "QueueName": str,
    "ReceiveMessageWaitTimeSeconds": int,
    "RedriveAllowPolicy": JSON,
    "RedrivePolicy": {"deadLetterTargetArn": str, "maxReceiveCount": int},
    "SqsManagedSseEnabled": bool,
    "Tags": TAGS,
    "VisibilityTimeout": int,
}
_DEFAULTS: Final[Mapping[str, str]] = {
    "DelaySeconds": "0",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedriveAllowPolicy": "",
    "RedrivePolicy": "",
    "VisibilityTimeout": "30",
}
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html (2026-11-25)"""


def _attributes(properties: Properties) -> dict[str, str]:
    """Attributes as the API takes them: all of them text."""
    return {name: _text(value) for name, value in properties.items() if name not in ("QueueName", "Tags")}


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value)
        case _:
            return json.dumps(value)


def _existing(context: Context, properties: Properties) -> str | None:
    name = properties.get("QueueName")
    if name is None or not found(lambda: context.client("sqs").get_queue_url(QueueName=name)):
        return None
    return str(name)


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    fifo = properties.get("FifoQueue", False)
    name = properties.get("QueueName") or (f"{context.name(75)}.fifo" if fifo else context.name(80))
    url = context.client("sqs").create_queue(
        QueueName=name, Attributes=_attributes(properties), tags=tag_map(properties.get("Tags"))
    )["QueueUrl"]
    context.made(url)
    return {"Arn": context.arn("sqs", name), "QueueName": name, "QueueUrl": url}


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    sqs, url = context.client("sqs"), live.physical_id
    before, after = _attributes(live.properties), _attributes(new)
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    changed |= {name: _DEFAULTS[name] for name in before if name not in after and name in _DEFAULTS}
    if changed:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)
    set_tags, removed = tag_changes(live.properties.get("Tags"), new.get("Tags"))
    if set_tags:
        sqs.tag_queue(QueueUrl=url, Tags=set_tags)
    if removed:
        sqs.untag_queue(QueueUrl=url, TagKeys=removed)
    return live.attributes


def _delete(context: Context, live: Live) -> None:
    context.client("sqs").delete_queue(QueueUrl=live.physical_id)


def _read(context: Context, live: Live) -> Properties | None:
    sqs, url = context.client("sqs"), live.physical_id
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    tags = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    expected = _attributes(live.properties)
    shown = {
        name: live.properties[name] if _same(attributes.get(name), text) else attributes.get(name)
        for name, text in expected.items()
    }
    return shown | {"QueueName": live.attributes["QueueName"], "Tags": tag_list(tags)}


def _same(actual: Any, expected: str) -> bool:
    if actual is None or not expected.startswith("{"):
        return bool(actual == expected)
    return bool(json.loads(actual) == json.loads(expected))


TYPES = (
    ResourceType(
        name="AWS::SQS::Queue",
        shape=_QUEUE,
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        existing=_existing,
        create_only=frozenset({"FifoQueue", "QueueName"}),
        attributes=frozenset({"Arn", "QueueName", "QueueUrl"}),
        tags="list",
    ),
)
