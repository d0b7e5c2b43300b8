"""DynamoDB: tables.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html (2026-11-25)
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
)
from crosslane.sandbox.cloudformation.resources.shape import TAGS

_KEYS = [{"AttributeName*": str, "KeyType*": str}]
_PROJECTION = {"NonKeyAttributes": [str], "ProjectionType": str}
_THROUGHPUT = {"ReadCapacityUnits*": int, "WriteCapacityUnits*": int}
_TABLE = {
    "AttributeDefinitions": [{"AttributeName*": str, "AttributeType*": str}],
    "BillingMode": str,
    "DeletionProtectionEnabled": bool,
    "GlobalSecondaryIndexes": [
        {"IndexName*": str, "KeySchema*": _KEYS, "Projection*": _PROJECTION, "ProvisionedThroughput": _THROUGHPUT}
    ],
    "KeySchema*": _KEYS,
    "LocalSecondaryIndexes": [{"IndexName*": str, "KeySchema*": _KEYS, "Projection*": _PROJECTION}],
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": bool, "RecoveryPeriodInDays": int},
    "ProvisionedThroughput": _THROUGHPUT,
    "SSESpecification": {"KMSMasterKeyId": str, "SSEEnabled*": bool, "SSEType": str},
    "StreamSpecification": {"StreamViewType*": str},
    "TableClass": str,
    "TableName": str,
    "Tags": TAGS,
    "TimeToLiveSpecification": {"AttributeName": str, "Enabled*": bool},
}
_CHANGEABLE = ("BillingMode", "DeletionProtectionEnabled", "ProvisionedThroughput", "TableClass")


def _encryption(properties: Properties) -> dict[str, Any]:
    """The API's names: ``SSEEnabled`` is ``Enabled`` there."""
    given = dict(properties.get("SSESpecification", {"SSEEnabled": False}))
    return {"Enabled": given.pop("SSEEnabled"), **given}


def _stream(properties: Properties) -> dict[str, Any]:
    given = properties.get("StreamSpecification")
    return {"StreamEnabled": False} if given is None else {"StreamEnabled": True, **given}


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    dynamodb = context.client("dynamodb")
    name = properties.get("TableName") or context.name(255)
    apart = (
        "PointInTimeRecoverySpecification",
        "SSESpecification",
        "StreamSpecification",
        "TableName",
        "Tags",
        "TimeToLiveSpecification",
    )
    given: dict[str, Any] = {key: value for key, value in properties.items() if key not in apart}
    if "SSESpecification" in properties:
        given["SSESpecification"] = _encryption(properties)
    if "StreamSpecification" in properties:
        given["StreamSpecification"] = _stream(properties)
    if properties.get("Tags"):
        given["Tags"] = properties["Tags"]
    made = dynamodb.create_table(TableName=name, **given)["TableDescription"]
    context.made(name)
    if "TimeToLiveSpecification" in properties:
        _put_time_to_live(dynamodb, name, properties["TimeToLiveSpecification"])
    if "PointInTimeRecoverySpecification" in properties:
        _put_recovery(dynamodb, name, properties["PointInTimeRecoverySpecification"])
    return _attributes(made)


def _attributes(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table without a stream has no value for ``StreamArn``."""
    stream = {"StreamArn": table["LatestStreamArn"]} if "LatestStreamArn" in table else {}
    return {"Arn": table["TableArn"]} | stream


def _put_time_to_live(dynamodb: Any, name: str, wanted: Mapping[str, Any]) -> None:
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)


def _put_recovery(dynamodb: Any, name: str, wanted: Mapping[str, Any]) -> None:
    specification = {"PointInTimeRecoveryEnabled": False, **wanted}
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    dynamodb, name, old = context.client("dynamodb"), live.physical_id, live.properties
    changed = {key: new[key] for key in _CHANGEABLE if key in new and old.get(key) != new[key]}
    if "DeletionProtectionEnabled" in old and "DeletionProtectionEnabled" not in new:
        changed["DeletionProtectionEnabled"] = False
    if "SSESpecification" in {*old, *new} and old.get("SSESpecification") != new.get("SSESpecification"):
        changed["SSESpecification"] = _encryption(new)
    if changed:
        dynamodb.update_table(TableName=name, **changed)
    if old.get("StreamSpecification") != new.get("StreamSpecification"):
        if "StreamSpecification" in old:
            # A stream's view cannot be changed: it is ended and another one begun.
            dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
        if "StreamSpecification" in new:
            dynamodb.update_table(TableName=name, StreamSpecification=_stream(new))
    _update_indexes(dynamodb, name, old, new)
    if old.get("TimeToLiveSpecification") != new.get("TimeToLiveSpecification"):
        off = {**old.get("TimeToLiveSpecification", {}), "Enabled": False}
        _put_time_to_live(dynamodb, name, new.get("TimeToLiveSpecification", off))
    if old.get("PointInTimeRecoverySpecification") != new.get("PointInTimeRecoverySpecification"):
        _put_recovery(dynamodb, name, new.get("PointInTimeRecoverySpecification", {}))
    set_tags, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if set_tags:
        dynamodb.tag_resource(ResourceArn=live.attributes["Arn"], Tags=tag_list(set_tags))
    if removed:
        dynamodb.untag_resource(ResourceArn=live.attributes["Arn"], TagKeys=removed)
    return _attributes(dynamodb.describe_table(TableName=name)["Table"])


def _update_indexes(dynamodb: Any, name: str, old: Properties, new: Properties) -> None:
    """Global indexes are made and deleted one a call; one that changed is made anew."""
    before = {index["IndexName"]: index for index in old.get("GlobalSecondaryIndexes", ())}
    after = {index["IndexName"]: index for index in new.get("GlobalSecondaryIndexes", ())}
    steps: list[dict[str, Any]] = []
    steps += [{"Delete": {"IndexName": key}} for key, index in before.items() if after.get(key) != index]
    steps += [{"Create": index} for key, index in after.items() if before.get(key) != index]
    for step in steps:
        dynamodb.update_table(
            TableName=name,
            AttributeDefinitions=new.get("AttributeDefinitions", []),
            GlobalSecondaryIndexUpdates=[step],
        )


def _delete(context: Context, live: Live) -> None:
    context.client("dynamodb").delete_table(TableName=live.physical_id)


def _read(context: Context, live: Live) -> Properties | None:
    dynamodb, name, given = context.client("dynamodb"), live.physical_id, live.properties
    table = dynamodb.describe_table(TableName=name)["Table"]
    shown: dict[str, Any] = {"KeySchema": table["KeySchema"], "TableName": table["TableName"]}
    if "BillingMode" in given:
        shown["BillingMode"] = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if "DeletionProtectionEnabled" in given:
        shown["DeletionProtectionEnabled"] = table.get("DeletionProtectionEnabled", False)
    if "ProvisionedThroughput" in given:
        shown["ProvisionedThroughput"] = {
            key: table["ProvisionedThroughput"][key] for key in given["ProvisionedThroughput"]
        }
    if "TimeToLiveSpecification" in given:
        found = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        on = found.get("TimeToLiveStatus") == "ENABLED"
        shown["TimeToLiveSpecification"] = {"Enabled": on} | (
            {"AttributeName": found.get("AttributeName")} if "AttributeName" in given["TimeToLiveSpecification"] else {}
        )
    shown["Tags"] = dynamodb.list_tags_of_resource(ResourceArn=live.attributes["Arn"])["Tags"]
    return shown


TYPES = (
    ResourceType(
        name="AWS::DynamoDB::Table",
        shape=_TABLE,
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        create_only=frozenset({"KeySchema", "TableName"}),
        attributes=frozenset({"Arn", "StreamArn"}),
        tags="list",
    ),
)
