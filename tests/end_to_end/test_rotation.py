"""``rotate``: cut off anywhere it converges, under load nobody is without a key, and nothing of others is touched."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crosslane.credentials.guarded_file import LOCK_SUFFIX
from tests.end_to_end.lossy import lossy
from tests.end_to_end.place import PROGRAM, Place, person, place_in
from tests.end_to_end.test_credentials_process import AWS, DEPLOYER, ROLE, aws_environment

USER = "admin"
CALLS = 12
"""A little more than an undisturbed rotation makes."""
RENAMES = 2
SECRET_KEYS = (
    "aws_secret_access_key",
    "aws_session_token",
    "crosslane_new_secret_access_key",
    "SecretAccessKey",
    "SessionToken",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_in(tmp_path_factory.mktemp("rotation")) as found:
        found.up()
        yield found


@pytest.fixture(autouse=True)
def only_the_profiles_key(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins with one key, the profile's."""
    yield
    if "place" not in request.fixturenames:
        return
    place: Place = request.getfixturevalue("place")
    for key in keys_of(place):
        if key != held(place):
            place.aws("tools", "iam").delete_access_key(UserName=USER, AccessKeyId=key)
    assert place.run("rotate", "--finish").code == 0


def keys_of(place: Place) -> dict[str, str]:
    """The user's keys with their status, by the account's administrator."""
    found = place.aws("tools", "iam").list_access_keys(UserName=USER)["AccessKeyMetadata"]
    return {key["AccessKeyId"]: key["Status"] for key in found}


def held(place: Place) -> str:
    return place.profile("tools_admin")["aws_access_key_id"]


def works(place: Place) -> bool:
    return place.caller("tools_admin").endswith(f":user/{USER}")


def rotate(place: Place, *arguments: str) -> dict[str, Any]:
    result = place.run("rotate", "--json", *arguments)
    assert result.code == 0, result.err
    (rotation,) = result.document["rotations"]
    found: dict[str, Any] = rotation
    return found


def check_that_it_converged(place: Place) -> None:
    """One working key, in the profile; at most the one that it replaced beside it, deactivated; no mark left over."""
    keys = keys_of(place)
    assert works(place)
    assert [key for key, status in keys.items() if status == "Active"] == [held(place)]
    assert "crosslane_new_access_key_id" not in place.profile("tools_admin")
    assert "crosslane_new_secret_access_key" not in place.profile("tools_admin")
    assert set(keys) - {held(place)} <= {place.profile("tools_admin").get("crosslane_old_access_key_id")}


def test_a_new_key_takes_over_and_the_old_one_goes_later(place: Place) -> None:
    first = held(place)

    rotation = rotate(place)

    assert rotation == {
        "account": "tools",
        "profile": "tools_admin",
        "new": held(place),
        "retired": first,
        "deleted": [],
    }
    assert keys_of(place) == {first: "Inactive", held(place): "Active"}
    assert works(place)
    findings = place.run("verify", "--no-drift", "--json").document["findings"]
    assert [finding["id"] for finding in findings] == ["key.retired"]
    assert place.up().document["calls"]["mutating"] == 0, "a rotation is no drift"

    assert rotate(place, "--finish")["deleted"] == [first]
    assert keys_of(place) == {held(place): "Active"}
    assert rotate(place, "--finish")["deleted"] == [], "nothing is left to do"


def test_the_next_rotation_makes_room_itself(place: Place) -> None:
    first = held(place)
    rotate(place)
    second = held(place)

    assert rotate(place)["deleted"] == [first]

    assert keys_of(place) == {second: "Inactive", held(place): "Active"}


def cut(place: Place, instant: str, number: int) -> int:
    ended = place.process("-m", "tests.end_to_end.cut_off", "SIGKILL", instant, str(number), "rotate", "--sandbox")
    _, err = ended.communicate(timeout=60)
    assert ended.returncode in (0, -9), err
    return ended.returncode


@pytest.mark.parametrize("instant", ["before-call", "after-call"])
def test_killed_at_any_call_it_converges(place: Place, instant: str) -> None:
    codes = []
    for number in range(1, CALLS + 1):
        codes.append(cut(place, instant, number))
        assert works(place), f"killed {instant} {number}, there is no working key"
        rotate(place)
        check_that_it_converged(place)
        if codes[-1] == 0:
            break
    assert codes[-1] == 0, "every call was reached"
    assert codes.count(-9) >= 5


@pytest.mark.parametrize("number", range(1, RENAMES + 1))
def test_killed_while_it_writes_the_profile_it_converges(place: Place, number: int) -> None:
    assert cut(place, "before-rename", number) == -9
    assert works(place)

    rotate(place)

    check_that_it_converged(place)


def test_cut_off_after_the_new_key_took_over_it_only_retires_the_old_one(place: Place) -> None:
    first = held(place)
    rotate(place)
    second = held(place)
    place.aws("tools", "iam").update_access_key(UserName=USER, AccessKeyId=first, Status="Active")
    findings = place.run("verify", "--no-drift", "--json").document["findings"]
    assert [finding["id"] for finding in findings] == ["key.half-rotated"]

    rotation = rotate(place)

    assert (rotation["new"], rotation["retired"]) == (second, first)
    assert keys_of(place) == {first: "Inactive", second: "Active"}


def test_a_pending_key_that_somebody_deleted_holds_nothing_up(place: Place) -> None:
    cut(place, "before-rename", 2)
    pending = place.profile("tools_admin")["crosslane_new_access_key_id"]
    place.aws("tools", "iam").delete_access_key(UserName=USER, AccessKeyId=pending)
    start = time.monotonic()

    rotation = rotate(place)

    assert time.monotonic() - start < 20
    assert rotation["new"] != pending
    check_that_it_converged(place)


def test_up_takes_over_from_a_rotation_whose_old_key_died(place: Place) -> None:
    cut(place, "before-rename", 2)
    place.aws("tools", "iam").delete_access_key(UserName=USER, AccessKeyId=held(place))

    assert place.run("rotate", "--json").document["error"]["code"] == "DeadKey"
    place.up("--yes")

    check_that_it_converged(place)
    assert list(keys_of(place)) == [held(place)]


def test_a_second_key_that_nobody_here_knows_is_named_and_nothing_is_done(place: Place) -> None:
    first = held(place)
    theirs = place.aws("tools", "iam").create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]

    result = place.run("rotate", "--json")

    assert result.code == 1
    error = result.document["error"]
    assert error["code"] == "TooManyAccessKeys"
    assert theirs in error["message"]
    assert f"--access-key-id {theirs}" in error["next"]
    assert keys_of(place) == {first: "Active", theirs: "Active"}
    assert held(place) == first


def test_a_key_that_cannot_be_stored_is_deleted_again(place: Place) -> None:
    first = held(place)
    credentials = place.running.credentials_file
    lock = credentials.with_name(credentials.name + LOCK_SUFFIX)
    lock.unlink(missing_ok=True)
    lock.mkdir()
    try:
        result = place.run("rotate", "--json")
    finally:
        lock.rmdir()

    assert result.code == 3
    assert result.document["error"]["code"] == "FileNotWritable"
    assert keys_of(place) == {first: "Active"}
    assert held(place) == first
    rotate(place)
    check_that_it_converged(place)


def test_a_key_whose_answer_was_lost_is_replaced_in_the_same_run(place: Place) -> None:
    """AWS has made it by then, nobody has its secret, and with it the user has two."""
    first = held(place)

    with lossy(place) as lost:
        rotation = rotate(place)

    assert {"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"} <= lost
    assert rotation["retired"] == first
    assert keys_of(place) == {first: "Inactive", held(place): "Active"}
    check_that_it_converged(place)


def test_of_two_rotations_at_once_each_is_whole(place: Place) -> None:
    before = held(place)
    both = [place.process(*PROGRAM[1:], "rotate", "--sandbox", "--json") for _ in range(2)]
    answers = [one.communicate(timeout=100) for one in both]

    assert [one.returncode for one in both] == [0, 0], answers
    made = {json.loads(out)["rotations"][0]["new"] for out, _ in answers}
    assert len(made) == 2
    assert before not in made
    check_that_it_converged(place)


def test_rotated_under_load_no_caller_fails(place: Place) -> None:
    """Sessions are forgotten all the time, so that the key is needed again and again while it is replaced."""
    environment = aws_environment(place)
    failures: list[str] = []
    calls: list[int] = []
    ending = threading.Event()

    def call_again_and_again(arguments: list[str], wanted: str) -> None:
        while not ending.is_set():
            ended = subprocess.run(
                arguments, env=environment, cwd=place.folder, capture_output=True, text=True, timeout=60
            )
            calls.append(ended.returncode)
            if ended.returncode != 0 or wanted not in ended.stdout:
                failures.append(ended.stderr)

    def forget_again_and_again() -> None:
        while not ending.wait(0.2):
            for path in (place.running.directory / "sessions").glob("*.json"):
                path.unlink(missing_ok=True)

    ours = [*PROGRAM, "credentials", DEPLOYER, "--config", str(place.config), "--sandbox"]
    theirs = [*AWS, "sts", "get-caller-identity", "--profile", DEPLOYER]
    threads = [
        threading.Thread(target=call_again_and_again, args=(ours, "SessionToken")),
        threading.Thread(target=call_again_and_again, args=(theirs, ROLE)),
        threading.Thread(target=forget_again_and_again),
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            rotate(place)
            time.sleep(0.3)
    finally:
        ending.set()
        for thread in threads:
            thread.join()

    assert failures == []
    assert len(calls) >= 4
    check_that_it_converged(place)


def secrets_below(folder: Path) -> tuple[set[str], set[Path]]:
    """Every secret in the credential files and the cached sessions below the folder, and these files."""
    found: set[str] = set()
    holders = {path for path in folder.rglob("*") if path.name in ("credentials", "credentials.crosslane-backup")}
    for path in holders:
        parser = configparser.RawConfigParser()
        parser.read(path)
        found |= {value for one in parser.sections() for key, value in parser[one].items() if key in SECRET_KEYS}
    sessions = set((folder / "sessions").glob("*.json"))
    for path in sessions:
        found |= {value for key, value in json.loads(path.read_text()).items() if key in SECRET_KEYS}
    return found, holders | sessions


def test_no_secret_in_anything_that_rotating_refreshing_and_verifying_print_or_keep(place: Place) -> None:
    told: list[str] = []
    known: set[str] = set()
    for arguments in (
        ("rotate", "-vv"),
        ("refresh", "-vv"),
        ("rotate", "--json", "-vv"),
        ("up", "--static", "-vv", "--yes"),
        ("refresh", "--json"),
        ("verify", "-vv", "--no-drift"),
        ("up", "-vv", "--yes"),
        ("rotate", "--finish", "-vv"),
        ("credentials", "nobody", "-vv"),
    ):
        known |= secrets_below(place.running.directory)[0]
        ended = place.process(*PROGRAM[1:], *arguments, "--sandbox")
        told += ended.communicate(timeout=100)
        now, holders = secrets_below(place.running.directory)
        known |= now
        for path in place.running.directory.rglob("*"):
            if path.is_file() and path not in holders:
                content = path.read_text(errors="replace")
                assert not [secret for secret in known if secret in content], path

    cut(place, "before-rename", 2)
    pending = place.profile("tools_admin")["crosslane_new_secret_access_key"]
    told += place.process(*PROGRAM[1:], "rotate", "-vv", "--sandbox").communicate(timeout=100)
    known |= {pending} | secrets_below(place.running.directory)[0]

    assert len(known) >= 4 * 2 + 4 + 2 * 3, "the sign-ins, four keys, and sessions"
    for text in told:
        assert not [secret for secret in known if secret in text]


def test_in_guide_mode_the_sign_in_replaces_the_key(tmp_path: Path) -> None:
    """The guide's user may not see to its own keys."""
    with place_in(tmp_path) as place:
        place.append('\n[bootstrap]\nmode = "guide"\n')
        assert place.run("bootstrap").code == 0
        first = held(place)

        assert rotate(place)["retired"] == first

        check_that_it_converged(place)


def test_keyless_there_is_no_key_to_rotate(tmp_path: Path) -> None:
    (tmp_path / "crosslane.toml").write_text(
        'version = 1\n[pipeline]\nname = "x1"\nregion = "eu-west-1"\nsource = { account = "tools" }\n'
        '[accounts]\ntools = { id = "111111111111" }\n[[stages]]\nname = "test"\naccount = "tools"\n'
        '[bootstrap]\nmode = "keyless"\n'
    )
    ended = subprocess.run(
        [sys.executable, *PROGRAM[1:], "rotate", "--json"],
        env=person(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["error"]["code"] == "NoKeyToRotate"
