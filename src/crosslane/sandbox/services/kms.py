"""KMS: keys of other accounts by ARN, key policies that are checked, states in which a key cannot be used.

moto looks every key up in the caller's account, stores any text as a policy, and uses keys that are disabled.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosslane.sandbox.identities import Identities
from crosslane.sandbox.principals import Known, unknown_principals
from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.store import Store

Key = tuple[str, str]
Check = Callable[[Request], None]
Owner = Callable[[Request], str]

POLICY_BYTES = 32 * 1024
"""https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"""

ACROSS_ACCOUNTS = (
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetKeyRotationStatus",
    "GetPublicKey",
    "ListGrants",
    "ReEncrypt",
    "RetireGrant",
    "RevokeGrant",
    "Sign",
    "Verify",
    "VerifyMac",
)
"""Operations that may name a key of another account
(https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html, 2026-10)."""

_USING = (
    "Encrypt",
    "Decrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncrypt",
    "Sign",
    "GenerateMac",
)
_CHANGING = (
    "CreateAlias",
    "CreateGrant",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateKeyDescription",
)
"""Refused while a key is pending deletion (https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html)."""

_OWN_ONLY = ("GetKeyPolicy", "PutKeyPolicy", "ListResourceTags", "ListKeyPolicies", *_CHANGING)


def prepare() -> Mapping[Key, Handler]:
    """Keeps moto from making a pair of RSA keys for each symmetric key, which takes longer than all the rest of a
    request. To be called before the first request for KMS."""
    import moto.kms.models
    from moto.kms.utils import generate_private_key

    def generate(key_spec: str) -> Any:
        return _NoPair() if key_spec.startswith(("SYMMETRIC", "HMAC")) else generate_private_key(key_spec)

    moto.kms.models.generate_private_key = generate  # type: ignore[attr-defined]
    return {}


class _NoPair:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html (2026-11-25)"""

    def public_key(self) -> bytes:
        raise ServiceError("UnsupportedOperationException", "The key is not asymmetric")


def owners(store: Store) -> dict[Key, Owner]:
    """Sends a request for a key of another account there."""

    def owner(request: Request) -> str:
        named = request.parameters.get("KeyId") or request.parameters.get("DestinationKeyId")
        if named is None and "CiphertextBlob" in request.parameters:
            return _owner_of_ciphertext(store, request)
        account = str(named).split(":")[4] if str(named).startswith("arn:") and str(named).count(":") >= 5 else ""
        return account if account in store.accounts else request.account

    return {("kms", operation): owner for operation in ACROSS_ACCOUNTS}


def handlers(store: Store) -> dict[Key, Handler]:
    """Operations that moto answers for the bare key id only, or with less than AWS."""

    def get_policy(request: Request) -> Mapping[str, Any]:
        return {"Policy": _key(store, request).policy, "PolicyName": "default"}

    def put_policy(request: Request) -> Mapping[str, Any]:
        _key(store, request).policy = request.parameters["Policy"]
        return {}

    def schedule_deletion(request: Request) -> Mapping[str, Any]:
        key = _key(store, request)
        days = request.parameters.get("PendingWindowInDays", 30)
        if not 7 <= days <= 30:
            raise ServiceError("ValidationException", "PendingWindowInDays must be between 7 and 30")
        _backend(store, request).schedule_key_deletion(key.id, days)
        return {
            "KeyId": key.arn,
            "DeletionDate": key.deletion_date,
            "KeyState": key.key_state,
            "PendingWindowInDays": days,
        }

    def cancel_deletion(request: Request) -> Mapping[str, Any]:
        key = _key(store, request)
        if key.key_state != "PendingDeletion":
            raise ServiceError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
        _backend(store, request).cancel_key_deletion(key.id)
        key.enabled = False
        return {"KeyId": key.arn}

    def enable(request: Request) -> Mapping[str, Any]:
        _backend(store, request).enable_key(_key(store, request).id)
        return {}

    def disable(request: Request) -> Mapping[str, Any]:
        _backend(store, request).disable_key(_key(store, request).id)
        return {}

    return {
        ("kms", "GetKeyPolicy"): get_policy,
        ("kms", "PutKeyPolicy"): put_policy,
        ("kms", "ScheduleKeyDeletion"): schedule_deletion,
        ("kms", "CancelKeyDeletion"): cancel_deletion,
        ("kms", "EnableKey"): enable,
        ("kms", "DisableKey"): disable,
    }


def checks(store: Store, identities: Identities, known: Known) -> dict[Key, Sequence[Check]]:
    """What is refused first."""

    def own(request: Request) -> None:
        named = str(request.parameters.get("KeyId") or request.parameters.get("TargetKeyId") or "")
        if named.startswith("arn:") and named.count(":") >= 5 and named.split(":")[4] != request.account:
            action = f"kms:{request.operation}"
            message = f"User: {request.caller.arn} is not authorized to perform: {action} on resource: {named}"
            raise ServiceError("AccessDeniedException", message)

    def policy(request: Request) -> None:
        document = request.parameters.get("Policy")
        if document is not None:
            bypassed = bool(request.parameters.get("BypassPolicyLockoutSafetyCheck"))
            _check_policy(store, identities, request, str(document), known, bypassed)

    def usable(request: Request) -> None:
        key = _find(store, request)
        if key is not None and key.key_state == "PendingDeletion":
            raise ServiceError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        if key is not None and key.key_state == "Disabled":
            raise ServiceError("DisabledException", f"{key.arn} is disabled.")

    def staying(request: Request) -> None:
        key = _find(store, request)
        if key is not None and key.key_state == "PendingDeletion":
            raise ServiceError("KMSInvalidStateException", f"{key.arn} is pending deletion.")

    found: dict[Key, tuple[Check, ...]] = {("kms", operation): (own,) for operation in _OWN_ONLY}
    for operation in _CHANGING:
        before = () if operation in ACROSS_ACCOUNTS else (own,)
        found["kms", operation] = (*before, staying)
    for operation in _USING:
        found["kms", operation] = (usable,)
    found["kms", "CreateKey"] = (policy,)
    found["kms", "PutKeyPolicy"] = (own, policy)
    return dict(found)


def _backend(store: Store, request: Request) -> Any:
    return store.backend("kms", request.account, request.region)


def _find(store: Store, request: Request) -> Any | None:
    """The key that the request names or whose ciphertext it brings."""
    parameters = request.parameters
    named = parameters.get("KeyId") or parameters.get("TargetKeyId") or parameters.get("DestinationKeyId")
    if named is None:
        return _backend(store, request).keys.get(_key_of_ciphertext(request))
    return store.kms_key(request.account, request.region, str(named))


def _key(store: Store, request: Request) -> Any:
    key = _find(store, request)
    named = request.parameters.get("KeyId")
    if key is None or str(named).startswith("alias/"):
        raise ServiceError("NotFoundException", f"Key '{named}' does not exist")
    return key


def _key_of_ciphertext(request: Request) -> str:
    """moto writes the key's id in front of what it encrypts."""
    blob = request.parameters.get("CiphertextBlob", b"")
    return bytes(blob)[:36].decode("ascii", "replace")


def _owner_of_ciphertext(store: Store, request: Request) -> str:
    key = _key_of_ciphertext(request)
    for account in store.accounts:
        if key in store.backend("kms", account, request.region).keys:
            return account
    return request.account


def _check_policy(
    store: Store, identities: Identities, request: Request, document: str, known: Known, bypassed: bool
) -> None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html, ``Policy`` and the safety check"""
    if len(document.encode()) > POLICY_BYTES:
        raise ServiceError("LimitExceededException", f"The key policy is longer than {POLICY_BYTES} bytes")
    try:
        parsed = json.loads(document)
        statements = parsed["Statement"]
    except (ValueError, KeyError, TypeError):
        raise _malformed("The new key policy is malformed: it is no policy document in JSON") from None
    for _ in unknown_principals(store, document, known):
        raise _malformed("Policy contains a statement with one or more invalid principals.")
    found = identities.find(request.caller.access_key or "")
    caller = found.principal_arn if found else request.caller.arn
    mine = {"*", request.account, f"arn:{store.partition}:iam::{request.account}:root", caller, request.caller.arn}
    listed = statements if isinstance(statements, list) else [statements]
    if not bypassed and not any(_lets_change_policy(statement, mine) for statement in listed):
        raise _malformed("The new key policy will not allow you to update the key policy in the future.")


def _lets_change_policy(statement: Mapping[str, Any], mine: set[str]) -> bool:
    principal = statement.get("Principal")
    named = principal.get("AWS", []) if isinstance(principal, dict) else principal
    values = {str(value) for value in named} if isinstance(named, list) else {str(named)}
    actions = statement.get("Action", [])
    wanted = actions if isinstance(actions, list) else [actions]
    matching = any(fnmatch.fnmatchcase("kms:putkeypolicy", str(action).lower()) for action in wanted)
    return statement.get("Effect") == "Allow" and bool(values & mine) and matching


def _malformed(message: str) -> ServiceError:
    return ServiceError("MalformedPolicyDocumentException", message)
