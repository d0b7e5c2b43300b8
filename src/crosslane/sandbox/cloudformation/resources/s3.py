"""S3: buckets and bucket policies.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html (2026-11-24)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    Live,
    Properties,
    ResourceType,
    error_code,
    found,
    tag_changes,
    tag_list,
    tag_map,
)
from crosslane.sandbox.cloudformation.resources.shape import JSON, TAGS

_TRANSITION = {"StorageClass*": str, "TransitionDate": str, "TransitionInDays": int}
_NONCURRENT_TRANSITION = {"NewerNoncurrentVersions": int, "StorageClass*": str, "TransitionInDays*": int}
_LIFECYCLE_RULE = {
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation*": int},
    "ExpirationDate": str,
    "ExpirationInDays": int,
    "ExpiredObjectDeleteMarker": bool,
    "Id": str,
    "NoncurrentVersionExpiration": {"NewerNoncurrentVersions": int, "NoncurrentDays*": int},
    "NoncurrentVersionExpirationInDays": int,
    "NoncurrentVersionTransitions": [_NONCURRENT_TRANSITION],
    "ObjectSizeGreaterThan": int,
    "ObjectSizeLessThan": int,
    "Prefix": str,
    "Status*": str,
    "TagFilters": TAGS,
    "Transitions": [_TRANSITION],
}
_BUCKET = {
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration*": [
            {"BucketKeyEnabled": bool, "ServerSideEncryptionByDefault": {"KMSMasterKeyID": str, "SSEAlgorithm*": str}}
        ]
    },
    "BucketName": str,
    "LifecycleConfiguration": {"Rules*": [_LIFECYCLE_RULE]},
    "LoggingConfiguration": {"DestinationBucketName": str, "LogFilePrefix": str},
    "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled*": bool}},
    "OwnershipControls": {"Rules*": [{"ObjectOwnership": str}]},
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": bool,
        "BlockPublicPolicy": bool,
        "IgnorePublicAcls": bool,
        "RestrictPublicBuckets": bool,
    },
    "Tags": TAGS,
    "VersioningConfiguration": {"Status*": str},
}


def _create_bucket(context: Context, properties: Properties) -> Mapping[str, Any]:
    s3 = context.client("s3")
    name = properties.get("BucketName") or context.name(63).lower()
    given: dict[str, Any] = {}
    if context.region != "us-east-1":
        given["CreateBucketConfiguration"] = {"LocationConstraint": context.region}
    s3.create_bucket(Bucket=name, **given)
    context.made(name)
    _set_bucket(s3, name, {}, properties)
    suffix = "amazonaws.com.cn" if context.partition == "aws-cn" else "amazonaws.com"
    return {
        "Arn": f"arn:{context.partition}:s3:::{name}",
        "DomainName": f"{name}.s3.{suffix}",
        "DualStackDomainName": f"{name}.s3.dualstack.{context.region}.{suffix}",
        "RegionalDomainName": f"{name}.s3.{context.region}.{suffix}",
        "WebsiteURL": f"http://{name}.s3-website-{context.region}.{suffix}",
    }


def _existing_bucket(context: Context, properties: Properties) -> str | None:
    """In us-east-1 alone CreateBucket succeeds for a bucket that the account has already.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html (2026-11-24)"""
    name = properties.get("BucketName")
    if name is None or context.region != "us-east-1":
        return None
    try:
        return name if found(lambda: context.client("s3").head_bucket(Bucket=name)) else None
    except Exception as error:
        if error_code(error) == "403":
            # Another account's: CreateBucket says so.
            return None
        raise


def _set_bucket(s3: Any, name: str, old: Properties, new: Properties) -> None:
    """Bring each part of the configuration that differs to its new value, or to none."""
    for part, (put, remove) in _PARTS.items():
        if old.get(part) == new.get(part):
            continue
        if part in new:
            put(s3, name, new[part])
        else:
            remove(s3, name)
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed or removed:
        tags = tag_map(new.get("Tags"))
        if tags:
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})
        else:
            s3.delete_bucket_tagging(Bucket=name)


def _put_encryption(s3: Any, name: str, value: Any) -> None:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        wire: dict[str, Any] = {}
        if "ServerSideEncryptionByDefault" in rule:
            default = rule["ServerSideEncryptionByDefault"]
            wire["ApplyServerSideEncryptionByDefault"] = {
                "SSEAlgorithm": default["SSEAlgorithm"],
                **({"KMSMasterKeyID": default["KMSMasterKeyID"]} if "KMSMasterKeyID" in default else {}),
            }
        if "BucketKeyEnabled" in rule:
            wire["BucketKeyEnabled"] = rule["BucketKeyEnabled"]
        rules.append(wire)
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})


def _put_lifecycle(s3: Any, name: str, value: Any) -> None:
    rules = [_lifecycle_rule(rule) for rule in value["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = {"Status": rule["Status"], "Filter": _lifecycle_filter(rule)}
    if "Id" in rule:
        wire["ID"] = rule["Id"]
    expiration = {
        name: rule[key]
        for key, name in (
            ("ExpirationInDays", "Days"),
            ("ExpirationDate", "Date"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
        )
        if key in rule
    }
    if expiration:
        wire["Expiration"] = expiration
    if "NoncurrentVersionExpirationInDays" in rule:
        wire["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    for key in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if key in rule:
            wire[key] = dict(rule[key])
    if "Transitions" in rule:
        renamed = {"TransitionInDays": "Days", "TransitionDate": "Date"}
        wire["Transitions"] = [{renamed.get(k, k): v for k, v in item.items()} for item in rule["Transitions"]]
    if "NoncurrentVersionTransitions" in rule:
        renamed = {"TransitionInDays": "NoncurrentDays"}
        wire["NoncurrentVersionTransitions"] = [
            {renamed.get(k, k): v for k, v in item.items()} for item in rule["NoncurrentVersionTransitions"]
        ]
    return wire


def _lifecycle_filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = {
        key: rule[key] for key in ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan") if key in rule
    }
    tags = rule.get("TagFilters", [])
    if len(tags) == 1 and not parts:
        return {"Tag": dict(tags[0])}
    if len(parts) + len(tags) > 1:
        return {"And": {**parts, **({"Tags": [dict(tag) for tag in tags]} if tags else {})}}
    return parts or {"Prefix": ""}


def _put_logging(s3: Any, name: str, value: Any) -> None:
    target = {"TargetBucket": value.get("DestinationBucketName", name), "TargetPrefix": value.get("LogFilePrefix", "")}
    s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": target})


def _put_notification(s3: Any, name: str, value: Any) -> None:
    enabled = value.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", False)
    wanted: dict[str, Any] = {"EventBridgeConfiguration": {}} if enabled else {}
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=wanted)


_Put = Callable[[Any, str, Any], Any]
_Remove = Callable[[Any, str], Any]
_PARTS: Mapping[str, tuple[_Put, _Remove]] = {
    "OwnershipControls": (
        lambda s3, name, value: s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=value),
        lambda s3, name: s3.delete_bucket_ownership_controls(Bucket=name),
    ),
    "PublicAccessBlockConfiguration": (
        lambda s3, name, value: s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=value),
        lambda s3, name: s3.delete_public_access_block(Bucket=name),
    ),
    "VersioningConfiguration": (
        lambda s3, name, value: s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=value),
        lambda s3, name: s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"}),
    ),
    "BucketEncryption": (_put_encryption, lambda s3, name: s3.delete_bucket_encryption(Bucket=name)),
    "LifecycleConfiguration": (_put_lifecycle, lambda s3, name: s3.delete_bucket_lifecycle(Bucket=name)),
    "LoggingConfiguration": (
        _put_logging,
        lambda s3, name: s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={}),
    ),
    "NotificationConfiguration": (_put_notification, lambda s3, name: _put_notification(s3, name, {})),
}


def _update_bucket(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    _set_bucket(context.client("s3"), live.physical_id, live.properties, new)
    return live.attributes


def _delete_bucket(context: Context, live: Live) -> None:
    context.client("s3").delete_bucket(Bucket=live.physical_id)


def _read_bucket(context: Context, live: Live) -> Properties | None:
    s3, name = context.client("s3"), live.physical_id
    s3.head_bucket(Bucket=name)
    shown: dict[str, Any] = {"BucketName": name}
    rules = _part(lambda: s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"], [])
    shown["BucketEncryption"] = {
        "ServerSideEncryptionConfiguration": [
            {
                "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                "ServerSideEncryptionByDefault": rule.get("ApplyServerSideEncryptionByDefault", {}),
            }
            for rule in rules
        ]
    }
    versioning = s3.get_bucket_versioning(Bucket=name).get("Status")
    shown["VersioningConfiguration"] = {"Status": versioning} if versioning else None
    shown["PublicAccessBlockConfiguration"] = _part(
        lambda: s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"], None
    )
    shown["OwnershipControls"] = _part(lambda: s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"], None)
    shown["Tags"] = _part(lambda: s3.get_bucket_tagging(Bucket=name)["TagSet"], [])
    actual = _part(lambda: s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"], [])
    expected = live.properties.get("LifecycleConfiguration")
    same = expected and _same_rules([_lifecycle_rule(rule) for rule in expected["Rules"]], actual)
    shown["LifecycleConfiguration"] = expected if same else ({"Rules": actual} if actual else None)
    return shown


def _same_rules(expected: list[dict[str, Any]], actual: list[dict[str, Any]]) -> bool:
    # Ids that the service made up are no drift.
    def plain(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{key: value for key, value in rule.items() if key != "ID"} for rule in rules]

    return plain(expected) == plain(actual)


def _part(read: Callable[[], Any], absent: Any) -> Any:
    """One part of the configuration, or ``absent`` where S3 says that there is none."""
    try:
        return read()
    except Exception as error:
        if error_code(error).startswith(
            ("NoSuch", "ServerSideEncryptionConfigurationNotFound", "OwnershipControlsNot")
        ):
            return absent
        raise


_BUCKET_POLICY = {"Bucket*": str, "PolicyDocument*": JSON}


def _put_policy(s3: Any, bucket: str, document: Any) -> None:
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


def _existing_bucket_policy(context: Context, properties: Properties) -> str | None:
    bucket = str(properties["Bucket"])
    return bucket if found(lambda: context.client("s3").get_bucket_policy(Bucket=bucket)) else None


def _create_bucket_policy(context: Context, properties: Properties) -> Mapping[str, Any]:
    _put_policy(context.client("s3"), properties["Bucket"], properties["PolicyDocument"])
    context.made(properties["Bucket"])
    return {}


def _update_bucket_policy(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    _put_policy(context.client("s3"), live.physical_id, new["PolicyDocument"])
    return live.attributes


def _delete_bucket_policy(context: Context, live: Live) -> None:
    context.client("s3").delete_bucket_policy(Bucket=live.physical_id)


def _read_bucket_policy(context: Context, live: Live) -> Properties | None:
    policy = context.client("s3").get_bucket_policy(Bucket=live.physical_id)["Policy"]
    return {"Bucket": live.physical_id, "PolicyDocument": json.loads(policy)}


TYPES = (
    ResourceType(
        name="AWS::S3::Bucket",
        shape=_BUCKET,
        create=_create_bucket,
        update=_update_bucket,
        delete=_delete_bucket,
        read=_read_bucket,
        existing=_existing_bucket,
        create_only=frozenset({"BucketName"}),
        attributes=frozenset({"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"}),
        tags="list",
    ),
    ResourceType(
        name="AWS::S3::BucketPolicy",
        shape=_BUCKET_POLICY,
        create=_create_bucket_policy,
        update=_update_bucket_policy,
        delete=_delete_bucket_policy,
        read=_read_bucket_policy,
        existing=_existing_bucket_policy,
        create_only=frozenset({"Bucket"}),
    ),
)
