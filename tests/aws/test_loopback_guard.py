"""A sandbox's gateway goes to loopback and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosslane.aws.gateway import Cloud, Place, refuse_unless_loopback
from crosslane.errors import EnvironmentFailure


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://127.8.8.8/x", "http://[::1]:80", "http://localhost:5000"]
)
def test_loopback_is_let_through(url: str) -> None:
    refuse_unless_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://iam.amazonaws.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://10.0.0.1",
        "http://0.0.0.0:80",
        "http://[::ffff:8.8.8.8]",
        "http://2130706433.example",
        "",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(EnvironmentFailure, match="only loopback"):
        refuse_unless_loopback(url)


def test_a_sandbox_elsewhere_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(EnvironmentFailure) as caught:
        Cloud(Place("eu-west-1", "https://sts.amazonaws.com"))
    assert caught.value.code == "NotLoopback"


def test_a_client_that_would_leave_is_stopped_at_the_last_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that some setting slipped in: the request is refused when it is about to be sent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "credentials").write_text("[p]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s\n")
    (tmp_path / "config").write_text("[profile p]\nregion = eu-west-1\n")
    cloud = Cloud(Place("eu-west-1", "http://127.0.0.1:9", tmp_path / "credentials", tmp_path / "config"))
    object.__setattr__(cloud.place, "endpoint", "http://192.0.2.1")

    with pytest.raises(EnvironmentFailure, match=r"192\.0\.2\.1"):
        cloud.gateway("tools", "p").call("sts", "GetCallerIdentity")
