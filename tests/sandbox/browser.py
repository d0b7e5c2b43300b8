"""Plays the browser and the person before it: opens the sandbox's pages and presses their buttons."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        """Not followed: the redirect arrives as an error with its address."""


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_STAYING = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())


@dataclass(frozen=True)
class Page:
    """Where the browser ended up, and what it shows."""

    url: str
    status: int
    text: str

    def press(self, decision: str, *, follow: bool = True) -> Page:
        """Sends the page's form with the button of this value; goes where it leads, if it is to ``follow``."""
        form = _Form()
        form.feed(self.text)
        body = urllib.parse.urlencode({**form.hidden, "decision": decision}).encode()
        return visit(urllib.parse.urljoin(self.url, form.action), body, follow=follow)


def visit(url: str, body: bytes | None = None, *, follow: bool = True) -> Page:
    """Opens the URL; an error page is a page too, and so is one that was left unopened because it is elsewhere."""
    try:
        with (_OPENER if follow else _STAYING).open(urllib.request.Request(url, data=body), timeout=10) as answer:
            return Page(answer.url, answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Page(error.headers.get("Location", url), error.code, error.read().decode())


def approve(url: str, decision: str = "allow") -> Page:
    """Opens the page and says yes (or what else is asked for)."""
    return visit(url).press(decision)


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action") or ""
        if tag == "input" and found.get("type") == "hidden":
            self.hidden[found.get("name") or ""] = found.get("value") or ""
