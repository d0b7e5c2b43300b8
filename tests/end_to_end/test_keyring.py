"""``key_store = "keyring"``: the files have ids only, every AWS tool still works, and a rotation loses nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from tests.end_to_end.place import ROOT, Place, place_in
from tests.end_to_end.test_rotation import USER, cut, keys_of, rotate
from tests.fakes.file_keyring import FileKeyring

SERVICE = "crosslane sample-lambda@111111111111"


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileKeyring]:
    path = tmp_path_factory.mktemp("ring") / "ring.json"
    before = keyring.get_keyring()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEYRING_FILE", str(path))
        patch.setenv("PYTHON_KEYRING_BACKEND", "tests.fakes.file_keyring.FileKeyring")
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
        found = FileKeyring()  # type: ignore[no-untyped-call]
        keyring.set_keyring(found)
        yield found
        keyring.set_keyring(before)


@pytest.fixture(scope="module")
def place(ring: FileKeyring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_in(tmp_path_factory.mktemp("keyring")) as found:
        found.append('\n[bootstrap]\nkey_store = "keyring"\n')
        found.up()
        yield found


def secrets(ring: FileKeyring) -> dict[str, str]:
    """Key ids and secrets in the keyring; it must have one service only."""
    (service,) = ring.entries()
    assert service.startswith(SERVICE)
    return ring.entries()[service]


def files(place: Place) -> str:
    return place.running.credentials_file.read_text() + place.running.config_file.read_text()


def held(place: Place) -> str:
    return place.profile("tools_admin")["crosslane_access_key_id"]


def test_the_files_hold_the_id_and_the_keyring_the_secret(place: Place, ring: FileKeyring) -> None:
    assert list(secrets(ring)) == list(keys_of(place)) == [held(place)]
    assert secrets(ring)[held(place)] not in files(place)
    assert "aws_access_key_id" not in place.profile("tools_admin")


def test_aws_tools_use_the_profile_and_a_second_up_has_nothing_to_do(place: Place) -> None:
    assert place.caller("tools_admin").endswith(f":user/{USER}")
    assert ":assumed-role/" in place.caller("tools_admin_deployer")
    again = place.up()
    assert again.document["calls"]["mutating"] == 0
    assert set(again.outcomes().values()) == {"unchanged", "verified"}
    assert place.run("verify", "--no-drift", "--json").document["findings"] == []


def test_a_rotation_keeps_its_secrets_in_the_keyring(place: Place, ring: FileKeyring) -> None:
    first = held(place)

    rotation = rotate(place)

    assert rotation["new"] == held(place) != first
    assert place.caller("tools_admin").endswith(f":user/{USER}")
    assert not [secret for secret in secrets(ring).values() if secret in files(place)]
    assert rotate(place, "--finish")["deleted"] == [first]
    assert list(secrets(ring)) == [held(place)], "a deleted key's secret is no use to anybody"


@pytest.mark.parametrize(("instant", "number"), [("before-rename", 1), ("before-rename", 2), ("after-call", 3)])
def test_a_rotation_that_was_killed_converges(place: Place, ring: FileKeyring, instant: str, number: int) -> None:
    ended = place.process("-m", "tests.end_to_end.cut_off", "SIGKILL", instant, str(number), "rotate", "--sandbox")
    ended.communicate(timeout=60)
    assert place.caller("tools_admin").endswith(f":user/{USER}")

    rotate(place)

    assert place.caller("tools_admin").endswith(f":user/{USER}")
    assert [key for key, status in keys_of(place).items() if status == "Active"] == [held(place)]
    rotate(place, "--finish")
    assert list(keys_of(place)) == [held(place)]
    assert held(place) in secrets(ring)


def test_a_locked_keyring_costs_no_key(place: Place, ring: FileKeyring) -> None:
    first, before = held(place), keys_of(place)
    locked = ring.path.with_suffix(".locked")
    locked.touch()
    try:
        result = place.run("rotate", "--json")
    finally:
        locked.unlink()

    assert result.code == 3
    assert result.document["error"]["code"] == "KeyringFailed"
    assert keys_of(place) == before
    assert held(place) == first


def test_a_secret_that_is_gone_from_the_keyring_gets_a_new_key(place: Place, ring: FileKeyring) -> None:
    first = held(place)
    ring.path.unlink()

    assert place.run("credentials", "tools_admin", "--json").document["error"]["code"] == "KeyNotInKeyring"
    place.up("--yes")

    assert list(keys_of(place)) == [held(place)] == list(secrets(ring))
    assert held(place) != first


def test_a_key_moves_from_file_to_keyring_and_back_and_leaves_nothing_behind(ring: FileKeyring, tmp_path: Path) -> None:
    ring.path.unlink(missing_ok=True)
    with place_in(tmp_path) as place:
        place.up()
        first = place.profile("tools_admin")["aws_access_key_id"]
        secret = place.profile("tools_admin")["aws_secret_access_key"]
        place.append('\n[bootstrap]\nkey_store = "keyring"\n')

        assert place.run("plan", "--json").document["actions"]
        place.up("--yes")
        assert secrets(ring) == {first: secret}
        assert secret not in files(place)
        assert place.caller("tools_admin").endswith(f":user/{USER}")
        assert place.up().document["calls"]["mutating"] == 0

        place.edit("keyring", "file")
        assert place.run("rotate", "--json").document["error"]["code"] == "KeyElsewhere"
        assert place.caller("tools_admin").endswith(f":user/{USER}"), "until up has moved it, it works from where it is"
        place.up("--yes")
        assert secrets(ring) == {}
        assert place.profile("tools_admin")["aws_secret_access_key"] == secret
        assert place.caller("tools_admin").endswith(f":user/{USER}")
        assert place.up().document["calls"]["mutating"] == 0

        place.edit('"file"', '"keyring"')
        place.up("--yes")
        place.edit('key_store = "keyring"', 'mode = "keyless"')
        place.up("--yes")
        assert secrets(ring) == {}, "what another mode has no use for is gone from the keyring"


def test_a_rotation_cut_off_in_the_file_goes_on_in_the_keyring(ring: FileKeyring, tmp_path: Path) -> None:
    ring.path.unlink(missing_ok=True)
    with place_in(tmp_path) as place:
        place.up()
        cut(place, "before-rename", 2)
        pending = place.profile("tools_admin")["crosslane_new_access_key_id"]
        place.append('\n[bootstrap]\nkey_store = "keyring"\n')
        place.up("--yes")

        assert rotate(place)["new"] == pending

        assert pending in secrets(ring)
        assert place.caller("tools_admin").endswith(f":user/{USER}")
        assert held(place) == pending


def test_without_a_keyring_it_says_so_and_uses_the_file(ring: FileKeyring, tmp_path: Path) -> None:
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    try:
        with place_in(tmp_path) as place:
            place.append('\n[bootstrap]\nkey_store = "keyring"\n')
            result = place.run("bootstrap", "--json")

            assert result.code == 0
            (told,) = [one for one in result.document["warnings"] if "kept in the file" in json.dumps(one)]
            assert "keyring" in json.dumps(told)
            assert place.profile("tools_admin")["aws_secret_access_key"]
            assert place.run("bootstrap", "--json").document["calls"]["mutating"] == 0
            assert "the key's secret is kept in the file" in " ".join(place.run("bootstrap").out.split())
    finally:
        keyring.set_keyring(ring)
