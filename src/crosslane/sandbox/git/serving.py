"""Git's smart HTTP protocol at ``/v1/repos/NAME``, with CodeCommit's credentials.

https://git-scm.com/docs/http-protocol; the actions are those of
https://docs.aws.amazon.com/codecommit/latest/userguide/auth-and-access-control-permissions-reference.html (2026-11-25)
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import parse_qs

from dulwich.errors import GitProtocolError, HangupException
from dulwich.objects import ObjectID
from dulwich.protocol import ReceivableProtocol
from dulwich.refs import Ref
from dulwich.repo import Repo
from dulwich.server import BackendRepo, DictBackend, PackHandler, ReceivePackHandler, UploadPackHandler

from crosslane.sandbox.git import credentials
from crosslane.sandbox.git.folder import BRANCHES, Place, Repositories, Update
from crosslane.sandbox.identities import Identities, Identity
from crosslane.sandbox.request import Caller, Request, ServiceError
from crosslane.sandbox.store import Environ

_PATH = re.compile(r"/v1/repos/(?P<name>[\w.-]+?)(?:\.git)?(?P<rest>/info/refs|/git-upload-pack|/git-receive-pack)")
_READ, _WRITE = "git-upload-pack", "git-receive-pack"
_NO_COMMIT = b"0" * 40


class Catalogue(Protocol):
    """CodeCommit's side of it."""

    def places(self, account: str, name: str) -> list[Place]:
        """The repositories of that name in the account, one a region at most."""
        ...

    def changed(self, place: Place, caller: Caller, updates: list[Update]) -> None:
        """Takes note of a push."""
        ...

    def default_branch(self, place: Place) -> str | None:
        """The branch that may not be deleted."""
        ...


@dataclass(frozen=True, slots=True)
class GitServer:
    """A WSGI application that answers git's requests.

    ``allowed`` raises ``ServiceError`` where the caller may not pull or push.
    """

    repositories: Repositories
    catalogue: Catalogue
    identities: Identities
    region: str
    allowed: Callable[[Request], None]

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI."""
        try:
            kind, body = self._answer(environ, environ.get("PATH_INFO", ""))
        except _Refusal as refusal:
            headers = [("Content-Type", "text/plain"), *refusal.headers]
            start_response(f"{refusal.status} {_REASONS[refusal.status]}", headers)
            return [f"{refusal.message}\n".encode()]
        start_response("200 OK", [("Content-Type", kind), ("Cache-Control", "no-cache")])
        return [body]

    def _answer(self, environ: Environ, path: str) -> tuple[str, bytes]:
        found = _PATH.fullmatch(path)
        if found is None:
            raise _Refusal(404, "not found")
        advertise = found["rest"] == "/info/refs"
        query = parse_qs(environ.get("QUERY_STRING", ""))
        service = query.get("service", [""])[0] if advertise else found["rest"].lstrip("/")
        if service not in (_READ, _WRITE):
            raise _Refusal(403, "only git's smart protocol is served: update git")
        identity, place = self._authenticate(environ, path.removesuffix(found["rest"]), found["name"])
        visit = _Visit(place, identity.caller, self.allowed, self.catalogue.default_branch(place))
        visit.check("GitPull" if service == _READ else "GitPush")
        body = b"" if advertise else _body(environ)
        with self.repositories.opened(place.id) as repo:
            kind = "advertisement" if advertise else "result"
            answer = _talk(repo, service, body, visit, advertise=advertise)
        if visit.updates:
            self.catalogue.changed(place, identity.caller, visit.updates)
        return f"application/x-{service}-{kind}", answer

    def _authenticate(self, environ: Environ, path: str, name: str) -> tuple[Identity, Place]:
        given = credentials.read(environ.get("HTTP_AUTHORIZATION", ""))
        if given is None:
            raise _Refusal(401, "credentials are missing", (("WWW-Authenticate", 'Basic realm="AWS CodeCommit"'),))
        identity = self.identities.authenticate(given.access_key, given.token)
        if not isinstance(identity, Identity):
            raise _Refusal(403, "the credentials are unknown or have expired")
        host, now = environ.get("HTTP_HOST", "").partition(":")[0], self.identities.clock()
        places = self.catalogue.places(identity.account, name)
        secret = identity.credentials.secret_key
        for region in dict.fromkeys([*(place.region for place in places), self.region]):
            if credentials.is_signed(given, secret, host, path, region, now):
                place = next((place for place in places if place.region == region), None)
                if place is None:
                    raise _Refusal(404, f"there is no repository {name} in {identity.account}, {region}")
                return identity, place
        raise _Refusal(403, "the signature is wrong, is for another region, or is older than 15 minutes")


@dataclass(slots=True)
class _Visit:
    """One request: for which repository and by whom, and what it changed."""

    place: Place
    caller: Caller
    allowed: Callable[[Request], None]
    default: str | None
    updates: list[Update] = field(default_factory=list)

    def check(self, action: str, reference: str | None = None) -> None:
        """Asks whether the caller may do it; ``reference`` is what a push changes."""
        parameters = {"repositoryName": self.place.name, **({"reference": reference} if reference else {})}
        where = self.place.region, self.place.account
        try:
            self.allowed(Request("codecommit", action, parameters, *where, self.caller))
        except ServiceError as error:
            raise _Refusal(403, error.message) from None


@dataclass(eq=False, slots=True)
class _Refusal(Exception):
    """An answer that is no success; git shows its status, and the text with ``GIT_CURL_VERBOSE``."""

    status: int
    message: str
    headers: tuple[tuple[str, str], ...] = ()


_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


def _body(environ: Environ) -> bytes:
    body: bytes = environ["wsgi.input"].read()
    if environ.get("HTTP_CONTENT_ENCODING") != "gzip":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        raise _Refusal(400, "the body is no gzip") from None


def _talk(repo: Repo, service: str, body: bytes, visit: _Visit, *, advertise: bool) -> bytes:
    """One exchange of the protocol."""
    written = bytearray()

    def write(data: bytes) -> int:
        written.extend(data)
        return len(data)

    proto = ReceivableProtocol(BytesIO(body).read, write)
    served: dict[str, BackendRepo] = {"/": repo}
    backend, arguments = DictBackend(served), ["/"]
    handler: PackHandler
    if service == _READ:
        handler = UploadPackHandler(backend, arguments, proto, stateless_rpc=True, advertise_refs=advertise)
    else:
        handler = _Receiving(backend, arguments, proto, stateless_rpc=True, advertise_refs=advertise)
        handler.visit = visit
    if advertise:
        proto.write_pkt_line(f"# service={service}\n".encode())
        proto.write_pkt_line(None)
    try:
        handler.handle()
    except (GitProtocolError, HangupException, AssertionError, ValueError, KeyError) as error:
        raise _Refusal(400, f"git's request could not be read: {error}") from error
    return bytes(written)


class _Receiving(ReceivePackHandler):
    """Takes a push; refuses what CodeCommit refuses, reference by reference."""

    visit: _Visit

    def _on_update(self, ref_name: Ref, old_sha: ObjectID, new_sha: ObjectID) -> bytes | None:
        reference = ref_name.decode("utf-8", "replace")
        if new_sha == _NO_COMMIT and reference == f"{BRANCHES}{self.visit.default}":
            return b"the default branch cannot be deleted"
        try:
            self.visit.check("GitPush", reference)
        except _Refusal as refusal:
            return refusal.message.replace("\n", " ").encode()
        return super()._on_update(ref_name, old_sha, new_sha)

    def _apply_pack(self, refs: list[tuple[ObjectID, ObjectID, Ref]]) -> Iterator[tuple[bytes, bytes]]:
        wanted = {ref: (old, new) for old, new, ref in refs}
        for name, status in super()._apply_pack(refs):
            told = status
            if status == b"ok" and name in wanted:
                told = self._note(Ref(name), *wanted[Ref(name)])
            yield name, told

    def _note(self, ref: Ref, old: ObjectID, new: ObjectID) -> bytes:
        """What became of a reference: dulwich says ``ok`` also where it was moved by someone else meanwhile."""
        now = self.repo.refs.as_dict().get(ref, ObjectID(_NO_COMMIT))
        if now != new:
            return b"it was changed meanwhile: fetch first"
        before, after = (None if commit == _NO_COMMIT else commit.decode() for commit in (old, new))
        self.visit.updates.append(Update(ref.decode("utf-8", "replace"), before, after))
        return b"ok"
