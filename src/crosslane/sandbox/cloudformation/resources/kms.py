"""KMS: keys and aliases.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_KMS.html (2026-11-24)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    HandlerError,
    Live,
    Properties,
    ResourceType,
    tag_changes,
)
from crosslane.sandbox.cloudformation.resources.shape import JSON, TAGS

_KEY = {
    "BypassPolicyLockoutSafetyCheck": bool,
    "Description": str,
    "EnableKeyRotation": bool,
    "Enabled": bool,
    "KeyPolicy": JSON,
    "KeySpec": str,
    "KeyUsage": str,
    "MultiRegion": bool,
    "Origin": str,
    "PendingWindowInDays": int,
    "RotationPeriodInDays": int,
    "Tags": TAGS,
}
_DEFAULT_WINDOW = 30


def _kms_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _create_key(context: Context, properties: Properties) -> Mapping[str, Any]:
    kms = context.client("kms")
    taken = ("BypassPolicyLockoutSafetyCheck", "Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin")
    given = {key: properties[key] for key in taken if key in properties}
    if "KeyPolicy" in properties:
        given["Policy"] = json.dumps(properties["KeyPolicy"])
    if properties.get("Tags"):
        given["Tags"] = _kms_tags({tag["Key"]: tag["Value"] for tag in properties["Tags"]})
    key = kms.create_key(**given)["KeyMetadata"]
    context.made(key["KeyId"])
    _set_rotation(kms, key["KeyId"], {}, properties)
    if not properties.get("Enabled", True):
        kms.disable_key(KeyId=key["KeyId"])
    return {"Arn": key["Arn"], "KeyId": key["KeyId"]}


def _set_rotation(kms: Any, key_id: str, old: Properties, new: Properties) -> None:
    before = (old.get("EnableKeyRotation", False), old.get("RotationPeriodInDays"))
    after = (new.get("EnableKeyRotation", False), new.get("RotationPeriodInDays"))
    if before == after:
        return
    if not after[0]:
        kms.disable_key_rotation(KeyId=key_id)
    elif after[1] is None:
        kms.enable_key_rotation(KeyId=key_id)
    else:
        kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=after[1])


def _update_key(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    kms, key_id, old = context.client("kms"), live.physical_id, live.properties
    for fixed in ("KeySpec", "KeyUsage", "MultiRegion", "Origin"):
        if old.get(fixed) != new.get(fixed):
            # AWS: "You cannot change this value after the key is created" (page of AWS::KMS::Key).
            raise HandlerError(f"The property {fixed} of a KMS key cannot be changed", "NotUpdatable")
    if new.get("Enabled", True) and not old.get("Enabled", True):
        kms.enable_key(KeyId=key_id)
    if "KeyPolicy" in new and old.get("KeyPolicy") != new["KeyPolicy"]:
        given = {"BypassPolicyLockoutSafetyCheck": True} if new.get("BypassPolicyLockoutSafetyCheck") else {}
        kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=json.dumps(new["KeyPolicy"]), **given)
    if old.get("Description", "") != new.get("Description", ""):
        kms.update_key_description(KeyId=key_id, Description=new.get("Description", ""))
    _set_rotation(kms, key_id, old, new)
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        kms.tag_resource(KeyId=key_id, Tags=_kms_tags(changed))
    if removed:
        kms.untag_resource(KeyId=key_id, TagKeys=removed)
    if old.get("Enabled", True) and not new.get("Enabled", True):
        kms.disable_key(KeyId=key_id)
    return live.attributes


def _delete_key(context: Context, live: Live) -> None:
    kms = context.client("kms")
    if kms.describe_key(KeyId=live.physical_id)["KeyMetadata"]["KeyState"] == "PendingDeletion":
        return
    window = live.properties.get("PendingWindowInDays", _DEFAULT_WINDOW)
    kms.schedule_key_deletion(KeyId=live.physical_id, PendingWindowInDays=window)


def _read_key(context: Context, live: Live) -> Properties | None:
    kms, key_id = context.client("kms"), live.physical_id
    metadata = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    if metadata["KeyState"] == "PendingDeletion":
        return None
    shown = {
        "Description": metadata.get("Description", ""),
        "Enabled": metadata["Enabled"],
        "KeyPolicy": json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]),
        "Tags": [{"Key": t["TagKey"], "Value": t["TagValue"]} for t in kms.list_resource_tags(KeyId=key_id)["Tags"]],
    }
    if metadata.get("KeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT":
        shown["EnableKeyRotation"] = kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]
    return shown


_ALIAS = {"AliasName*": str, "TargetKeyId*": str}


def _create_alias(context: Context, properties: Properties) -> Mapping[str, Any]:
    context.client("kms").create_alias(AliasName=properties["AliasName"], TargetKeyId=properties["TargetKeyId"])
    context.made(properties["AliasName"])
    return {}


def _update_alias(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    context.client("kms").update_alias(AliasName=live.physical_id, TargetKeyId=new["TargetKeyId"])
    return live.attributes


def _delete_alias(context: Context, live: Live) -> None:
    context.client("kms").delete_alias(AliasName=live.physical_id)


def _read_alias(context: Context, live: Live) -> Properties | None:
    for page in context.client("kms").get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            if alias["AliasName"] == live.physical_id:
                target, expected = alias.get("TargetKeyId", ""), live.properties["TargetKeyId"]
                # The template may name the key by its ARN; the service shows the id.
                same = expected.rpartition("/")[2] == target
                return {"AliasName": alias["AliasName"], "TargetKeyId": expected if same else target}
    return None


TYPES = (
    ResourceType(
        name="AWS::KMS::Key",
        shape=_KEY,
        create=_create_key,
        update=_update_key,
        delete=_delete_key,
        read=_read_key,
        attributes=frozenset({"Arn", "KeyId"}),
        tags="list",
    ),
    ResourceType(
        name="AWS::KMS::Alias",
        shape=_ALIAS,
        create=_create_alias,
        update=_update_alias,
        delete=_delete_alias,
        read=_read_alias,
        create_only=frozenset({"AliasName"}),
    ),
)
