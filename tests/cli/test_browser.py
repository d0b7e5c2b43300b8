"""Whether a browser can be opened here."""

from __future__ import annotations

import webbrowser
from threading import Event
from unittest import mock

import pytest

from crosslane.cli.browser import has_browser, open_browser


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name


@pytest.mark.parametrize(
    ("environ", "platform", "found"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({}, "linux", False),
        ({"SSH_CONNECTION": "a b"}, "linux", False),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "a b"}, "darwin", False),
        ({}, "win32", True),
    ],
)
def test_a_browser_needs_a_screen_at_which_the_person_is(environ: dict[str, str], platform: str, found: bool) -> None:
    with mock.patch("webbrowser.get", return_value=_Named("firefox")):
        assert has_browser(environ, platform) is found


def test_a_browser_in_the_terminal_is_none() -> None:
    with mock.patch("webbrowser.get", return_value=_Named("w3m")):
        assert not has_browser({"DISPLAY": ":0"}, "linux")


def test_a_machine_without_any_browser_has_none() -> None:
    with mock.patch("webbrowser.get", side_effect=webbrowser.Error("none")):
        assert not has_browser({"DISPLAY": ":0"}, "linux")


def test_a_browser_that_stays_in_the_foreground_holds_nobody_up() -> None:
    closed = Event()
    with mock.patch("webbrowser.open_new_tab", side_effect=lambda url: closed.wait(20)):
        assert open_browser("http://127.0.0.1/", seconds=0.05)
        assert not closed.is_set()
        closed.set()


def test_a_browser_that_does_not_start_is_told() -> None:
    with mock.patch("webbrowser.open_new_tab", side_effect=webbrowser.Error("none")):
        assert not open_browser("http://127.0.0.1/")
