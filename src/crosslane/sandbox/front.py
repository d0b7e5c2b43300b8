"""The layer in front of moto: every request is parsed, let in or refused, and answered by us or by moto.

The order for each request: which operation (``wire``), whose credentials (``identities``) and signature, in which
account, whether it is allowed (``authorization``), then ``before``, ``checks`` (what AWS refuses and moto
does not), our handler or moto, and ``after``.
"""

from __future__ import annotations

import sys
import threading
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.client import responses
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.request import Request as HttpRequest
from moto.utilities.utils import get_partition
from werkzeug.exceptions import HTTPException

from crosslane.sandbox import wire
from crosslane.sandbox.authorization import signature
from crosslane.sandbox.authorization.authorizer import Authorizer
from crosslane.sandbox.authorization.context import Wire
from crosslane.sandbox.identities import BadCredentials, Identities, Identity, refusal
from crosslane.sandbox.process import IDENTITY_PATH
from crosslane.sandbox.request import Caller, Handler, Request, ServiceError
from crosslane.sandbox.store import Environ, Store
from crosslane.sandbox.wire import Answer, Call, Scope, UnknownCallError

Key = tuple[str, str]
Check = Callable[[Request], None]
"""Looks at a request and raises ``ServiceError`` to refuse it."""

Owner = Callable[[Request], str]
"""The account in which an operation acts, where an ARN among the parameters may name another one's
resource."""

_CLOSED = ("/moto-api", "/latest/", "/favicon.ico", "/_moto")
_REQUEST_ID = "crosslane.request_id"
_UNSIGNED_CALLER = "anonymous"


@dataclass(frozen=True, slots=True)
class Routes:
    """What the sandbox does itself, by (botocore's service name, operation)."""

    handlers: Mapping[Key, Handler] = field(default_factory=dict)
    checks: Mapping[Key, Sequence[Check]] = field(default_factory=dict)
    owners: Mapping[Key, Owner] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    """Services that moto is never asked for."""
    before: Sequence[Check] = ()
    after: Sequence[Check] = ()
    """Called after an answer that is no error."""


class Front:
    """A WSGI application. ``late`` brings handlers of a service at the first request for it; ``identity`` is what it
    says it is when a command looks for its sandbox."""

    def __init__(
        self,
        store: Store,
        identities: Identities,
        routes: Routes,
        late: Mapping[str, Callable[[], Mapping[Key, Handler]]] | None = None,
        identity: str = "",
        authorizer: Authorizer | None = None,
    ) -> None:
        self._id = identity
        self._authorizer = authorizer
        self._store = store
        self._identities = identities
        self._routes = routes
        self._handlers = dict(routes.handlers)
        self._late = dict(late or {})
        self._loading = threading.Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request_id = str(uuid.uuid4())
        environ[_REQUEST_ID] = request_id
        answer = self._answer(environ, request_id)
        headers = list(answer.headers)
        if not any(name.lower() in ("x-amzn-requestid", "x-amz-request-id") for name, _ in headers):
            headers.append(("x-amzn-RequestId", request_id))
        start_response(f"{answer.status} {responses.get(answer.status, 'Status')}", headers)
        return [answer.body]

    def _answer(self, environ: Environ, request_id: str) -> Answer:
        path = environ.get("PATH_INFO", "")
        if path == IDENTITY_PATH:
            return Answer(200, (("Content-Type", "text/plain"),), self._id.encode())
        if path.startswith(_CLOSED):
            return Answer(404, (("Content-Type", "text/plain"),), b"not found\n")
        http = HttpRequest(environ)
        signed = wire.scope(http)
        services = wire.candidates(http, signed)
        if not services:
            name = signed.signing_name if signed else "unsigned requests"
            error = ServiceError("NotImplemented", f"The sandbox has no service {name}")
            protocol = "query" if http.values.get("Action") else "rest-json"
            return wire.write_error(error, protocol, "", request_id, method=http.method)
        service = services[0]
        try:
            return self._dispatch(environ, http, signed, services)
        except ServiceError as error:
            return wire.write_error(error, wire.protocol_of(service, http), service, request_id, method=http.method)
        except Exception as error:
            print(traceback.format_exc(), file=sys.stderr)
            told = ServiceError(
                "SandboxFailure", f"The sandbox failed in a way of its own: {type(error).__name__}: {error}"
            )
            return wire.write_error(told, wire.protocol_of(service, http), service, request_id, method=http.method)

    def _dispatch(self, environ: Environ, http: HttpRequest, signed: Scope | None, services: Sequence[str]) -> Answer:
        protocol = wire.protocol_of(services[0], http)
        identity = self._authenticate(http, signed, services[0], protocol)
        how = Wire()
        if self._authorizer is not None:
            how = self._verified(environ, http, identity, services[0], protocol)
        for name in ("HTTP_X_MOTO_ACCOUNT_ID", "HTTP_X_MOTO_REGION"):
            environ.pop(name, None)
        try:
            call = wire.read(http, services)
        except UnknownCallError:
            raise _unknown(http, services[0]) from None
        request = self._request(http, call, identity, signed)
        owner = self._routes.owners.get((call.service, request.operation))
        if owner is not None:
            request = _in_account(request, owner(request))
        if self._authorizer is not None:
            self._authorizer.check(request, identity, how, protocol)
        for check in self._routes.before:
            check(request)
        answer = self._serve(environ, call, request, signed)
        if answer.status < 400:
            for check in self._routes.after:
                check(request)
        return answer

    def _serve(self, environ: Environ, call: Call, request: Request, signed: Scope | None) -> Answer:
        key = (call.service, request.operation)
        handler = self._handler(key)
        try:
            if handler is not None:
                self._check(key, request)
                return wire.write(call, handler(request), environ[_REQUEST_ID])
            if key[0] in self._routes.complete:
                raise _unsupported(*key)
            environ["wsgi.input"].seek(0)
            with self._store.locked():
                self._check(key, request)
                answer = self._store.call(environ, call, signed, request.account, request.region)
        except NotImplementedError:
            raise _unsupported(*key) from None
        except KeyError as error:
            if error.args != (request.region,):
                raise
            raise ServiceError("InvalidRegion", f"There is no {call.service} in {request.region}") from None
        except ServiceException as error:
            raise ServiceError(str(error.code), str(error.message)) from error
        except HTTPException as error:
            code = getattr(error, "error_type", None) or str(error.name).replace(" ", "")
            told = getattr(error, "message", None) or error.description
            raise ServiceError(str(code), str(told), error.code or 400) from error
        if _is_no_answer(answer, call.protocol):
            raise _unsupported(*key)
        return answer

    def _check(self, key: Key, request: Request) -> None:
        for check in self._routes.checks.get(key, ()):
            check(request)

    def _handler(self, key: Key) -> Handler | None:
        service = key[0]
        if service in self._late:
            with self._loading:
                if service in self._late:
                    self._handlers.update(self._late[service]())
                    del self._late[service]
        return self._handlers.get(key)

    def _authenticate(self, http: HttpRequest, signed: Scope | None, service: str, protocol: str) -> Identity | None:
        """The principal, or None where the operation needs no signature."""
        if signed is None:
            anonymous = self._authorizer is not None and service == "s3"
            if anonymous or http.values.get("Action", "") in wire.UNSIGNED_ACTIONS:
                return None
            raise refusal(BadCredentials.MISSING, service, protocol)
        found = self._identities.authenticate(signed.access_key, wire.session_token(http))
        if get_partition(signed.region) != self._store.partition:
            found = BadCredentials.UNKNOWN
        if isinstance(found, BadCredentials):
            raise refusal(found, service, protocol)
        self._store.mark_used(found, service, signed.region)
        return found

    def _verified(
        self, environ: Environ, http: HttpRequest, identity: Identity | None, service: str, protocol: str
    ) -> Wire:
        """How the request came in. Raises ``ServiceError`` if its signature is not that of its key."""
        presigned = False
        if identity is not None:
            raw = str(environ.get("RAW_URI") or http.full_path)
            secret = identity.credentials.secret_key
            presigned = signature.check(http, raw, secret, service, protocol, self._identities.clock())
        forwarded = str(environ.get("HTTP_X_FORWARDED_PROTO", "")).lower()
        return Wire(
            # The sandbox itself speaks no TLS: what is signed is taken for what clients send to AWS.
            secure=forwarded == "https" if identity is None else forwarded != "http",
            source_ip=str(environ.get("HTTP_X_FORWARDED_FOR", "")).partition(",")[0].strip() or environ["REMOTE_ADDR"],
            user_agent=str(environ.get("HTTP_USER_AGENT", "")),
            presigned=presigned,
        )

    def _request(self, http: HttpRequest, call: Call, identity: Identity | None, signed: Scope | None) -> Request:
        caller = identity.caller if identity else Caller(self._store.accounts[0], _UNSIGNED_CALLER, "")
        region = signed.region if signed else "us-east-1"
        headers = {name.lower(): value for name, value in http.headers.items()}
        return Request(call.service, str(call.operation.name), call.parameters, region, caller.account, caller, headers)


def _in_account(request: Request, account: str) -> Request:
    return request if account == request.account else replace(request, account=account)


def _is_no_answer(answer: Answer, protocol: str) -> bool:
    """Whether moto answered as it does for what it does not know: nothing at all, or its web framework's page."""
    empty = not answer.body and protocol in ("query", "json")
    return answer.status >= 400 and (empty or answer.body[:14].lower() == b"<!doctype html")


def _unsupported(service: str, operation: str) -> ServiceError:
    """400 and a code of its own: clients do not repeat it, and its reader sees what is missing."""
    return ServiceError("NotImplemented", f"The sandbox does not support {service}:{operation}")


def _unknown(http: HttpRequest, service: str) -> ServiceError:
    name = http.values.get("Action") or http.headers.get("X-Amz-Target", "").rpartition(".")[2]
    return _unsupported(service, name or f"{http.method} {http.path}")
