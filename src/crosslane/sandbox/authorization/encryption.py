"""KMS keys that S3 and Lambda use on a principal's behalf, when an encrypted object is read or written.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html, "Permissions"; with a bucket key the
encryption context is the bucket's ARN, else the object's:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html;
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions (2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.sandbox.authorization.operations.model import Use
from crosslane.sandbox.authorization.operations.s3 import copy_source
from crosslane.sandbox.authorization.world import StoreWorld
from crosslane.sandbox.request import Request, ServiceError

_DATA_KEY, _DECRYPT = "kms:GenerateDataKey", "kms:Decrypt"


def key_uses(request: Request, world: StoreWorld) -> Iterator[Use]:
    """The uses of keys that the request implies. Raises ``ServiceError`` for a key that cannot be used now."""
    given = request.parameters
    if request.service == "lambda" and request.operation in ("CreateFunction", "UpdateFunctionCode"):
        yield from _code(request, world)
        return
    if request.service != "s3":
        return
    bucket, key = str(given.get("Bucket", "")), str(given.get("Key", ""))
    match request.operation:
        case "PutObject":
            yield from _writing(request, world, bucket, key, (_DATA_KEY,))
        case "CreateMultipartUpload":
            yield from _writing(request, world, bucket, key, (_DATA_KEY, _DECRYPT))
        case "GetObject" | "GetObjectAttributes":
            yield from _reading(request, world, bucket, key, given.get("VersionId"), "s3")
        case "CopyObject" | "UploadPartCopy":
            (source, name), version = copy_source(given.get("CopySource"))
            yield from _reading(request, world, source, name, version, "s3")
            if request.operation == "CopyObject":
                yield from _writing(request, world, bucket, key, (_DATA_KEY,))
        case "UploadPart":
            yield from _part(request, world, bucket, key)


def _writing(request: Request, world: StoreWorld, bucket: str, key: str, actions: tuple[str, ...]) -> Iterator[Use]:
    found = world.store_bucket(bucket)
    if found is None:
        return
    default = _default_rule(found)
    algorithm = request.parameters.get("ServerSideEncryption") or default.get("SSEAlgorithm")
    if algorithm not in ("aws:kms", "aws:kms:dsse"):
        return
    named = request.parameters.get("SSEKMSKeyId")
    if named is None and request.parameters.get("ServerSideEncryption") in (None, default.get("SSEAlgorithm")):
        named = default.get("KMSMasterKeyID")
    asked = request.parameters.get("BucketKeyEnabled")
    bucket_key = default.get("BucketKeyEnabled") if asked is None else asked
    yield from _using(request, world, str(named or ""), bucket, "" if bucket_key else key, actions, "s3")


def _reading(
    request: Request, world: StoreWorld, bucket: str, key: str, version: str | None, via: str
) -> Iterator[Use]:
    stored = world.stored_object(bucket, key, version)
    if stored is None or stored.encryption not in ("aws:kms", "aws:kms:dsse"):
        return
    name = "" if str(stored.bucket_key_enabled).lower() == "true" else key
    yield from _using(request, world, str(stored.kms_key_id or ""), bucket, name, (_DECRYPT,), via)


def _part(request: Request, world: StoreWorld, bucket: str, key: str) -> Iterator[Use]:
    found = world.store_bucket(bucket)
    upload = None if found is None else found.multiparts.get(str(request.parameters.get("UploadId")))
    if upload is None:
        return
    default = _default_rule(found)
    encryption = upload.sse_encryption or default.get("SSEAlgorithm")
    named = upload.kms_key_id or (default.get("KMSMasterKeyID") if upload.sse_encryption is None else None)
    if encryption in ("aws:kms", "aws:kms:dsse"):
        name = "" if default.get("BucketKeyEnabled") else key
        yield from _using(request, world, str(named or ""), bucket, name, (_DATA_KEY, _DECRYPT), "s3")


def _code(request: Request, world: StoreWorld) -> Iterator[Use]:
    """Lambda reads a function's code with the rights of who makes the function
    (https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html)."""
    code = request.parameters.get("Code") or request.parameters
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if not bucket or not key:
        return
    owner = world.bucket_owner(str(bucket))
    version = code.get("S3ObjectVersion")
    if owner is None:
        return
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    yield Use(action, f"arn:{world.partition}:s3:::{bucket}/{key}", account=owner, via="lambda")
    yield from _reading(request, world, str(bucket), str(key), version, "s3")


def _using(
    request: Request, world: StoreWorld, named: str, bucket: str, key: str, actions: tuple[str, ...], via: str
) -> Iterator[Use]:
    if not named or named.endswith("alias/aws/s3"):
        yield from _aws_managed(request, world, bucket)
        return
    # "If the KMS key is in another account …, you must use the ARN": a bare id is one of the caller's account.
    arn = world.key(request.caller.account, request.region, named)
    if arn is None:
        raise ServiceError("KMS.NotFoundException", f"Invalid keyId '{named}'")
    object_arn = f"arn:{world.partition}:s3:::{bucket}/{key}" if key else f"arn:{world.partition}:s3:::{bucket}"
    context = {"kms:EncryptionContext:aws:s3:arn": object_arn, "kms:EncryptionContextKeys": ("aws:s3:arn",)}
    for action in actions:
        yield Use(action, arn, context={**context, "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, via=via)
    _check_state(world, arn)


def _aws_managed(request: Request, world: StoreWorld, bucket: str) -> Iterator[Use]:
    """The key ``aws/s3`` of the bucket's account lets everybody of that account in through S3, and nobody else
    (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk)."""
    owner = world.bucket_owner(bucket)
    if owner is not None and owner != request.caller.account:
        yield Use(_DECRYPT, f"arn:{world.partition}:kms:{request.region}:{owner}:key/aws-s3", account=owner, via="s3")


def _check_state(world: StoreWorld, arn: str) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html; S3 puts ``KMS.`` before KMS's codes."""
    state = world.key_state(arn)
    if state == "Disabled":
        raise ServiceError("KMS.DisabledException", f"{arn} is disabled.")
    if state in ("PendingDeletion", "PendingReplicaDeletion"):
        raise ServiceError("KMS.KMSInvalidStateException", f"{arn} is pending deletion.")


def _default_rule(bucket: Any) -> Mapping[str, Any]:
    """The bucket's default encryption, in one flat mapping."""
    rule = (bucket.encryption or {}).get("Rule") or {}
    rule = rule[0] if isinstance(rule, list) else rule
    by_default = dict(rule.get("ApplyServerSideEncryptionByDefault") or {})
    by_default["BucketKeyEnabled"] = str(rule.get("BucketKeyEnabled", "")).lower() == "true"
    return by_default
