"""What the identities of one run share, and what each keeps for itself."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader

from crosslane.aws.gateway import Cloud, Place
from crosslane.errors import EnvironmentFailure

PROFILES = ("tools", "dev", "test", "prod")


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """A place where nobody answers."""
    keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s\n"
    (tmp_path / "credentials").write_text("".join(f"[{profile}]\n{keys}" for profile in PROFILES))
    return Cloud(Place("eu-west-1", "http://127.0.0.1:9", tmp_path / "credentials", tmp_path / "config"))


def test_four_identities_side_by_side_read_each_model_once(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[str] = Counter()
    load = JSONFileLoader.load_file

    def counted(self: JSONFileLoader, path: str) -> Any:
        found = load(self, path)
        read.update([path] if found is not None else [])
        return found

    monkeypatch.setattr(JSONFileLoader, "load_file", counted)
    with ThreadPoolExecutor(len(PROFILES)) as pool:
        list(pool.map(lambda profile: cloud.client(cloud.session(profile), "codepipeline"), PROFILES))

    assert any("codepipeline" in path for path in read)
    assert set(read.values()) == {1}


def test_what_is_hung_on_one_session_is_not_on_the_next(cloud: Cloud) -> None:
    heard: list[str] = []
    first, second = (cloud.session(profile) for profile in PROFILES[:2])
    first.register("heard.sts", lambda **event: heard.append("first"))

    cloud.client(second, "sts").meta.events.emit("heard.sts.GetCallerIdentity")
    assert heard == []
    cloud.client(first, "sts").meta.events.emit("heard.sts.GetCallerIdentity")
    assert heard == ["first"]


def test_a_service_that_botocore_does_not_know_is_told_as_an_error_of_ours(cloud: Cloud) -> None:
    with pytest.raises(EnvironmentFailure, match="nonesuch:Call could not be sent"):
        cloud.gateway("tools", "tools").call("nonesuch", "Call")
