"""Signing a person in: a token from the cache, from a renewal, from a browser, or from a device code.

Each flow is that of ``aws sso login`` (AWS CLI v2, looked up 2026-11), so that either tool can go on with what the
other began. The service is passed in as an ``Oidc``; its errors are known by AWS's codes.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlencode

from crosslane.credentials.redirect import WAIT_SECONDS, Redirect
from crosslane.credentials.secret import Secret
from crosslane.credentials.sso_cache import Registration, SsoCache, SsoSession, SsoToken
from crosslane.errors import EnvironmentFailure, OutcomeError

DEFAULT_SCOPES = ("sso:account:access",)
RENEWED_BEFORE = timedelta(minutes=15)
"""botocore's window too: a token with less than this left is renewed."""

SLOW_DOWN_SECONDS = 5
"""RFC 8628, 3.5: how much the interval grows at each ``slow_down``."""


class Registered(Protocol):
    """The service's answer to a registration."""

    @property
    def client_id(self) -> str: ...
    @property
    def client_secret(self) -> str: ...
    @property
    def expires(self) -> datetime: ...


class DeviceCode(Protocol):
    """The service's answer to the beginning of a device flow."""

    @property
    def device_code(self) -> str: ...
    @property
    def user_code(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def complete_url(self) -> str: ...
    @property
    def seconds(self) -> int: ...
    @property
    def interval(self) -> int: ...


class Granted(Protocol):
    """The service's tokens."""

    @property
    def access_token(self) -> str: ...
    @property
    def refresh_token(self) -> str | None: ...
    @property
    def seconds(self) -> int: ...


class Oidc(Protocol):
    """The service, as ``aws.identity_center`` has it; errors are ``EnvironmentFailure`` with AWS's codes."""

    @property
    def authorize_url(self) -> str: ...
    def register(self, name: str, scopes: Sequence[str], *, for_code: bool) -> Registered: ...
    def start_device(self, client_id: str, client_secret: str) -> DeviceCode: ...
    def token_for_device(self, client_id: str, client_secret: str, device_code: str) -> Granted: ...
    def token_for_code(
        self, client_id: str, client_secret: str, *, code: str, verifier: str, redirect_uri: str
    ) -> Granted: ...
    def token_for_refresh(self, client_id: str, client_secret: str, refresh_token: str) -> Granted: ...


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the person is asked to do: open ``url``; with a ``user_code`` the page shows or asks for it.

    ``complete_url`` has the code filled in; it is what a program should open.
    """

    url: str
    complete_url: str
    user_code: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """How the person is reached. ``invite`` shows the invitation and may open a browser; it returns at once.

    ``device`` asks for the device flow; ``now`` (UTC, aware) and ``sleep`` are the clock.
    """

    invite: Callable[[Invitation], None]
    device: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    wait_seconds: float = WAIT_SECONDS


def cached_token(session: SsoSession, cache: SsoCache, oidc: Oidc, now: datetime) -> SsoToken | None:
    """The token of a session that is under way, renewed if it has less than 15 minutes left; None if it is over."""
    found = cache.token(session)
    if found is None or found.expires - now > RENEWED_BEFORE:
        return found
    renewed = _renewed(session, cache, oidc, now)
    if renewed is not None:
        return renewed
    return found if found.expires > now else None


def new_token(session: SsoSession, cache: SsoCache, oidc: Oidc, person: Person) -> SsoToken:
    """A token of a new session, stored in the cache. The person is asked, in the browser flow or by device code.

    Raises ``OutcomeError`` if the person says no or does not come.
    """
    registration = _registration(session, cache, oidc, person)
    flow = _by_device if person.device else _by_browser
    try:
        token = flow(session, oidc, registration, person)
    except EnvironmentFailure as error:
        if error.code not in ("InvalidClientException", "UnauthorizedClientException"):
            raise
        # The service has forgotten a client that the cache still has: register anew, once.
        cache.forget_registration(session)
        token = flow(session, oidc, _registration(session, cache, oidc, person), person)
    cache.store_token(session, token)
    return token


def _registration(session: SsoSession, cache: SsoCache, oidc: Oidc, person: Person) -> Registration:
    found = cache.registration(session, for_code=not person.device)
    if found is not None and found.expires - person.now() > RENEWED_BEFORE:
        return found
    scopes = session.scopes or (() if person.device else DEFAULT_SCOPES)
    made = oidc.register(f"botocore-client-{session.name}", scopes, for_code=not person.device)
    registration = Registration(made.client_id, Secret(made.client_secret), made.expires)
    cache.store_registration(session, registration, scopes, for_code=not person.device)
    return registration


def _renewed(session: SsoSession, cache: SsoCache, oidc: Oidc, now: datetime) -> SsoToken | None:
    """A renewed token; None if it cannot be renewed. Of several processes one asks, the others take what it got."""
    with cache.exclusively(session):
        found = cache.token(session)
        if found is None or found.expires - now > RENEWED_BEFORE:
            return found
        registration, refresh = found.registration, found.refresh_token
        if registration is None or refresh is None or registration.expires <= now:
            return None
        try:
            granted = oidc.token_for_refresh(
                registration.client_id, registration.client_secret.reveal(), refresh.reveal()
            )
        except EnvironmentFailure as error:
            if error.code in ("InvalidGrantException", "InvalidClientException", "ExpiredTokenException"):
                return None
            raise
        token = _token(session, granted, registration, now)
        if token.refresh_token is None:
            token = replace(token, refresh_token=refresh)
        cache.store_token(session, token)
        return token


def _by_browser(session: SsoSession, oidc: Oidc, registration: Registration, person: Person) -> SsoToken:
    """The authorization code grant with PKCE (RFC 7636)."""
    verifier = "".join(secrets.choice(string.ascii_letters + string.digits + "-._~") for _ in range(64))
    digest = hashlib.sha256(verifier.encode()).digest()
    state = secrets.token_urlsafe(24)
    with Redirect(state) as redirect:
        query = {
            "response_type": "code",
            "client_id": registration.client_id,
            "redirect_uri": redirect.uri,
            "state": state,
            "code_challenge_method": "S256",
            "scopes": " ".join(session.scopes or DEFAULT_SCOPES),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }
        url = f"{oidc.authorize_url}?{urlencode(query, quote_via=quote)}"
        person.invite(Invitation(url, url))
        code = redirect.wait(seconds=person.wait_seconds)
        granted = oidc.token_for_code(
            registration.client_id,
            registration.client_secret.reveal(),
            code=code.reveal(),
            verifier=verifier,
            redirect_uri=redirect.uri,
        )
    return _token(session, granted, registration, person.now())


def _by_device(session: SsoSession, oidc: Oidc, registration: Registration, person: Person) -> SsoToken:
    """The device authorization grant (RFC 8628)."""
    client = (registration.client_id, registration.client_secret.reveal())
    device = oidc.start_device(*client)
    person.invite(Invitation(device.url, device.complete_url, device.user_code))
    ends, interval = person.now() + timedelta(seconds=device.seconds), float(device.interval)
    while person.now() < ends:
        person.sleep(interval)
        try:
            granted = oidc.token_for_device(*client, device.device_code)
        except EnvironmentFailure as error:
            match error.code:
                case "AuthorizationPendingException":
                    continue
                case "SlowDownException":
                    interval += SLOW_DOWN_SECONDS
                    continue
                case "ExpiredTokenException":
                    break
                case "AccessDeniedException":
                    raise OutcomeError(
                        "the sign-in was denied in the browser",
                        code="AccessDenied",
                        next="crosslane sign-in again, and allow it",
                    ) from None
                case _:
                    raise
        return _token(session, granted, registration, person.now())
    raise OutcomeError(
        f"the code {device.user_code} was not used within {device.seconds // 60} minutes",
        code="SignInTimedOut",
        next="crosslane sign-in again, and enter the code in time",
    )


def _token(session: SsoSession, granted: Granted, registration: Registration, now: datetime) -> SsoToken:
    return SsoToken(
        session.start_url,
        session.region,
        Secret(granted.access_token),
        now + timedelta(seconds=granted.seconds),
        registration,
        Secret(granted.refresh_token) if granted.refresh_token else None,
    )
