"""Clients for what calls back through the sandbox: services that act for a caller, or with a role given to them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import botocore.session
from botocore.config import Config as ClientConfig

from crosslane.sandbox.identities import Credentials, Identities, Identity
from crosslane.sandbox.request import Caller, ServiceError
from crosslane.sandbox.services.sts import not_authorized
from crosslane.sandbox.store import Store

_KEPT_CLIENTS = 128
_KEPT_IDENTITIES = 512
_SECONDS = 12 * 3600
_RENEWED_BEFORE = 600

Key = tuple[str, str, str]

MayAssume = Callable[[str, str, str, str | None], bool]
"""Whether a service principal may assume a role (ARN) for something in an account, and of that ARN if it tells."""


class Clients:
    """botocore clients of the sandbox's own endpoint, by whom they act as.

    A client is made once for each (access key, service, region) and kept, the least used going first. Their
    calls are ordinary requests: parsed, authorized and answered like those of any other client.
    """

    def __init__(
        self, endpoint: str, store: Store, identities: Identities, may_assume: MayAssume = lambda *_: True
    ) -> None:
        self._endpoint = endpoint
        self._store = store
        self._identities = identities
        self._may_assume = may_assume
        # One for all: each session registers its event handlers anew, which takes longer than making a client.
        self._session = botocore.session.Session(
            session_vars={"profile": (None, None, None, None), "config_file": (None, None, "", None)}
        )
        self._lock = threading.RLock()
        self._clients: OrderedDict[Key, Any] = OrderedDict()
        self._acting: dict[tuple[str, ...], Identity] = {}

    def as_caller(self, caller: Caller, service: str, region: str, *, via: str | None = None) -> Any:
        """A client that acts with the caller's rights, as ``via`` (``cloudformation.amazonaws.com``) does for it.

        It goes on working when the caller's own session expires meanwhile, like AWS's forward access sessions
        (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html).
        """
        found = self._identities.find(caller.access_key or "")
        if found is None:
            raise ServiceError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        passed_on = (*found.via, via) if via else found.via
        kept = ("caller", found.credentials.access_key, *passed_on)
        return self._client(self._lasting(kept, replace(found, via=passed_on)), service, region)

    def as_role(
        self, role_arn: str, session_name: str, service: str, region: str, *, via: str, source_arn: str | None = None
    ) -> Any:
        """A client with a session of the role, as the service principal ``via`` assumes it for its resource
        ``source_arn``.

        Raises ``ServiceError`` (AccessDenied) if there is no such role, or if it does not trust the service.
        """
        return self._client(self.session(role_arn, session_name, via=via, source_arn=source_arn), service, region)

    def session(self, role_arn: str, session_name: str, *, via: str, source_arn: str | None = None) -> Identity:
        """The session that ``as_role`` acts with, for a service that hands its credentials on."""
        role = self._store.role(role_arn)
        account = source_arn.split(":")[4] if source_arn else role_arn.split(":")[4]
        if role is None or not self._may_assume(via, role_arn, account, source_arn):
            raise not_authorized(via, role_arn)
        session = self._store.session_of(role, session_name, Credentials("", ""))
        session = replace(session, assumed_by=via, source_arn=source_arn)
        return self._lasting(("role", role.id, session_name, via, source_arn or ""), session)

    def with_credentials(self, credentials: Credentials, service: str, region: str) -> Any:
        """A client with credentials that STS has answered."""
        return self._make(credentials, service, region)

    def prepare(self, services: Iterable[str], region: str) -> None:
        """Reads what clients of these services are made of, so that the first of each costs no more than the next."""
        for service in services:
            self._make(Credentials("", ""), service, region)

    def _lasting(self, kept: tuple[str, ...], identity: Identity) -> Identity:
        """The identity with temporary credentials that have some time left, minted anew when they run out."""
        with self._lock:
            acting = self._acting.get(kept)
            if acting is not None and acting.credentials.expires is not None:
                left = acting.credentials.expires - self._identities.clock()
                if left.total_seconds() > _RENEWED_BEFORE:
                    return acting
            acting = self._identities.keep(replace(identity, credentials=self._identities.temporary(_SECONDS)))
            if len(self._acting) >= _KEPT_IDENTITIES:
                self._acting.pop(next(iter(self._acting)))
            self._acting[kept] = acting
            return acting

    def _client(self, identity: Identity, service: str, region: str) -> Any:
        key = (identity.credentials.access_key, service, region)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._clients[key] = self._make(identity.credentials, service, region)
                while len(self._clients) > _KEPT_CLIENTS:
                    self._clients.popitem(last=False)
            self._clients.move_to_end(key)
            return client

    def _make(self, credentials: Credentials, service: str, region: str) -> Any:
        with self._lock:
            return self._session.create_client(
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                aws_access_key_id=credentials.access_key,
                aws_secret_access_key=credentials.secret_key,
                aws_session_token=credentials.token,
                config=ClientConfig(
                    retries={"max_attempts": 1, "mode": "standard"},
                    s3={"addressing_style": "path"},
                    max_pool_connections=10,
                    proxies={},
                ),
            )
