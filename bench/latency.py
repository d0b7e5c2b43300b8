"""A relay on loopback in front of the sandbox: it counts API calls and can let each take as long as AWS would.

Clients sign for the relay's address and the sandbox sees the same Host, so requests pass unchanged.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

API_SECONDS = 0.080
"""One AWS API call within a region, as the budget has it."""

RESOURCE_SECONDS = {
    "AWS::IAM::Role": 15.0,
    "AWS::KMS::Key": 5.0,
    "AWS::S3::Bucket": 20.0,
    "AWS::CodePipeline::Pipeline": 10.0,
}
"""How long CloudFormation takes to create or update one; other types take no time."""

_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]*/(?P<service>[^/]+)/aws4_request")
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


class Relay:
    """A running relay: ``endpoint`` for clients, ``calls`` by (service, operation) so far."""

    def __init__(self, upstream: str, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self.calls: Counter[tuple[str, str]] = Counter()
        host = urlsplit(upstream)
        self.upstream = (host.hostname or "127.0.0.1", host.port or 80)
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.relay = self
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def passes(self, service: str, operation: str) -> None:
        """Count one call and take its time; calls side by side wait side by side."""
        with self._lock:
            self.calls[service, operation] += 1
        if self._seconds:
            time.sleep(self._seconds)

    def serve(self) -> None:
        """Answer until ``close``."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def relay(upstream: str, *, seconds: float = 0.0) -> Iterator[Relay]:
    """A relay to ``upstream`` for the time of the context; every signed call takes ``seconds`` longer."""
    running = Relay(upstream, seconds)
    thread = threading.Thread(target=running.serve, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.close()
        thread.join(5)


def operation_of(method: str, path: str, headers: Message, body: bytes) -> tuple[str, str] | None:
    """Service and operation of an AWS request; None if it is not one. S3 goes by method and sub-resource."""
    scope = _SCOPE.search(headers.get("Authorization", ""))
    if scope is None:
        return None
    service = scope["service"]
    if target := headers.get("X-Amz-Target"):
        return service, target.rpartition(".")[2]
    if service != "s3":
        action = parse_qs(body.decode("ascii", "replace")).get("Action")
        return service, action[0] if action else f"{method} {path.partition('?')[0]}"
    parts = urlsplit(path)
    thing = "Object" if parts.path.strip("/").count("/") else "Bucket"
    return service, f"{method} {thing} {parts.query.partition('=')[0].partition('&')[0]}".strip()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False
    relay: Relay


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server
    _upstream: http.client.HTTPConnection | None = None

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the bench's own output is the table."""

    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _forward(self) -> None:
        body = self._body()
        called = operation_of(self.command, self.path, self.headers, body)
        if called is not None:
            self.server.relay.passes(*called)
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection(*self.server.relay.upstream, timeout=120)
        self._upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP | {"expect"}:
                self._upstream.putheader(name, value)
        self._upstream.putheader("Content-Length", str(len(body)))
        self._upstream.endheaders(body)
        answer = self._upstream.getresponse()
        content = answer.read()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        if self.command == "HEAD" and answer.headers.get("Content-Length"):
            self.send_header("Content-Length", answer.headers["Content-Length"])
        elif answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _forward  # noqa: N815

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(1024).split(b";", 1)[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline(8)
        while self.rfile.readline(65537).strip():
            continue
        return b"".join(chunks)

    def finish(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        super().finish()
