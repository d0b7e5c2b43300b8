"""KMS: which key an operation is for, and the encryption context it brings.

https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html and
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html (2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.sandbox.authorization.operations.derived import action_of, condition_keys, resource_types
from crosslane.sandbox.authorization.operations.model import Facts, Use, Values, arn
from crosslane.sandbox.request import Request


def row(request: Request, facts: Facts) -> Iterator[Use]:
    """The uses of any operation of KMS."""
    match request.operation:
        case "CreateAlias" | "DeleteAlias" | "UpdateAlias":
            yield from _alias(request, facts)
        case "ReEncrypt":
            yield from _re_encrypt(request, facts)
        case _:
            yield from _on_key(request, facts)


def _on_key(request: Request, facts: Facts) -> Iterator[Use]:
    action = action_of("kms", request.operation)
    assert action is not None, request.operation
    context = _context(action, request.parameters)
    if not resource_types(action):
        yield Use(action, context=context)
        return
    named = request.parameters.get("KeyId")
    if named is None and "CiphertextBlob" in request.parameters:
        found = facts.ciphertext_key(request.region, bytes(request.parameters["CiphertextBlob"]))
    else:
        found = facts.key(request.account, request.region, str(named))
    if str(named or "").startswith(("alias/", "arn:")) and ":alias/" in f":{named}":
        context["kms:RequestAlias"] = "alias/" + str(named).partition("alias/")[2]
    yield Use(action, found or _unknown(request, facts, str(named)), context=context)


def _alias(request: Request, facts: Facts) -> Iterator[Use]:
    """An alias takes rights on the alias and on each key it is or was for
    (https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html)."""
    action = f"kms:{request.operation}"
    name = str(request.parameters.get("AliasName", ""))
    alias = arn(facts, request, "kms", name)
    yield Use(action, alias)
    for named in (None if request.operation == "CreateAlias" else name, request.parameters.get("TargetKeyId")):
        if named is not None:
            key = facts.key(request.account, request.region, str(named))
            if key is not None:
                yield Use(action, key)


def _re_encrypt(request: Request, facts: Facts) -> Iterator[Use]:
    given = request.parameters
    blob = bytes(given.get("CiphertextBlob", b""))
    named = given.get("SourceKeyId")
    source = facts.key(request.account, request.region, str(named)) if named else None
    source = source or facts.ciphertext_key(request.region, blob) or _unknown(request, facts, str(named))
    target = facts.key(request.account, request.region, str(given.get("DestinationKeyId")))
    before = _encryption_context(given.get("SourceEncryptionContext"))
    after = _encryption_context(given.get("DestinationEncryptionContext"))
    yield Use("kms:ReEncryptFrom", source, context=before)
    unknown = _unknown(request, facts, str(given.get("DestinationKeyId")))
    yield Use("kms:ReEncryptTo", target or unknown, context=after)


def _unknown(request: Request, facts: Facts, named: str) -> str:
    """The ARN that a key or an alias which does not exist would have."""
    if named.startswith("arn:"):
        return named
    return arn(facts, request, "kms", named if named.startswith("alias/") else f"key/{named}")


def _context(action: str, given: Mapping[str, Any]) -> dict[str, Values]:
    context = _encryption_context(given.get("EncryptionContext"))
    keys = condition_keys(action)
    for key, name in (
        ("kms:KeySpec", "KeySpec"),
        ("kms:KeyUsage", "KeyUsage"),
        ("kms:KeyOrigin", "Origin"),
        ("kms:MultiRegion", "MultiRegion"),
        ("kms:BypassPolicyLockoutSafetyCheck", "BypassPolicyLockoutSafetyCheck"),
        ("kms:ScheduleKeyDeletionPendingWindowInDays", "PendingWindowInDays"),
        ("kms:EncryptionAlgorithm", "EncryptionAlgorithm"),
        ("kms:GranteePrincipal", "GranteePrincipal"),
        ("kms:RetiringPrincipal", "RetiringPrincipal"),
    ):
        if key in keys and (name in given or name in _DEFAULTS):
            value = given.get(name, _DEFAULTS.get(name))
            context[key] = str(value).lower() if isinstance(value, bool) else str(value)
    if "kms:GrantOperations" in keys and given.get("Operations"):
        context["kms:GrantOperations"] = tuple(given["Operations"])
    if "kms:GrantIsForAWSResource" in keys:
        context["kms:GrantIsForAWSResource"] = "false"
    return context


_DEFAULTS: Mapping[str, Any] = {
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "Origin": "AWS_KMS",
    "MultiRegion": False,
    "BypassPolicyLockoutSafetyCheck": False,
    "PendingWindowInDays": 30,
    "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
}
"""https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html and of the other operations"""


def _encryption_context(given: Any) -> dict[str, Values]:
    if not given:
        return {}
    pairs: dict[str, Values] = {f"kms:EncryptionContext:{key}": str(value) for key, value in given.items()}
    pairs["kms:EncryptionContextKeys"] = tuple(given)
    return pairs
