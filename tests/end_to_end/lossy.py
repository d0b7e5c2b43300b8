"""A relay in front of a sandbox that loses the first answer to every operation: what was asked for has happened."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.end_to_end.place import Place


def operation_of(method: str, path: str, headers: Any, body: bytes) -> str:
    """A word for what is asked, the same for the same operation of a service."""
    if target := headers.get("X-Amz-Target"):
        return str(target)
    if b"Action=" in body:
        return parse_qs(body.decode())["Action"][0]
    bucket, _, key = urlsplit(path).path.lstrip("/").partition("/")
    return f"{method} {'object' if key else 'bucket' if bucket else 'service'}?{urlsplit(path).query.partition('=')[0]}"


@contextmanager
def lossy(place: Place) -> Iterator[set[str]]:
    """Commands that find the kept sandbox go through the relay; gives the operations whose answer was lost so far."""
    lost: set[str] = set()
    lock = threading.Lock()
    target = urlsplit(place.running.endpoint)

    class Relay(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(str(target.hostname), target.port)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            operation = operation_of(self.command, self.path, self.headers, body)
            with lock:
                first = operation not in lost and "/.crosslane" not in self.path
                if first:
                    lost.add(operation)
            if first:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = relay  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *arguments: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    state = place.running.directory / "sandbox.json"
    before = state.read_text()
    state.write_text(json.dumps({**json.loads(before), "endpoint": f"http://127.0.0.1:{server.server_port}"}))
    try:
        yield lost
    finally:
        state.write_text(before)
        server.shutdown()
        server.server_close()
