"""S3 where moto differs: what a new bucket starts with, and what a bucket policy or an ACL may say.

Since April 2023 new buckets block public access and take no ACLs, and since January 2023 they encrypt
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosslane.iam import PolicyError, PolicyKind, parse_policy
from crosslane.iam.services.s3 import is_public
from crosslane.sandbox.principals import Known, unknown_principals
from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.store import Store

Key = tuple[str, str]
Check = Callable[[Request], None]
POLICY_BYTES = 20 * 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html"""

_WITH_ACL = ("PutObject", "CopyObject", "CreateMultipartUpload", "PutObjectAcl", "PutBucketAcl")
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")


def prepare() -> Mapping[Key, Handler]:
    """Keeps moto from deciding by bucket policies and ACLs: it ignores conditions and denies everything that a
    statement for plain HTTP denies. To be called before the first request for S3."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.PERMITTED  # type: ignore[method-assign]
    return {}


def checks(store: Store, known: Known) -> dict[Key, Sequence[Check]]:
    """What is refused before moto is asked."""

    def policy(request: Request) -> None:
        _check_policy(store, request, known)

    def acl(request: Request) -> None:
        _check_acl(store, request)

    return {("s3", "PutBucketPolicy"): (policy,), **{("s3", operation): (acl,) for operation in _WITH_ACL}}


def new_buckets(store: Store) -> Check:
    """Gives a bucket what AWS gives it when it is created."""

    def complete(request: Request) -> None:
        if (request.service, request.operation) != ("s3", "CreateBucket"):
            return
        from moto.s3.models import PublicAccessBlock

        bucket = _bucket(store, request)
        if bucket is None:
            return
        if bucket.public_access_block is None:
            bucket.public_access_block = PublicAccessBlock(True, True, True, True)
        if bucket.ownership_rule is None:
            bucket.ownership_rule = "BucketOwnerEnforced"
        if bucket.encryption is None:
            bucket.encryption = {
                "Rule": {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                    "BucketKeyEnabled": "false",
                }
            }

    return complete


def _bucket(store: Store, request: Request) -> Any:
    from moto.s3.models import s3_backends

    name = request.parameters.get("Bucket", "")
    _, account = s3_backends.bucket_accounts.get(name, (None, None))
    return store.backend("s3", account, store.partition).buckets.get(name) if account else None


def _check_policy(store: Store, request: Request, known: Known) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, MalformedPolicy and InvalidPolicyDocument"""
    text, bucket = request.parameters.get("Policy", ""), request.parameters.get("Bucket", "")
    if len(text.encode()) > POLICY_BYTES:
        raise ServiceError("PolicyTooLarge", f"Policy exceeds the maximum allowed document size: {POLICY_BYTES}")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _malformed("Policies must be valid JSON and the first byte must be '{'") from error
    if not isinstance(document, dict):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    if not document.get("Statement"):
        raise _malformed("Missing required field Statement")
    statements = document["Statement"]
    own = f"arn:{store.partition}:s3:::{bucket}"
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise _malformed("Missing required field Principal")
        for action in _values(statement.get("Action")):
            if action != "*" and not action.lower().startswith("s3:"):
                raise _malformed("Policy has invalid action")
        for resource in _values(statement.get("Resource")):
            if resource != own and not resource.startswith(f"{own}/") and resource not in ("*", f"{own}*"):
                raise _malformed("Policy has invalid resource")
    for _ in unknown_principals(store, text, known):
        raise _malformed("Invalid principal in policy")
    _check_public(store, request, text)


def _check_public(store: Store, request: Request, text: str) -> None:
    """BlockPublicPolicy: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html, "Access
    denied due to Block Public Access settings"."""
    bucket = _bucket(store, request)
    block = None if bucket is None else bucket.public_access_block
    if block is None or str(block.block_public_policy).lower() != "true":
        return
    try:
        policy = parse_policy(text, PolicyKind.RESOURCE)
    except PolicyError as error:
        raise _malformed(str(error)) from None
    if any(is_public(statement) for statement in policy):
        message = (
            f"User: {request.caller.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "
            f'"arn:{store.partition}:s3:::{bucket.name}" because public policies are prevented by the '
            "BlockPublicPolicy setting in S3 Block Public Access."
        )
        raise ServiceError("AccessDenied", message, 403)


def _check_acl(store: Store, request: Request) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html, bucket owner enforced"""
    bucket = _bucket(store, request)
    if bucket is None or bucket.ownership_rule != "BucketOwnerEnforced":
        return
    parameters = request.parameters
    granted = any(parameters.get(name) for name in _GRANTS) or parameters.get("AccessControlPolicy")
    if granted or parameters.get("ACL", "bucket-owner-full-control") != "bucket-owner-full-control":
        raise ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs")


def _values(element: Any) -> list[str]:
    if element is None:
        return []
    return [str(value) for value in element] if isinstance(element, list) else [str(element)]


def _malformed(message: str) -> ServiceError:
    return ServiceError("MalformedPolicy", message)
