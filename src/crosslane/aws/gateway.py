"""The way to AWS: every API call of crosslane goes through ``Gateway.call``.

A ``Cloud`` is one place to call (AWS, or a sandbox on loopback); a ``Gateway`` is one identity in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore import xform_name
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.config import Config as ClientConfig
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    RefreshableCredentials,
    SSOProvider,
    create_credential_resolver,
)
from botocore.exceptions import NoCredentialsError
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader
from botocore.tokens import SSOTokenProvider
from botocore.utils import JSONFileCache

from crosslane.aws.calls import CallLog
from crosslane.aws.errors import ENDED_CODES, CredentialsFailure, translate
from crosslane.errors import CrosslaneError, EnvironmentFailure

Recover = Callable[[str, str | None], bool]
"""Given the account and the profile whose credentials have ended; whether there are new ones to read by now."""

Provider = Callable[[], dict[str, str]]
"""Gives ``access_key``, ``secret_key``, ``token`` and ``expiry_time`` (ISO 8601): what botocore refreshes with."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls go. ``endpoint`` None is AWS; else a sandbox, with the only two files that may be read."""

    region: str
    endpoint: str | None = None
    credentials_file: Path | None = None
    config_file: Path | None = None


class Cloud:
    """Opens gateways, which share the service models, one count of calls, and the guard of loopback."""

    def __init__(
        self, place: Place, calls: CallLog | None = None, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        if place.endpoint is not None:
            refuse_unless_loopback(place.endpoint)
        self.place = place
        self.now = now
        self.calls = calls if calls is not None else CallLog()
        self._loader: _Loader | None = None
        self._lock = Lock()
        self._making = Lock()
        self._gateways: dict[tuple[str, str | None], Gateway] = {}
        self._providers: dict[str, Provider] = {}
        self._chains: dict[str, Provider] = {}
        self.recover: Recover | None = None
        """Asked once a call when credentials have ended; see ``Recover``."""

    def provide(self, profile: str, provider: Provider) -> None:
        """Take the credentials of ``profile`` from ``provider``, again and again before they expire."""
        self._providers[profile] = provider

    def provide_chain(self, account: str, provider: Provider) -> None:
        """Take what the ordinary chain would give for ``account`` from ``provider``."""
        self._chains[account] = provider

    def anonymous(self, account: str) -> Gateway:
        """A gateway for calls that carry their proof in the parameters; it looks for no credentials anywhere."""
        return Gateway(self, account, None, anonymous=True)

    def gateway(self, account: str, profile: str | None, *, fresh: bool = False) -> Gateway:
        """The gateway of a profile (None: the ordinary credential chain) for the config's ``account``.

        ``fresh`` reads the profile's files again, for after they were written. Nothing is called yet.
        """
        with self._lock:
            key = (account, profile)
            if fresh or key not in self._gateways:
                self._gateways[key] = Gateway(self, account, profile)
            return self._gateways[key]

    def session(self, profile: str | None, account: str | None = None) -> botocore.session.Session:
        """A botocore session of the profile (None: the chain, as ``account`` has it) that shares the loaded models."""
        provider = self._providers.get(profile) if profile is not None else self._chains.get(account or "")
        session = _no_profile() if provider is not None else _new_session(profile=profile)
        if provider is not None:
            session.register_component("credential_provider", CredentialResolver([_Provided(provider, self.now)]))
        return self._in_place(session, profile if provider is None else None)

    def unsigned_session(self) -> botocore.session.Session:
        """A session for calls that carry no signature: it looks for no credentials, and no profile need exist."""
        session = _no_profile()
        session.register_component("credential_provider", CredentialResolver([]))
        return self._in_place(session, None)

    def _in_place(self, session: botocore.session.Session, profile: str | None) -> botocore.session.Session:
        """The session with the place's files and the guard of loopback, and the models that all share."""
        if self.place.credentials_file is not None:
            session.set_config_variable("credentials_file", str(self.place.credentials_file))
        if self.place.config_file is not None:
            session.set_config_variable("config_file", str(self.place.config_file))
        if self.place.endpoint is not None:
            session.register("before-send", _refuse_to_leave_loopback)
            if profile is not None:
                _keep_sign_ins_in_place(session, profile, self.place)
        with self._lock:
            # Only now: making the loader reads the config files, and botocore reads them once a session.
            if self._loader is None:
                self._loader = _Loader(session.get_component("data_loader").search_paths)
            session.register_component("data_loader", self._loader)
        return session

    def client(self, session: botocore.session.Session, service: str, *, signed: bool = True) -> BaseClient:
        """A client of the session, one after the other: side by side they would read the same models twice, and no
        faster for it."""
        # Before the lock: a provider may make calls of its own, with clients of its own. Where there is nothing,
        # making the client would ask the whole chain once more.
        if session.get_credentials() is None and signed:
            raise NoCredentialsError
        with self._making:
            return session.create_client(
                service,
                region_name=self.place.region,
                endpoint_url=self.place.endpoint,
                config=self.client_config,
            )

    @property
    def client_config(self) -> ClientConfig:
        """Standard retries; a sandbox is never reached through a proxy.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html (2026-11-24)
        """
        local = self.place.endpoint is not None
        return ClientConfig(
            retries={"mode": "standard", "total_max_attempts": 2 if local else 6},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=16,
            proxies={} if local else None,
        )


class Gateway:
    """Calls as one identity: the profile ``profile`` in the account that the config calls ``account``."""

    def __init__(self, cloud: Cloud, account: str, profile: str | None, *, anonymous: bool = False) -> None:
        self._anonymous = anonymous
        self.account = account
        self.profile = profile
        self._cloud = cloud
        self._session: botocore.session.Session | None = None
        self._clients: dict[str, BaseClient] = {}
        self._lock = Lock()

    def call(self, service: str, operation: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call ``operation`` (``CreateRole``) of ``service`` (botocore's name); returns the answer.

        Raises ``AwsError`` (``AccessDenied``, ``CredentialsFailure`` among them), ``Unreachable`` or another
        ``EnvironmentFailure``; nothing of botocore gets through.
        """
        try:
            return self._call(service, operation, parameters or {})
        except CredentialsFailure as error:
            recover = self._cloud.recover
            if recover is None or error.code not in ENDED_CODES or not recover(self.account, self.profile):
                raise
        self._forget()
        return self._call(service, operation, parameters or {})

    def _call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            client = self._client(service)
            self._cloud.calls.add(service, operation)
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except CrosslaneError:
            raise
        except Exception as error:
            raise translate(
                error, account=self.account, profile=self.profile, service=service, operation=operation
            ) from error
        return answer

    def pages(
        self, service: str, operation: str, key: str, parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """All items under ``key`` of a paginated operation; raises as ``call`` does."""
        marks = _PAGE_MARKS[service]
        found: list[dict[str, Any]] = []
        asked = dict(parameters or {})
        while True:
            answer = self.call(service, operation, asked)
            found += answer.get(key, [])
            mark = next((answer[out] for _, out in marks if answer.get(out)), None)
            if not mark:
                return found
            asked |= {into: answer[out] for into, out in marks if answer.get(out)}

    def _forget(self) -> None:
        """Read the credentials anew at the next call."""
        with self._lock:
            self._session, self._clients = None, {}

    def _client(self, service: str) -> BaseClient:
        with self._lock:
            if service not in self._clients:
                if self._session is None:
                    self._session = (
                        self._cloud.unsigned_session()
                        if self._anonymous
                        else self._cloud.session(self.profile, self.account)
                    )
                self._clients[service] = self._cloud.client(self._session, service, signed=not self._anonymous)
            return self._clients[service]


_PAGE_MARKS: dict[str, tuple[tuple[str, str], ...]] = {
    "iam": (("Marker", "Marker"),),
    "cloudformation": (("NextToken", "NextToken"),),
    "s3": (("KeyMarker", "NextKeyMarker"), ("VersionIdMarker", "NextVersionIdMarker")),
    "resourcegroupstaggingapi": (("PaginationToken", "PaginationToken"),),
}
"""Request and answer members that carry on a listing, by service."""


class _Loader(Loader):
    """Takes every folder among the models for a service's: to look into each of the 400, as botocore does, takes longer
    than to read a model."""

    def __init__(self, search_paths: list[str]) -> None:
        super().__init__(search_paths, include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:
        """Names of services; whether there is a model of this type shows when it is read (``DataNotFoundError``)."""
        paths = [Path(path) for path in self.search_paths]
        return sorted({folder.name for path in paths if path.is_dir() for folder in path.iterdir()})


class _Provided(CredentialProvider):
    """botocore's view of a ``Provider``: refreshed by the clock of the place that is called."""

    METHOD = "crosslane"

    def __init__(self, provider: Provider, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._provider = provider
        self._now = now

    def load(self) -> RefreshableCredentials:
        given = self._provider()
        return RefreshableCredentials(
            given["access_key"],
            given["secret_key"],
            given["token"],
            datetime.fromisoformat(given["expiry_time"]),
            self._provider,
            self.METHOD,
            time_fetcher=self._now,
        )


def _no_profile() -> botocore.session.Session:
    """A session that ignores ``AWS_PROFILE``, which may name a profile that is yet to be made."""
    return _new_session(session_vars={"profile": (None, None, None, None)})


def _new_session(**given: Any) -> botocore.session.Session:
    """A session with a copy of botocore's own event handlers: registering them anew takes 15 times as long."""
    return botocore.session.Session(**given, event_hooks=copy(_handlers()), include_builtin_handlers=False)


@cache
def _handlers() -> HierarchicalEmitter:
    handlers = HierarchicalEmitter()
    botocore.session.Session(event_hooks=handlers)
    return handlers


def _keep_sign_ins_in_place(session: botocore.session.Session, profile: str, place: Place) -> None:
    """Let a profile of IAM Identity Center find its sign-in beside the sandbox's files.

    botocore looks in ``~/.aws/sso/cache`` alone, which a sandbox is never to touch.
    """
    if place.credentials_file is None:
        return
    session.set_config_variable("ignore_configured_endpoint_urls", False)
    resolver = create_credential_resolver(session)
    cache: Any = JSONFileCache(str(sso_cache_folder(place.credentials_file)), dumps_func=_json_with_instants)
    resolver.insert_after(
        SSOProvider.METHOD,
        SSOProvider(
            load_config=lambda: session.full_config,
            client_creator=session.create_client,
            profile_name=profile,
            token_cache=cache,
            token_provider=SSOTokenProvider(session, cache=cache, profile_name=profile),
        ),
    )
    resolver.remove(SSOProvider.METHOD)  # the first of the two
    session.register_component("credential_provider", resolver)


def sso_cache_folder(credentials_file: Path) -> Path:
    """Where the cached sign-ins stand relative to the credentials file, as in ``~/.aws``."""
    return credentials_file.parent / "sso" / "cache"


def _json_with_instants(value: object) -> str:
    """As botocore writes its cached sign-ins: instants in UTC with a Z."""
    return json.dumps(value, default=lambda instant: instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def refuse_unless_loopback(url: str) -> None:
    """Raise ``EnvironmentFailure`` unless the URL's host is a loopback address."""
    host = urlsplit(url).hostname or ""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise EnvironmentFailure(
            f"refused to send a request to {host or url}: with --sandbox only loopback may be reached",
            code="NotLoopback",
        )


def _refuse_to_leave_loopback(**event: Any) -> None:
    """botocore's before-send event: the last moment at which a request can be stopped."""
    request: AWSRequest = event["request"]
    refuse_unless_loopback(str(request.url))
