"""The sandbox's OIDC service of IAM Identity Center: clients, approvals, tokens.

https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html, RFC 8628 (device codes), RFC
7636 (PKCE), RFC 8252 (redirects to loopback, whose port is free); looked up 2026-11. Nothing is approved by itself: a
person, or a test that plays one, decides on the page of ``portal``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit

from crosslane.sandbox.request import ServiceError

CODE_GRANT = "authorization_code"
REFRESH_GRANT = "refresh_token"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

CLIENT_SECONDS = 90 * 86400
DEVICE_SECONDS = 600
CODE_SECONDS = 60
TOKEN_SECONDS = 3600
"""An access token's life; with a refresh token it is renewed until the session ends."""
SESSION_SECONDS = 8 * 3600
POLL_SECONDS = 1
_EARLY = 0.2
"""How much before its time a poll may come, for clocks that tick unevenly."""
_KEPT = 2000

T = TypeVar("T")


class Consent(Enum):
    """What the person said on the page."""

    PENDING = auto()
    ALLOWED = auto()
    DENIED = auto()


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. ``redirects`` and the code grant go together."""

    id: str
    secret: str = field(repr=False)
    expires: datetime
    grants: tuple[str, ...]
    redirects: tuple[str, ...]
    scopes: tuple[str, ...]


@dataclass(slots=True)
class Device:
    """A device authorization that is under way."""

    code: str = field(repr=False)
    user_code: str
    client: str
    expires: datetime
    decision: Consent = Consent.PENDING
    polled: datetime | None = None
    interval: float = POLL_SECONDS


@dataclass(slots=True)
class Asking:
    """An authorization request that a browser brought, and its code once it is allowed."""

    client: str
    redirect: str
    state: str
    challenge: str
    expires: datetime
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """A person's session; tokens of a revoked or ended one count for nothing."""

    id: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class _Token:
    session: str
    client: str
    expires: datetime


class Oidc:
    """All state, safe to use from several threads. ``clock`` is the sandbox's time; ``start_url`` the only portal's."""

    def __init__(self, clock: Callable[[], datetime], start_url: str) -> None:
        self.clock = clock
        self.start_url = start_url
        self._lock = threading.RLock()
        self._clients: dict[str, Client] = {}
        self._devices: dict[str, Device] = {}
        self._asking: dict[str, Asking] = {}
        self._sessions: dict[str, Session] = {}
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, _Token] = {}

    def register(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """RegisterClient. Without grant types a client may use device codes, as older ones do."""
        if not given.get("clientName") or given.get("clientType") != "public":
            raise _error(
                "InvalidClientMetadataException", "invalid_client_metadata", "clientName and clientType public"
            )
        grants = tuple(given.get("grantTypes") or (DEVICE_GRANT, REFRESH_GRANT))
        if not set(grants) <= {CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT}:
            raise _error("UnsupportedGrantTypeException", "unsupported_grant_type", "no such grant type")
        redirects = tuple(given.get("redirectUris") or ())
        if CODE_GRANT in grants and not redirects:
            raise _error("InvalidRedirectUriException", "invalid_redirect_uri", "redirectUris is missing")
        if CODE_GRANT in grants or given.get("issuerUrl"):
            self._require_start_url(given.get("issuerUrl"))
        expires = self.clock() + timedelta(seconds=CLIENT_SECONDS)
        client = Client(_random(24), _random(48), expires, grants, redirects, tuple(given.get("scopes") or ()))
        with self._lock:
            _keep(self._clients, client.id, client)
        return {
            "clientId": client.id,
            "clientSecret": client.secret,
            "clientIdIssuedAt": int(self.clock().timestamp()),
            "clientSecretExpiresAt": int(expires.timestamp()),
        }

    def start_device(self, given: Mapping[str, Any], page: str) -> dict[str, Any]:
        """StartDeviceAuthorization; ``page`` is the address where the person enters the code."""
        client = self._client(given)
        self._require_start_url(given.get("startUrl"))
        if DEVICE_GRANT not in client.grants:
            raise _error("UnauthorizedClientException", "unauthorized_client", "the client has no device grant")
        letters = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8))
        user_code = f"{letters[:4]}-{letters[4:]}"
        device = Device(_random(32), user_code, client.id, self.clock() + timedelta(seconds=DEVICE_SECONDS))
        with self._lock:
            _keep(self._devices, device.code, device)
        return {
            "deviceCode": device.code,
            "userCode": user_code,
            "verificationUri": page,
            "verificationUriComplete": f"{page}?{urlencode({'user_code': user_code})}",
            "expiresIn": DEVICE_SECONDS,
            "interval": POLL_SECONDS,
        }

    def device_waits(self, user_code: str) -> bool:
        """Whether the person may decide on this code now."""
        return self._waiting_device(user_code) is not None

    def decide_device(self, user_code: str, allow: bool) -> bool:
        """The person's decision on a device code; False if there is none that waits for it."""
        with self._lock:
            device = self._waiting_device(user_code)
            if device is None:
                return False
            device.decision = Consent.ALLOWED if allow else Consent.DENIED
            return True

    def ask(self, given: Mapping[str, str]) -> str:
        """What a browser brings to ``/authorize``: returns the id under which the person decides."""
        client = self._clients.get(given.get("client_id", ""))
        if client is None or CODE_GRANT not in client.grants:
            raise _error("InvalidClientException", "invalid_client", "no such client", 401)
        redirect = given.get("redirect_uri", "")
        if _without_port(redirect) not in {_without_port(known) for known in client.redirects}:
            raise _error("InvalidRequestException", "invalid_request", "the redirect_uri is not the client's")
        challenge = given.get("code_challenge", "")
        if given.get("response_type") != "code" or given.get("code_challenge_method") != "S256" or len(challenge) != 43:
            raise _error("InvalidRequestException", "invalid_request", "response_type code with a S256 code_challenge")
        expires = self.clock() + timedelta(seconds=DEVICE_SECONDS)
        asking = Asking(client.id, redirect, given.get("state", ""), challenge, expires)
        request = _random(24)
        with self._lock:
            _keep(self._asking, request, asking)
        return request

    def decide(self, request: str, allow: bool) -> str | None:
        """The person's decision on an authorization request: the URL to send the browser to. A request counts once."""
        with self._lock:
            asking = self._asking.get(request)
            if asking is None or asking.code or asking.expires <= self.clock():
                return None
            state = {"state": asking.state} if asking.state else {}
            if not allow:
                del self._asking[request]
                denied = {"error": "access_denied", "error_description": "The person said no.", **state}
                return f"{asking.redirect}?{urlencode(denied)}"
            asking.code = _random(32)
            asking.expires = self.clock() + timedelta(seconds=CODE_SECONDS)
            return f"{asking.redirect}?{urlencode({'code': asking.code, **state})}"

    def create_token(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """CreateToken for all three grants."""
        client = self._client(given)
        grant = given.get("grantType")
        if grant not in (CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT):
            raise _error("UnsupportedGrantTypeException", "unsupported_grant_type", "no such grant type")
        if grant not in client.grants:
            raise _error("UnauthorizedClientException", "unauthorized_client", "the client has no such grant")
        with self._lock:
            if grant == CODE_GRANT:
                session = self._session_for_code(client, given)
            elif grant == DEVICE_GRANT:
                session = self._session_for_device(client, given)
            else:
                session = self._session_for_refresh(client, given)
            return self._tokens(client, session)

    def session(self, access_token: str) -> Session | None:
        """The session behind an access token; None for one that is unknown, expired or revoked."""
        token = self._access.get(access_token)
        if token is None or token.expires <= self.clock():
            return None
        return self._sessions.get(token.session)

    def end(self, access_token: str) -> None:
        """Logout: the session of this token, with all its tokens."""
        with self._lock:
            token = self._access.get(access_token)
            if token is not None:
                self._sessions.pop(token.session, None)

    def _client(self, given: Mapping[str, Any]) -> Client:
        client = self._clients.get(str(given.get("clientId", "")))
        secret = str(given.get("clientSecret", ""))
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise _error("InvalidClientException", "invalid_client", "no such client", 401)
        if client.expires <= self.clock():
            raise _error("InvalidClientException", "invalid_client", "the client's registration has expired", 401)
        return client

    def _require_start_url(self, given: object) -> None:
        if str(given or "").rstrip("/#") != self.start_url.rstrip("/#"):
            raise _error("InvalidRequestException", "invalid_request", "there is no portal of this start URL here")

    def _waiting_device(self, user_code: str) -> Device | None:
        wanted = user_code.strip().upper()
        for device in list(self._devices.values()):
            waits = device.decision is Consent.PENDING and device.expires > self.clock()
            if waits and hmac.compare_digest(device.user_code.encode(), wanted.encode()):
                return device
        return None

    def _session_for_code(self, client: Client, given: Mapping[str, Any]) -> str:
        code = str(given.get("code") or "")
        found = next((key for key, one in self._asking.items() if code and one.code == code), None)
        if found is None:
            raise _invalid_grant("the code is unknown or was used before")
        asking = self._asking.pop(found)
        digest = hashlib.sha256(str(given.get("codeVerifier", "")).encode()).digest()
        proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = asking.client == client.id and asking.redirect == given.get("redirectUri")
        if not fits or not hmac.compare_digest(proven, asking.challenge) or asking.expires <= self.clock():
            raise _invalid_grant("the code has expired, or client, redirectUri or codeVerifier are not those of it")
        return self._new_session()

    def _session_for_device(self, client: Client, given: Mapping[str, Any]) -> str:
        device = self._devices.get(str(given.get("deviceCode") or ""))
        if device is None or device.client != client.id:
            raise _invalid_grant("no such device code")
        now, before = self.clock(), device.polled
        device.polled = now
        if device.expires <= now:
            raise _error("ExpiredTokenException", "expired_token", "the device code has expired")
        if before is not None and (now - before).total_seconds() < device.interval - _EARLY:
            device.interval += 5
            raise _error("SlowDownException", "slow_down", "polled too often")
        if device.decision is Consent.PENDING:
            raise _error("AuthorizationPendingException", "authorization_pending", "nobody has decided yet")
        del self._devices[device.code]
        if device.decision is Consent.DENIED:
            raise _error("AccessDeniedException", "access_denied", "the person said no")
        return self._new_session()

    def _session_for_refresh(self, client: Client, given: Mapping[str, Any]) -> str:
        token = self._refresh.get(str(given.get("refreshToken") or ""))
        if token is None or token.client != client.id or token.session not in self._sessions:
            raise _invalid_grant("the refresh token is unknown, or its session was ended")
        if token.expires <= self.clock():
            raise _invalid_grant("the session has expired")
        return token.session

    def _new_session(self) -> str:
        session = Session(_random(16), self.clock() + timedelta(seconds=SESSION_SECONDS))
        _keep(self._sessions, session.id, session)
        return session.id

    def _tokens(self, client: Client, session_id: str) -> dict[str, Any]:
        """Refresh tokens go to clients that asked for a scope, as AWS has it for the AWS CLI's."""
        session = self._sessions[session_id]
        refreshable = bool(client.scopes) and REFRESH_GRANT in client.grants
        now = self.clock()
        longest = session.ends - now
        life = min(timedelta(seconds=TOKEN_SECONDS), longest) if refreshable else longest
        access = _random(64)
        _keep(self._access, access, _Token(session.id, client.id, now + life))
        answer = {"accessToken": access, "tokenType": "Bearer", "expiresIn": round(life.total_seconds())}
        if refreshable:
            refresh = _random(64)
            _keep(self._refresh, refresh, _Token(session.id, client.id, session.ends))
            answer["refreshToken"] = refresh
        return answer


def _keep(table: dict[str, T], key: str, value: T) -> None:
    """Adds to a table that does not grow without bound: the oldest goes first."""
    if len(table) >= _KEPT:
        table.pop(next(iter(table)))
    table[key] = value


def _random(size: int) -> str:
    return secrets.token_urlsafe(size)


def _without_port(url: str) -> str:
    """RFC 8252, 7.3: of a loopback redirect, any port will do."""
    parts = urlsplit(url)
    if parts.hostname == "127.0.0.1" and parts.scheme == "http":
        return urlunsplit((parts.scheme, parts.hostname, parts.path, parts.query, parts.fragment))
    return url


def _error(code: str, word: str, message: str, status: int = 400) -> ServiceError:
    """``word`` is OAuth's own, which the service sends beside AWS's code."""
    return ServiceError(code, f"{word}: {message}", status)


def _invalid_grant(message: str) -> ServiceError:
    return _error("InvalidGrantException", "invalid_grant", message)
