"""Plays the browser and the person before it: opens the sandbox's pages and presses their buttons."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from crosslane.sandbox.identity_center.approval import BROWSER, Form

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Page:
    """Where the browser ended up, and what it shows."""

    url: str
    status: int
    text: str

    def press(self, decision: str, *, follow: bool = True) -> Page:
        """Sends the page's form with the button of this value; goes where it leads, if it is to ``follow``."""
        form = Form()
        form.feed(self.text)
        body = urllib.parse.urlencode({**form.hidden, "decision": decision}).encode()
        return visit(urllib.parse.urljoin(self.url, form.action), body, follow=follow)


def visit(url: str, body: bytes | None = None, *, follow: bool = True) -> Page:
    """Opens the URL; an error page is a page too, and so is one that was left unopened because it is elsewhere."""
    try:
        with (_OPENER if follow else BROWSER).open(urllib.request.Request(url, data=body), timeout=10) as answer:
            return Page(answer.url, answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Page(error.headers.get("Location", url), error.code, error.read().decode())


def approve(url: str, decision: str = "allow") -> Page:
    """Opens the page and says yes (or what else is asked for)."""
    return visit(url).press(decision)
