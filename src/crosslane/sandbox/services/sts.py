"""STS: sessions of roles and users with AWS's rules on who may get one and for how long.

moto hands out a session of any role, also of one that does not exist.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.iam.policy_validation import IAMPolicyDocumentValidator

from crosslane.sandbox.identities import Credentials, Identities, Identity, Kind
from crosslane.sandbox.principals import Known
from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.store import Store

DEFAULT_SECONDS = 3600
CHAINED_SECONDS = 3600
"""The longest session of a role assumed with a role's credentials
(https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, ``DurationSeconds``)."""

SESSION_POLICY_CHARACTERS = 2048
_ROLE_ARN = re.compile(r"arn:[^:]+:iam::\d{12}:role/.+")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


def handlers(store: Store, identities: Identities, known: Known) -> dict[tuple[str, str], Handler]:
    """The operations of STS. ``known`` tells whether STS knows a role by now."""

    def caller(request: Request) -> Identity:
        identity = identities.find(request.caller.access_key or "")
        if identity is None:
            raise ServiceError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        return identity

    def get_caller_identity(request: Request) -> Mapping[str, Any]:
        who = request.caller
        return {"Account": who.account, "Arn": who.arn, "UserId": who.user_id}

    def assume_role(request: Request) -> Mapping[str, Any]:
        return _assume_role(store, identities, known, request, caller(request))

    def get_session_token(request: Request) -> Mapping[str, Any]:
        identity = caller(request)
        if identity.kind is not Kind.USER or identity.credentials.token:
            raise ServiceError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
        seconds = _seconds(request.parameters.get("DurationSeconds", 43200), 129600)
        kept = identities.keep(replace(identity, credentials=identities.temporary(seconds)))
        return {"Credentials": credentials_document(kept.credentials)}

    def get_access_key_info(request: Request) -> Mapping[str, Any]:
        found = identities.find(request.parameters["AccessKeyId"])
        if found is None:
            raise ServiceError("ValidationError", "Access key not found", 400)
        return {"Account": found.account}

    def unsupported(request: Request) -> Mapping[str, Any]:
        raise ServiceError("NotImplemented", f"The sandbox does not support sts:{request.operation}")

    return {
        ("sts", "GetCallerIdentity"): get_caller_identity,
        ("sts", "AssumeRole"): assume_role,
        ("sts", "GetSessionToken"): get_session_token,
        ("sts", "GetAccessKeyInfo"): get_access_key_info,
        ("sts", "GetFederationToken"): unsupported,
        ("sts", "AssumeRoleWithSAML"): unsupported,
        ("sts", "AssumeRoot"): unsupported,
    }


def not_authorized(arn: str, role_arn: str) -> ServiceError:
    """What AWS says for a role that does not exist, does not trust the caller, or is not yet known
    everywhere."""
    return ServiceError(
        "AccessDenied",
        f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
        403,
    )


def _assume_role(
    store: Store, identities: Identities, known: Known, request: Request, identity: Identity
) -> Mapping[str, Any]:
    parameters = request.parameters
    role_arn, session_name, seconds = check_session_request(parameters)
    if identity.kind is Kind.ROOT:
        raise ServiceError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    _check_mfa(store, identity, parameters, identities.clock())
    role = store.role(role_arn)
    if role is None or not known(role_arn):
        raise not_authorized(identity.arn, role_arn)
    if identity.kind is Kind.ROLE and seconds > CHAINED_SECONDS:
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    if seconds > int(role.max_session_duration or 3600):
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    session = store.session_of(role, session_name, identities.temporary(seconds))
    tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", ())}
    inherited = {key: identity.tags[key] for key in identity.transitive_tags if key in identity.tags}
    kept = identities.keep(
        replace(
            session,
            policy=parameters.get("Policy"),
            policy_arns=tuple(item["arn"] for item in parameters.get("PolicyArns", ())),
            tags={**inherited, **tags},
            transitive_tags=(*identity.transitive_tags, *parameters.get("TransitiveTagKeys", ())),
            source_identity=parameters.get("SourceIdentity", identity.source_identity),
        )
    )
    result: dict[str, Any] = {
        "Credentials": credentials_document(kept.credentials),
        "AssumedRoleUser": {"Arn": kept.arn, "AssumedRoleId": kept.user_id},
    }
    if kept.source_identity:
        result["SourceIdentity"] = kept.source_identity
    return result


def check_session_request(parameters: Mapping[str, Any]) -> tuple[str, str, int]:
    """What every way to assume a role checks first: role, name of the session and its seconds."""
    role_arn, session_name = str(parameters.get("RoleArn", "")), str(parameters.get("RoleSessionName", ""))
    seconds = _seconds(parameters.get("DurationSeconds", DEFAULT_SECONDS), 43200)
    if not _SESSION_NAME.fullmatch(session_name):
        raise _invalid(session_name, "roleSessionName", r"satisfy regular expression pattern: [\w+=,.@-]*")
    if not _ROLE_ARN.fullmatch(role_arn):
        raise ServiceError("ValidationError", f"{role_arn} is invalid")
    _check_session_policy(parameters.get("Policy"))
    return role_arn, session_name, seconds


def _check_mfa(store: Store, identity: Identity, parameters: Mapping[str, Any], now: datetime) -> None:
    """The code must be one that the user's virtual device shows now, or showed or will show half a minute from now."""
    serial, code = str(parameters.get("SerialNumber") or ""), str(parameters.get("TokenCode") or "")
    if not serial and not code:
        return
    user = store.user(identity.principal_arn) if identity.kind is Kind.USER else None
    device = store.iam(identity.account).virtual_mfa_devices.get(serial)
    seed = device.base32_string_seed if device is not None and user is not None and serial in user.mfa_devices else None
    if seed is None or code not in {totp(seed, now.timestamp() + 30 * step) for step in (-1, 0, 1)}:
        message = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        raise ServiceError("AccessDenied", message, 403)


def totp(seed: str, moment: float) -> str:
    """The six digits of a virtual device at the moment (RFC 6238)."""
    digest = hmac.new(base64.b32decode(seed), int(moment // 30).to_bytes(8), "sha1").digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"


def _check_session_policy(policy: str | None) -> None:
    if policy is None:
        return
    if len(policy) > SESSION_POLICY_CHARACTERS:
        raise _invalid(policy, "policy", f"have length less than or equal to {SESSION_POLICY_CHARACTERS}")
    try:
        IAMPolicyDocumentValidator(policy).validate()
    except ServiceException as error:
        raise ServiceError("MalformedPolicyDocument", str(error.message)) from error


def _seconds(value: Any, most: int) -> int:
    seconds = int(value)
    if seconds < 900:
        raise _invalid(seconds, "durationSeconds", "have value greater than or equal to 900")
    if seconds > most:
        raise _invalid(seconds, "durationSeconds", f"have value less than or equal to {most}")
    return seconds


def _invalid(value: object, member: str, constraint: str) -> ServiceError:
    where = f"Value '{value}' at '{member}'"
    message = f"1 validation error detected: {where} failed to satisfy constraint: Member must {constraint}"
    return ServiceError("ValidationError", message)


def credentials_document(credentials: Credentials) -> Mapping[str, Any]:
    """As STS's answers have them."""
    return {
        "AccessKeyId": credentials.access_key,
        "SecretAccessKey": credentials.secret_key,
        "SessionToken": credentials.token,
        "Expiration": credentials.expires,
    }
