"""The person at the browser, for those who try a sign-in without one: opens the portal's page and says yes."""

from __future__ import annotations

import threading
import urllib.parse
import urllib.request
from html.parser import HTMLParser

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def approve(url: str) -> None:
    """Allow what the page asks for. Done in the background: the redirect is answered by whoever waits for it."""
    threading.Thread(target=_allow, args=(url,), daemon=True).start()


def _allow(url: str) -> None:
    if urllib.parse.urlsplit(url).hostname != "127.0.0.1":
        raise ValueError("only a sandbox's page is approved")
    with _DIRECT.open(url, timeout=30) as answer:
        form = _Form()
        form.feed(answer.read().decode())
    body = urllib.parse.urlencode({**form.hidden, "decision": "allow"}).encode()
    with _DIRECT.open(urllib.parse.urljoin(url, form.action), data=body, timeout=30) as answer:
        answer.read()


class _Form(HTMLParser):
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
