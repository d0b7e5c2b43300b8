"""The person's browser: whether there is one here, and opening it."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Mapping
from threading import Thread

_TEXT_BROWSERS = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})


def has_browser(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a browser with a window can be opened on this machine, by the person who is at it."""
    if platform not in ("darwin", "win32", "cygwin"):
        display = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
        if not (display or environ.get("WSL_DISTRO_NAME") or environ.get("BROWSER")):
            return False
    elif environ.get("SSH_CONNECTION"):
        return False
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    return str(getattr(found, "name", "")) not in _TEXT_BROWSERS


def open_browser(url: str, *, seconds: float = 2) -> bool:
    """Open a new tab; whether that seems to have worked after so many seconds at most.

    Some browsers, above all those that ``BROWSER`` names, keep their caller until they end: the page would then wait
    for an answer from the very program that waits for it.
    """
    worked = True

    def open_tab() -> None:
        nonlocal worked
        try:
            worked = webbrowser.open_new_tab(url)
        except (webbrowser.Error, OSError):
            worked = False

    opening = Thread(target=open_tab, daemon=True)
    opening.start()
    opening.join(seconds)
    return worked
