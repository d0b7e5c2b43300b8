"""The person at the browser, for those who try a sign-in without one: opens the portal's page and says yes."""

from __future__ import annotations

import contextlib
import threading
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from typing import Any

from crosslane.errors import EnvironmentFailure


def approve(url: str) -> None:
    """Allow what the page asks for. ``EnvironmentFailure`` if it cannot be allowed.

    The redirect that follows is answered by whoever waits for it, so it is left to a thread of its own.
    """
    if urllib.parse.urlsplit(url).hostname != "127.0.0.1":
        raise EnvironmentFailure("only a page of a sandbox is approved", code="NotLoopback")
    try:
        with BROWSER.open(url, timeout=30) as answer:
            form = Form()
            form.feed(answer.read().decode())
        body = urllib.parse.urlencode({**form.hidden, "decision": "allow"}).encode()
        with BROWSER.open(urllib.parse.urljoin(url, form.action), data=body, timeout=30) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        target = error.headers.get("Location")
        if target is None:
            raise EnvironmentFailure(
                f"the sandbox's page could not be approved: it answers {error.code}", code="NotApproved"
            ) from None
        threading.Thread(target=_go, args=(target,), daemon=True).start()


def _go(url: str) -> None:
    with contextlib.suppress(OSError), BROWSER.open(url, timeout=30) as answer:
        answer.read()


class _Staying(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        """Not followed: the redirect then comes as an error that has its address."""


BROWSER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Staying())
"""Opens pages and follows no redirect."""


class Form(HTMLParser):
    """The form of the page: where it goes, and its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes what a browser would send back."""
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action") or ""
        if tag == "input" and found.get("type") == "hidden":
            self.hidden[found.get("name") or ""] = found.get("value") or ""
