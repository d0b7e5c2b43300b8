"""moto as the store of services' state: one application per service, one lock, one account per call.

moto keeps its state in the process, so one process is one sandbox. ``clean_environment`` must run before this
module is imported: moto and botocore read settings while they are imported.
"""

from __future__ import annotations

import io
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import moto.core.responses
import moto.core.utils
from moto.backends import get_backend
from moto.core.config import default_user_config
from moto.core.loaders import create_loader
from moto.core.utils import method_names_from_class, utcnow
from moto.iam.models import AccessKeyLastUsed, IAMBackend, Role, User
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from crosslane.sandbox.identities import Credentials, Identity, Kind
from crosslane.sandbox.wire import Answer, Call, Scope

Environ = dict[str, Any]
_REGION_IN_AGENT = re.compile(r"region/\S+")


# moto makes a loader for each service, which then looks through the folders of all others, and asks a class for its
# methods at each request. Neither ever changes.
moto.core.utils.create_loader = cache(create_loader)  # type: ignore[attr-defined]
moto.core.responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]


class Store:
    """moto's backends of the accounts of one partition."""

    def __init__(self, partition: str, accounts: Iterable[str]) -> None:
        default_user_config["lambda"] = {"use_docker": False}
        default_user_config["batch"] = {"use_docker": False}
        self.partition = partition
        self.accounts = tuple(accounts)
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._applications: dict[tuple[str, str], Any] = {}
        self._backends: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.RLock()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps others out while state is checked and then changed. Never held over a call back to the
        sandbox."""
        with self._lock:
            yield

    def iam(self, account: str) -> IAMBackend:
        """IAM's state of an account."""
        found: IAMBackend = self.backend("iam", account, self.partition)
        return found

    def backend(self, service: str, account: str, region: str) -> Any:
        """moto's state of a service; ``region`` is ignored for global services."""
        key = service, account, region
        found = self._backends.get(key)
        if found is None:
            # Kept, because each request asks several times: moto's own way takes a lock and some imports.
            regions: Any = get_backend(service)[account]  # type: ignore[call-overload]
            found = self._backends[key] = regions[region] if region in regions else regions[self.partition]
        return found

    def role(self, arn: str) -> Role | None:
        """The role with this ARN, in whichever account of the sandbox it is."""
        account = arn.split(":")[4] if arn.count(":") >= 5 else ""
        if account not in self.accounts:
            return None
        return next((role for role in list(self.iam(account).roles.values()) if role.arn == arn), None)

    def user(self, arn: str) -> User | None:
        """The user with this ARN, in whichever account of the sandbox it is."""
        account = arn.split(":")[4] if arn.count(":") >= 5 else ""
        if account not in self.accounts:
            return None
        return next((user for user in list(self.iam(account).users.values()) if user.arn == arn), None)

    def session_of(self, role: Role, session_name: str, credentials: Credentials) -> Identity:
        """A session of the role with these credentials. Its ARN has the role's name without its path
        (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html)."""
        return Identity(
            kind=Kind.ROLE,
            account=role.account_id,
            arn=f"arn:{self.partition}:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
            user_id=f"{role.id}:{session_name}",
            principal_arn=role.arn,
            credentials=credentials,
            name=role.name,
        )

    def kms_key(self, account: str, region: str, named: str) -> Any | None:
        """The key that an id, an alias or the ARN of either names; moto falls over an alias that is not there."""
        backend = self.backend("kms", account, region)
        alias = str(backend.get_alias_name(named))
        found = backend.get_key_id_from_alias(alias) if alias.startswith("alias/") else named
        return None if found is None else backend.keys.get(backend.get_key_id(found))

    def user_of_key(self, access_key: str) -> Identity | None:
        """The user whose active access key this is. moto forgets deleted keys in the user only, and keeps a renamed
        user's old name in its keys, so the users are asked."""
        for account in self.accounts:
            iam = self.iam(account)
            key = iam.access_keys.get(access_key)
            if key is None or key.status != "Active":
                continue
            for user in list(iam.users.values()):
                if key in user.access_keys:
                    credentials = Credentials(key.access_key_id, key.secret_access_key)
                    return Identity(Kind.USER, account, user.arn, user.id, user.arn, credentials, user.name)
        return None

    def mark_used(self, identity: Identity, service: str, region: str) -> None:
        """Notes when and where a key or role was used last, which IAM tells of both."""
        iam = self.iam(identity.account)
        key = iam.access_keys.get(identity.credentials.access_key)
        if key is not None:
            key.last_used = AccessKeyLastUsed(timestamp=utcnow(), service=service, region=region)
        elif identity.kind is Kind.ROLE:
            role = iam.roles.get(identity.user_id.partition(":")[0])
            if role is not None:
                role.last_used = utcnow()

    def call(self, environ: Environ, call: Call, signed: Scope | None, account: str, region: str) -> Answer:
        """Lets moto answer, as the account and in the region given. What moto raises is raised."""
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        # moto prefers a region named in the agent's text to the one that was signed for.
        environ["HTTP_USER_AGENT"] = _REGION_IN_AGENT.sub("", environ.get("HTTP_USER_AGENT", ""))
        key = (call.service, signed.signing_name if signed else "")
        application = self._applications.get(key)
        if application is None or call.service in ("sagemaker", "dynamodb"):
            application = self._applications[key] = self._application(environ)
        with self._lock:
            return _run(application, environ)

    def _application(self, environ: Environ) -> Any:
        """moto's application for the request; ``NotImplementedError`` if moto has no such service."""
        host = self._dispatcher.infer_service_region_host(environ, environ.get("PATH_INFO", ""))
        if host is not None and not self._dispatcher.get_backend_for_host(host):
            raise NotImplementedError
        return self._dispatcher.get_application(environ)


def _run(application: Any, environ: Environ) -> Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
        started.append((status, headers))
        return lambda data: None

    environ.setdefault("wsgi.errors", sys.stderr)
    environ.setdefault("wsgi.input", io.BytesIO())
    chunks = application(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return Answer(int(status.split(" ", 1)[0]), tuple(headers), body)
