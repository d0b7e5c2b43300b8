"""Amazon S3, whose actions are often not named like its operations.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html (2026-11). The keys that
objects are encrypted with: ``encryption``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from crosslane.sandbox.authorization.operations.derived import condition_keys
from crosslane.sandbox.authorization.operations.model import Facts, Row, Use, Values
from crosslane.sandbox.request import Request

BUCKET_ACTIONS: Mapping[str, str] = {
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketWebsite": "DeleteBucketWebsite",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAcl": "GetBucketAcl",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketLogging": "GetBucketLogging",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotification": "GetBucketNotification",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketOwnershipControls": "GetBucketOwnershipControls",
    "GetBucketPolicy": "GetBucketPolicy",
    "GetBucketPolicyStatus": "GetBucketPolicyStatus",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetBucketRequestPayment": "GetBucketRequestPayment",
    "GetBucketTagging": "GetBucketTagging",
    "GetBucketVersioning": "GetBucketVersioning",
    "GetBucketWebsite": "GetBucketWebsite",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAcl": "PutBucketAcl",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketLogging": "PutBucketLogging",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotification": "PutBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketOwnershipControls": "PutBucketOwnershipControls",
    "PutBucketPolicy": "PutBucketPolicy",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutBucketRequestPayment": "PutBucketRequestPayment",
    "PutBucketTagging": "PutBucketTagging",
    "PutBucketVersioning": "PutBucketVersioning",
    "PutBucketWebsite": "PutBucketWebsite",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
OBJECT_ACTIONS: Mapping[str, tuple[str, str]] = {
    # operation: the action, and the action where a version is named
    "AbortMultipartUpload": ("AbortMultipartUpload", "AbortMultipartUpload"),
    "CompleteMultipartUpload": ("PutObject", "PutObject"),
    "CreateMultipartUpload": ("PutObject", "PutObject"),
    "DeleteObject": ("DeleteObject", "DeleteObjectVersion"),
    "DeleteObjectTagging": ("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    "GetObject": ("GetObject", "GetObjectVersion"),
    "GetObjectAcl": ("GetObjectAcl", "GetObjectVersionAcl"),
    "GetObjectAttributes": ("GetObjectAttributes", "GetObjectVersionAttributes"),
    "GetObjectLegalHold": ("GetObjectLegalHold", "GetObjectLegalHold"),
    "GetObjectRetention": ("GetObjectRetention", "GetObjectRetention"),
    "GetObjectTagging": ("GetObjectTagging", "GetObjectVersionTagging"),
    "HeadObject": ("GetObject", "GetObjectVersion"),
    "ListParts": ("ListMultipartUploadParts", "ListMultipartUploadParts"),
    "PutObject": ("PutObject", "PutObject"),
    "PutObjectAcl": ("PutObjectAcl", "PutObjectVersionAcl"),
    "PutObjectLegalHold": ("PutObjectLegalHold", "PutObjectLegalHold"),
    "PutObjectRetention": ("PutObjectRetention", "PutObjectRetention"),
    "PutObjectTagging": ("PutObjectTagging", "PutObjectVersionTagging"),
    "RestoreObject": ("RestoreObject", "RestoreObject"),
    "UploadPart": ("PutObject", "PutObject"),
}
_KEYS: Mapping[str, str] = {
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
    "s3:x-amz-storage-class": "StorageClass",
    "s3:x-amz-copy-source": "CopySource",
    "s3:x-amz-metadata-directive": "MetadataDirective",
    "s3:x-amz-website-redirect-location": "WebsiteRedirectLocation",
    "s3:x-amz-grant-full-control": "GrantFullControl",
    "s3:x-amz-grant-read": "GrantRead",
    "s3:x-amz-grant-read-acp": "GrantReadACP",
    "s3:x-amz-grant-write": "GrantWrite",
    "s3:x-amz-grant-write-acp": "GrantWriteACP",
    "s3:x-amz-object-ownership": "ObjectOwnership",
    "s3:object-lock-mode": "ObjectLockMode",
    "s3:object-lock-legal-hold": "ObjectLockLegalHoldStatus",
    "s3:if-match": "IfMatch",
    "s3:if-none-match": "IfNoneMatch",
    "s3:VersionId": "VersionId",
    "s3:versionid": "VersionId",
    "s3:prefix": "Prefix",
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
}
"""Condition keys by parameter (https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html)."""


def _on_bucket(request: Request, facts: Facts) -> Iterator[Use]:
    bucket = str(request.parameters.get("Bucket", ""))
    owner = request.caller.account if request.operation == "CreateBucket" else facts.bucket_owner(bucket)
    if owner is None:
        return  # S3 says NoSuchBucket, whoever asks
    action = f"s3:{BUCKET_ACTIONS[request.operation]}"
    context = _context(action, request)
    if request.operation == "CreateBucket":
        place = request.parameters.get("CreateBucketConfiguration") or {}
        context["s3:locationconstraint"] = str(place.get("LocationConstraint") or "")
    yield Use(action, _bucket_arn(facts, bucket), account=owner, context=context)
    if request.operation == "CreateBucket":
        yield from _beside_creation(request, facts, bucket, owner)


def _beside_creation(request: Request, facts: Facts, bucket: str, owner: str) -> Iterator[Use]:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html, "Permissions"."""
    given = request.parameters
    needed = []
    if given.get("ACL") or any(given.get(name) for name in ("GrantFullControl", "GrantRead", "GrantWrite")):
        needed.append("s3:PutBucketAcl")
    if given.get("ObjectLockEnabledForBucket"):
        needed += ["s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"]
    if given.get("ObjectOwnership"):
        needed.append("s3:PutBucketOwnershipControls")
    if (given.get("CreateBucketConfiguration") or {}).get("Tags"):
        needed.append("s3:TagResource")
    for action in needed:
        yield Use(action, _bucket_arn(facts, bucket), account=owner, context=_context(action, request))


def _on_object(request: Request, facts: Facts) -> Iterator[Use]:
    given = request.parameters
    bucket, key = str(given.get("Bucket", "")), str(given.get("Key", ""))
    owner = facts.bucket_owner(bucket)
    if owner is None:
        return
    plain, versioned = OBJECT_ACTIONS[request.operation]
    action = f"s3:{versioned if given.get('VersionId') else plain}"
    yield Use(action, _object_arn(facts, bucket, key), account=owner, context=_context(action, request))
    if request.operation in ("GetObject", "HeadObject") and not facts.has_object(bucket, key):
        # "If you have the s3:ListBucket permission on the bucket, Amazon S3 returns … 404 … If you don't …, 403":
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        yield Use(
            "s3:ListBucket", _bucket_arn(facts, bucket), account=owner, context=_context("s3:ListBucket", request)
        )
    yield from _beside_writing(request, facts, bucket, key, owner)


def _beside_writing(request: Request, facts: Facts, bucket: str, key: str, owner: str) -> Iterator[Use]:
    """What else an upload takes (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html, "Permissions")."""
    if request.operation not in ("PutObject", "CreateMultipartUpload", "CopyObject"):
        return
    given = request.parameters
    needed = []
    grants = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP")
    if given.get("ACL") or any(given.get(name) for name in grants):
        needed.append("s3:PutObjectAcl")
    if given.get("Tagging"):
        needed.append("s3:PutObjectTagging")
    if given.get("ObjectLockMode") or given.get("ObjectLockRetainUntilDate"):
        needed.append("s3:PutObjectRetention")
    if given.get("ObjectLockLegalHoldStatus"):
        needed.append("s3:PutObjectLegalHold")
    for action in needed:
        yield Use(action, _object_arn(facts, bucket, key), account=owner, context=_context(action, request))


def _copy(request: Request, facts: Facts) -> Iterator[Use]:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html: read there, write here."""
    given = request.parameters
    source, version = copy_source(given.get("CopySource"))
    owner = facts.bucket_owner(source[0])
    if owner is not None:
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        yield Use(action, _object_arn(facts, *source), account=owner, context=_context(action, request))
    bucket, key = str(given.get("Bucket", "")), str(given.get("Key", ""))
    target = facts.bucket_owner(bucket)
    if target is not None:
        context = _context("s3:PutObject", request)
        yield Use("s3:PutObject", _object_arn(facts, bucket, key), account=target, context=context)
        yield from _beside_writing(request, facts, bucket, key, target)


def copy_source(given: Any) -> tuple[tuple[str, str], str | None]:
    """Bucket and key, and the version, that a copy reads."""
    if isinstance(given, Mapping):
        return (str(given.get("Bucket", "")), str(given.get("Key", ""))), given.get("VersionId")
    text, _, version = str(given or "").partition("?versionId=")
    bucket, _, key = unquote(text).lstrip("/").partition("/")
    return (bucket, key), version or None


def _delete_many(request: Request, facts: Facts) -> Iterator[Use]:
    """S3 answers for each object by itself; the sandbox refuses the call if one of them is refused
    (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html)."""
    bucket = str(request.parameters.get("Bucket", ""))
    owner = facts.bucket_owner(bucket)
    if owner is None:
        return
    for one in (request.parameters.get("Delete") or {}).get("Objects") or ():
        action = "s3:DeleteObjectVersion" if one.get("VersionId") else "s3:DeleteObject"
        yield Use(action, _object_arn(facts, bucket, str(one.get("Key", ""))), account=owner)


def _list_buckets(request: Request, facts: Facts) -> Iterator[Use]:
    yield Use("s3:ListAllMyBuckets", f"arn:{facts.partition}:s3:::*", account=request.caller.account)


def _context(action: str, request: Request) -> dict[str, Values]:
    keys = condition_keys(action)
    given = request.parameters
    context: dict[str, Values] = {}
    for key, name in _parameters(action):
        if given.get(name) is not None and not isinstance(given[name], Mapping):
            context[key] = str(given[name])
    # Prefix, delimiter and max-keys are present, empty, in a list that does not give them.
    if action == "s3:ListBucket" and request.operation.startswith("ListObjects"):
        context.setdefault("s3:prefix", "")
    if "s3:RequestObjectTagKeys" in keys and isinstance(given.get("Tagging"), str):
        tags = dict(part.partition("=")[::2] for part in given["Tagging"].split("&") if part)
        context |= {f"s3:RequestObjectTag/{unquote(name)}": unquote(value) for name, value in tags.items()}
        context["s3:RequestObjectTagKeys"] = tuple(unquote(name) for name in tags)
    return context


@cache
def _parameters(action: str) -> tuple[tuple[str, str], ...]:
    """The action's condition keys that are parameters, with their names."""
    keys = condition_keys(action)
    return tuple((key, name) for key, name in _KEYS.items() if key in keys)


def _bucket_arn(facts: Facts, bucket: str) -> str:
    return f"arn:{facts.partition}:s3:::{bucket}"


def _object_arn(facts: Facts, bucket: str, key: str) -> str:
    return f"arn:{facts.partition}:s3:::{bucket}/{key}"


ROWS: Mapping[tuple[str, str], Row] = {
    **{("s3", operation): _on_bucket for operation in BUCKET_ACTIONS},
    **{("s3", operation): _on_object for operation in OBJECT_ACTIONS},
    ("s3", "CopyObject"): _copy,
    ("s3", "UploadPartCopy"): _copy,
    ("s3", "DeleteObjects"): _delete_many,
    ("s3", "ListBuckets"): _list_buckets,
}
