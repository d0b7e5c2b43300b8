"""The loopback end of the browser flow: waits for the browser to come back with a code.

RFC 8252, section 7.3: the redirect goes to 127.0.0.1 and any free port; RFC 6749, section 10.12: only an answer with
the state that was sent counts.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crosslane.credentials.secret import Secret
from crosslane.errors import EnvironmentFailure, OutcomeError

PATH = "/oauth/callback"
WAIT_SECONDS = 600.0
"""As long as the AWS CLI waits."""

_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>crosslane</title>'
    "<p>{text}</p><p>You can close this window.</p></html>"
)


class Redirect:
    """A listener on a free port of 127.0.0.1, for the time of the context. ``EnvironmentFailure`` if there is none."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._answer: Secret | OutcomeError | None = None
        redirect = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def do_GET(self) -> None:
                status, text = redirect._take(self.path)
                body = _PAGE.format(text=text).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """The code is in the path: nothing is logged."""

        try:
            self._server = _Listener(("127.0.0.1", 0), Handler)
        except OSError as error:
            raise EnvironmentFailure(
                f"cannot listen on 127.0.0.1 for the browser: {error.strerror or error}",
                code="NoLoopback",
                next="crosslane sign-in --device needs no listener",
            ) from error

    def __enter__(self) -> Redirect:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    @property
    def uri(self) -> str:
        """What the browser is to be sent to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def wait(self, *, seconds: float = WAIT_SECONDS, clock: Callable[[], float] = time.monotonic) -> Secret:
        """The code. ``OutcomeError`` if the person said no (``AccessDenied``) or nobody came (``SignInTimedOut``)."""
        deadline = clock() + seconds
        while self._answer is None and clock() < deadline:
            self._server.timeout = min(1.0, max(0.01, deadline - clock()))
            self._server.handle_request()
        if self._answer is None:
            raise OutcomeError(
                f"nobody signed in within {seconds / 60:.0f} minutes",
                code="SignInTimedOut",
                next="crosslane sign-in again; --device if the browser is on another machine",
            )
        if isinstance(self._answer, OutcomeError):
            raise self._answer
        return self._answer

    def _take(self, target: str) -> tuple[int, str]:
        """Status and text for the browser. What is not the answer to our request changes nothing."""
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path != PATH:
            return 404, "Nothing is here."
        if not hmac.compare_digest(query.get("state", "").encode(), self._state.encode()):
            return 400, "This answer does not belong to the sign-in that is under way."
        if self._answer is None and "error" in query:
            denied = query["error"] == "access_denied"
            self._answer = OutcomeError(
                "the sign-in was denied in the browser" if denied else "the portal refused the sign-in",
                code="AccessDenied" if denied else "SignInRefused",
                next="crosslane sign-in again, and allow it",
            )
        elif self._answer is None and query.get("code"):
            self._answer = Secret(query["code"])
        if isinstance(self._answer, Secret):
            return 200, "You are signed in; crosslane goes on in the terminal."
        return 400, "You are not signed in."


class _Listener(HTTPServer):
    allow_reuse_address = False

    def server_bind(self) -> None:
        """Without the base class's look-up of the host's name, which may ask a name server."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away, or whatever else comes to the port, is not worth a word."""
