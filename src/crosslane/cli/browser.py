"""The person's browser: whether there is one here, and opening it."""

from __future__ import annotations

import contextlib
import sys
import webbrowser
from collections.abc import Mapping

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


def open_browser(url: str) -> bool:
    """Open a new tab; whether that seems to have worked."""
    with contextlib.suppress(webbrowser.Error, OSError):
        return webbrowser.open_new_tab(url)
    return False
