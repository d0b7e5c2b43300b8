"""CloudWatch Logs: log groups.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    Live,
    Properties,
    ResourceType,
    tag_changes,
    tag_list,
    tag_map,
)
from crosslane.sandbox.cloudformation.resources.shape import TAGS

_LOG_GROUP = {"KmsKeyId": str, "LogGroupClass": str, "LogGroupName": str, "RetentionInDays": int, "Tags": TAGS}


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    logs = context.client("logs")
    name = properties.get("LogGroupName") or context.name(512)
    given: dict[str, Any] = {}
    if "KmsKeyId" in properties:
        given["kmsKeyId"] = properties["KmsKeyId"]
    if "LogGroupClass" in properties:
        given["logGroupClass"] = properties["LogGroupClass"]
    if properties.get("Tags"):
        given["tags"] = tag_map(properties["Tags"])
    logs.create_log_group(logGroupName=name, **given)
    context.made(name)
    if "RetentionInDays" in properties:
        logs.put_retention_policy(logGroupName=name, retentionInDays=properties["RetentionInDays"])
    return {"Arn": context.arn("logs", f"log-group:{name}:*")}


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    logs, name, old = context.client("logs"), live.physical_id, live.properties
    if old.get("RetentionInDays") != new.get("RetentionInDays"):
        if "RetentionInDays" in new:
            logs.put_retention_policy(logGroupName=name, retentionInDays=new["RetentionInDays"])
        else:
            logs.delete_retention_policy(logGroupName=name)
    if old.get("KmsKeyId") != new.get("KmsKeyId"):
        if "KmsKeyId" in new:
            logs.associate_kms_key(logGroupName=name, kmsKeyId=new["KmsKeyId"])
        else:
            logs.disassociate_kms_key(logGroupName=name)
    arn = str(live.attributes["Arn"]).removesuffix(":*")
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        logs.tag_resource(resourceArn=arn, tags=changed)
    if removed:
        logs.untag_resource(resourceArn=arn, tagKeys=removed)
    return live.attributes


def _delete(context: Context, live: Live) -> None:
    context.client("logs").delete_log_group(logGroupName=live.physical_id)


def _read(context: Context, live: Live) -> Properties | None:
    logs, name = context.client("logs"), live.physical_id
    for group in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        if group["logGroupName"] == name:
            tags = logs.list_tags_for_resource(resourceArn=str(live.attributes["Arn"]).removesuffix(":*"))["tags"]
            return {
                "LogGroupName": name,
                "RetentionInDays": group.get("retentionInDays"),
                "KmsKeyId": group.get("kmsKeyId"),
                "Tags": tag_list(tags),
            }
    return None


TYPES = (
    ResourceType(
        name="AWS::Logs::LogGroup",
        shape=_LOG_GROUP,
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        create_only=frozenset({"LogGroupName"}),
        attributes=frozenset({"Arn"}),
        tags="list",
    ),
)
