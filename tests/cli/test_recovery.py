"""A sign-in that ends in the middle: the person signs in again and the work goes on, or the command says how."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.end_to_end.place import Place, place_in

from crosslane.aws.errors import CredentialsFailure
from crosslane.aws.gateway import Cloud, sso_cache_folder
from crosslane.aws.gateway import Place as CallPlace


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_in(tmp_path_factory.mktemp("place")) as found:
        assert found.run("sign-in", "--yes").code == 0
        yield found


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A sandbox whose profiles hold temporary keys."""
    with place_in(tmp_path_factory.mktemp("keys")) as found:
        yield found


def end_sign_in(place: Place) -> None:
    """What a portal's administrator does, or time."""
    for path in sso_cache_folder(place.running.credentials_file).glob("*.json"):
        path.unlink()


def test_a_person_who_can_be_asked_signs_in_again_once_and_up_goes_on(place: Place) -> None:
    end_sign_in(place)
    result = place.run("up", "--json", "--yes")
    assert result.code == 0, result.err
    assert result.document["ok"]
    # One sign-in is enough for all four profiles: they share the portal's session.
    assert result.err.count("approves the sign-in itself") == 1


def test_without_a_terminal_one_command_is_named_that_signs_in_to_all_accounts(place: Place) -> None:
    end_sign_in(place)
    result = place.run("plan", "--json")
    assert result.code == 3
    assert "profile dev is not signed in" in result.document["error"]["message"]
    command, _, rest = result.document["error"]["next"].partition(",")
    assert command == f"crosslane sign-in tools dev test prod --config {place.config} --sandbox"
    assert rest == " then run it again"
    assert place.run(*command.split()[1:], "--yes").code == 0
    assert place.run("plan", "--json").code == 0


def test_the_call_that_met_the_end_is_made_again_with_the_new_credentials(keys: Place, tmp_path: Path) -> None:
    running = keys.running
    credentials = tmp_path / "credentials"
    credentials.write_text("[lost]\naws_access_key_id = \n")
    cloud = Cloud(CallPlace(keys.region, running.endpoint, credentials, running.config_file))
    asked = []

    def sign_in(account: str, profile: str | None) -> bool:
        asked.append((account, profile))
        source = running.credentials_file.read_text().split("[dev]")[1].split("[")[0]
        credentials.write_text(f"[lost]\n{source}")
        return True

    cloud.recover = sign_in
    answer = cloud.gateway("dev", "lost").call("sts", "GetCallerIdentity")
    assert answer["Account"] == "222222222222"
    assert asked == [("dev", "lost")]


def test_a_person_who_does_not_sign_in_gets_the_error_of_the_call(keys: Place, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("[lost]\naws_access_key_id = \n")
    cloud = Cloud(CallPlace(keys.region, keys.running.endpoint, credentials, keys.running.config_file))
    cloud.recover = lambda account, profile: False
    with pytest.raises(CredentialsFailure):
        cloud.gateway("dev", "lost").call("sts", "GetCallerIdentity")
