"""SNS: topics.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    Live,
    Properties,
    ResourceType,
    found,
    tag_changes,
    tag_list,
)
from crosslane.sandbox.cloudformation.resources.shape import TAGS

_TOPIC = {
    "ContentBasedDeduplication": bool,
    "DisplayName": str,
    "FifoTopic": bool,
    "KmsMasterKeyId": str,
    "Subscription": [{"Endpoint*": str, "Protocol*": str}],
    "Tags": TAGS,
    "TopicName": str,
}
_ATTRIBUTES = ("ContentBasedDeduplication", "DisplayName", "KmsMasterKeyId")


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _existing(context: Context, properties: Properties) -> str | None:
    """CreateTopic succeeds for a topic that is there."""
    if "TopicName" not in properties:
        return None
    arn = context.arn("sns", properties["TopicName"])
    return arn if found(lambda: context.client("sns").get_topic_attributes(TopicArn=arn)) else None


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    sns = context.client("sns")
    fifo = properties.get("FifoTopic", False)
    name = properties.get("TopicName") or context.name(251) + (".fifo" if fifo else "")
    attributes = {key: _text(properties[key]) for key in _ATTRIBUTES if key in properties}
    if fifo:
        attributes["FifoTopic"] = "true"
    given = {"Tags": properties["Tags"]} if properties.get("Tags") else {}
    arn = sns.create_topic(Name=name, Attributes=attributes, **given)["TopicArn"]
    context.made(arn)
    for subscription in properties.get("Subscription", ()):
        sns.subscribe(TopicArn=arn, **subscription)
    return {"TopicArn": arn, "TopicName": name}


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    sns, arn, old = context.client("sns"), live.physical_id, live.properties
    for name in _ATTRIBUTES:
        if old.get(name) != new.get(name):
            sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=_text(new.get(name, "")))
    before, after = old.get("Subscription", ()), new.get("Subscription", ())
    for subscription in after:
        if subscription not in before:
            sns.subscribe(TopicArn=arn, **subscription)
    dropped = [(item["Protocol"], item["Endpoint"]) for item in before if item not in after]
    if dropped:
        for item in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
            if (item["Protocol"], item["Endpoint"]) in dropped and item["SubscriptionArn"].startswith("arn:"):
                sns.unsubscribe(SubscriptionArn=item["SubscriptionArn"])
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        sns.tag_resource(ResourceArn=arn, Tags=tag_list(changed))
    if removed:
        sns.untag_resource(ResourceArn=arn, TagKeys=removed)
    return live.attributes


def _delete(context: Context, live: Live) -> None:
    context.client("sns").delete_topic(TopicArn=live.physical_id)


def _read(context: Context, live: Live) -> Properties | None:
    sns, arn = context.client("sns"), live.physical_id
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    return {
        "TopicName": arn.rpartition(":")[2],
        "DisplayName": attributes.get("DisplayName", ""),
        "KmsMasterKeyId": attributes.get("KmsMasterKeyId") or None,
        "Tags": sns.list_tags_for_resource(ResourceArn=arn)["Tags"],
    }


TYPES = (
    ResourceType(
        name="AWS::SNS::Topic",
        shape=_TOPIC,
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        existing=_existing,
        create_only=frozenset({"FifoTopic", "TopicName"}),
        attributes=frozenset({"TopicArn", "TopicName"}),
        tags="list",
    ),
)
