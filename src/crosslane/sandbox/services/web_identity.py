"""Sessions for tokens of an OIDC issuer, and the identity providers that let them in.

A token's signature is checked against the keys that the sandbox was started with: it fetches nothing from an issuer.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html (2026-11-25)
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crosslane.iam import Layers, Outcome, PolicyKind, Principal, decide, parse_policy
from crosslane.iam import Request as Question
from crosslane.sandbox.identities import Identities
from crosslane.sandbox.principals import Known
from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.services.sts import check_session_request, credentials_document
from crosslane.sandbox.store import Store

EARLY = timedelta(minutes=5)
"""How far a token's ``iat`` and ``nbf`` may lie ahead."""


class Issuers:
    """Key sets by issuer, read from ``{"ISSUER": {"keys": [JWK, ...]}}`` (RFC 7517) at every use; None: no issuer."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def key(self, issuer: str, identifier: object) -> tuple[int, int] | None:
        """Modulus and exponent of the issuer's RSA key of that ``kid``."""
        if self._file is None:
            return None
        sets = json.loads(self._file.read_text(encoding="utf-8"))
        for key in sets.get(issuer, {}).get("keys", []):
            if key.get("kid") == identifier and key.get("kty") == "RSA":
                return _number(key["n"]), _number(key["e"])
        return None


def handlers(store: Store, identities: Identities, known: Known, issuers: Issuers) -> dict[tuple[str, str], Handler]:
    """``sts:AssumeRoleWithWebIdentity``, and what moto lacks of OIDC identity providers."""

    def assume(request: Request) -> Mapping[str, Any]:
        return _assume(store, identities, known, issuers, request)

    def create(request: Request) -> Mapping[str, Any]:
        given = request.parameters
        url = str(given["Url"])
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
            raise ServiceError("InvalidInput", "Invalid Open ID Connect Provider URL")
        with store.locked():
            iam = store.iam(request.account)
            if any(one.url == url.partition("://")[2] for one in iam.open_id_providers.values()):
                raise ServiceError("EntityAlreadyExists", f"Provider with url {url} already exists.", 409)
            audiences, tags = list(given.get("ClientIDList", [])), list(given.get("Tags", []))
            made = iam.create_open_id_connect_provider(url, list(given.get("ThumbprintList", [])), audiences, tags)
        return {"OpenIDConnectProviderArn": made.arn, "Tags": tags}

    def add_audience(request: Request) -> Mapping[str, Any]:
        with store.locked():
            found = _provider(store, request)
            if request.parameters["ClientID"] not in found.client_id_list:
                found.client_id_list.append(request.parameters["ClientID"])
        return {}

    def delete(request: Request) -> Mapping[str, Any]:
        with store.locked():
            _provider(store, request)
            del store.iam(request.account).open_id_providers[request.parameters["OpenIDConnectProviderArn"]]
        return {}

    return {
        ("sts", "AssumeRoleWithWebIdentity"): assume,
        ("iam", "CreateOpenIDConnectProvider"): create,
        ("iam", "AddClientIDToOpenIDConnectProvider"): add_audience,
        ("iam", "DeleteOpenIDConnectProvider"): delete,
    }


def _provider(store: Store, request: Request) -> Any:
    arn = request.parameters["OpenIDConnectProviderArn"]
    found = store.iam(request.account).open_id_providers.get(arn)
    if found is None:
        raise ServiceError("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", 404)
    return found


def _assume(
    store: Store, identities: Identities, known: Known, issuers: Issuers, request: Request
) -> Mapping[str, Any]:
    given = request.parameters
    role_arn, session_name, seconds = check_session_request(given)
    claims = _verified(str(given.get("WebIdentityToken", "")), issuers, identities.clock())
    role = store.role(role_arn)
    if role is None or not known(role_arn):
        raise _refused()
    account, issuer = role.account_id, str(claims["iss"]).partition("://")[2]
    arn = f"arn:{store.partition}:iam::{account}:oidc-provider/{issuer}"
    provider = store.iam(account).open_id_providers.get(arn)
    if provider is None:
        raise _invalid(f"No OpenIDConnect provider found in your account for {claims['iss']}")
    audiences = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
    audience = next((one for one in audiences if one in provider.client_id_list), None)
    if audience is None:
        raise _invalid("Incorrect token audience")
    context = {f"{issuer}:aud": str(audience), f"{issuer}:sub": str(claims["sub"]), "sts:RoleSessionName": session_name}
    trust = role.assume_role_policy_document
    text = trust if isinstance(trust, str) else json.dumps(trust)
    question = Question.of(
        Principal.identity_provider(arn), "sts:AssumeRoleWithWebIdentity", role_arn, account, dict(context)
    )
    decision = decide(question, Layers.of(resource=parse_policy(text, PolicyKind.TRUST, role.name)))
    if decision.outcome is not Outcome.ALLOWED:
        raise _refused()
    if seconds > int(role.max_session_duration or 3600):
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise ServiceError("ValidationError", message)
    session = store.session_of(role, session_name, identities.temporary(seconds))
    arns = tuple(item["arn"] for item in given.get("PolicyArns", ()))
    kept = identities.keep(replace(session, policy=given.get("Policy"), policy_arns=arns))
    return {
        "Credentials": credentials_document(kept.credentials),
        "SubjectFromWebIdentityToken": str(claims["sub"]),
        "AssumedRoleUser": {"Arn": kept.arn, "AssumedRoleId": kept.user_id},
        "Provider": arn,
        "Audience": str(audience),
    }


def _verified(token: str, issuers: Issuers, now: datetime) -> Mapping[str, Any]:
    """The claims of a token that its issuer has signed and that is in time. Only RS256 is taken."""
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
        algorithm, key_id, signed = header.get("alg"), header.get("kid"), _decoded(signature)
        issuer, subject, expires = str(claims["iss"]), claims["sub"], float(claims["exp"])
        begins = max(float(claims.get("iat", 0)), float(claims.get("nbf", 0)))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _invalid("The ID Token provided is not a valid JWT.") from None
    if algorithm != "RS256" or not issuer.startswith("https://") or not isinstance(subject, str):
        raise _invalid("The ID Token provided is not a valid JWT.")
    key = issuers.key(issuer, key_id)
    if key is None:
        raise _invalid("Couldn't retrieve verification key from your identity provider")
    if not _is_signature(key, signed, f"{head}.{body}".encode()):
        raise _invalid("Token signature invalid")
    if datetime.fromtimestamp(expires, UTC) <= now:
        raise ServiceError("ExpiredTokenException", "Token expired: current date/time must be before the expiration")
    if datetime.fromtimestamp(begins, UTC) > now + EARLY:
        raise _invalid("Token is not valid yet")
    return dict(claims)


def _is_signature(key: tuple[int, int], signature: bytes, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    from cryptography.hazmat.primitives.hashes import SHA256

    modulus, exponent = key
    try:
        RSAPublicNumbers(exponent, modulus).public_key().verify(signature, content, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text))


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidIdentityToken", message)


def _refused() -> ServiceError:
    return ServiceError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
