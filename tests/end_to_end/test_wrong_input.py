"""Whatever a person gets wrong: one clear line, the right exit code, nothing half-written."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from tests.end_to_end.place import CONFIG, Place, Result, environment, run_here

GOOD = CONFIG.format(region="eu-west-1")
COMMANDS = ["plan", "up", "bootstrap", "deploy", "verify", "destroy"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good config and an empty home."""
    (tmp_path / "crosslane.toml").write_text(GOOD)
    return tmp_path


def crosslane(folder: Path, *arguments: str, **more: str) -> Result:
    with environment(folder, more):
        return run_here(*arguments, "--config", str(folder / "crosslane.toml"))


def profiles(folder: Path, **sections: str) -> None:
    (folder / "home" / ".aws").mkdir(parents=True)
    text = "".join(
        f"[{name}]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret-{name}\n{more}\n"
        for name, more in sections.items()
    )
    (folder / "home" / ".aws" / "credentials").write_text(text)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file below, with its contents."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def check(result: Result, code: int, *words: str) -> None:
    """One line that says what is wrong, and the same as a document where that was asked for."""
    assert result.code == code, result.err
    assert "Traceback" not in result.err
    assert "a fault in crosslane" not in result.err
    errors = [line for line in result.err.splitlines() if line.startswith("error:")]
    assert len(errors) == 1, result.err
    for word in words:
        assert word in result.err
    if result.out:
        assert result.document["ok"] is False
        assert set(result.document["error"]) == {"code", "message", "account", "next"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_config_is_told_with_the_command_that_writes_one(tmp_path: Path, command: str) -> None:
    result = crosslane(tmp_path, command, "--json")

    check(result, 2, "crosslane.toml", "crosslane init")
    assert result.document["error"]["code"] == "ConfigMissing"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version = 1", "version = ", ["crosslane.toml:1"]),
        ('id = "111111111111"', 'id = "11111"', ["crosslane.toml:9", "12 digits"]),
        ('id = "222222222222"', "id = 222222222222", ["crosslane.toml:10"]),
        ("[pipeline]", "[pipelin]", ["pipelin", "pipeline"]),
        ('account = "prod"', 'account = "prd"', ["prd", "prod"]),
        ('region = "eu-west-1"\n', "", ["region"]),
        ('region = "eu-west-1"', 'region = "europe"', ["europe"]),
        ('account = "test"', 'account = "test"\nname = "test"', ["crosslane.toml:17"]),
    ],
)
def test_a_config_that_is_wrong_names_file_and_line(folder: Path, old: str, new: str, words: list[str]) -> None:
    (folder / "crosslane.toml").write_text(GOOD.replace(old, new, 1))

    for command in ("plan", "up"):
        check(crosslane(folder, command, "--json"), 2, *words)


def test_a_config_that_is_no_text_is_told_what_it_is(folder: Path) -> None:
    (folder / "crosslane.toml").write_bytes(b"\xff\xfe\x00")

    check(crosslane(folder, "plan", "--json"), 2, "crosslane.toml", "not UTF-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_profile_that_is_not_there_is_named_and_not_made(folder: Path, command: str) -> None:
    result = crosslane(folder, command, "--json", "--yes")

    check(result, 3, "profile", "tools")
    assert not (folder / "home" / ".aws").exists()


def test_without_credentials_anywhere_in_the_chain_it_says_so(folder: Path) -> None:
    text = GOOD
    for name in ("tools", "dev", "test", "prod"):
        text = text.replace(f', profile = "{name}"', "")
    (folder / "crosslane.toml").write_text(text)

    result = crosslane(folder, "up", "--json", AWS_EC2_METADATA_DISABLED="true")

    check(result, 3, "credential")


def test_without_a_network_it_says_so_and_writes_nothing(folder: Path) -> None:
    """Nothing listens at the endpoint: as where the cable is out."""
    profiles(folder, tools="", dev="", test="", prod="")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    before = tree(folder)

    result = crosslane(folder, "up", "--json", AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_MAX_ATTEMPTS="1")

    check(result, 3, "network")
    assert tree(folder) == before


def test_an_expired_token_stops_before_the_first_change(place: Place) -> None:
    text = place.running.credentials_file.read_text()
    clean = place.listing()
    token = place.profile("dev")["aws_session_token"]
    place.running.credentials_file.write_text(text.replace(token, "expired" + token))

    result = place.run("up", "--json")

    check(result, 3, "profile dev")
    assert result.document["error"]["account"] == "dev"
    assert "crosslane sign-in dev" in result.document["error"]["next"]
    assert place.listing() == clean


def test_sign_ins_that_fail_are_all_told_at_once(place: Place) -> None:
    text = place.running.credentials_file.read_text()
    token = place.profile("dev")["aws_session_token"]
    text = text.replace(token, "expired" + token).replace("[test]", "[prod-2]").replace("[prod]", "[test]")
    place.running.credentials_file.write_text(text)

    result = place.run("up", "--json")

    check(result, 3, "profile dev", "profile test is in account 444444444444", "profile prod")


def test_an_aws_config_file_that_cannot_be_parsed_is_named_with_its_line(place: Place) -> None:
    place.running.config_file.write_text("region = eu-west-1\n" + place.running.config_file.read_text())

    result = place.run("up", "--json")

    check(result, 3, f"{place.running.config_file}:1:", "correct")
    assert result.document["error"]["code"] == "ConfigNotReadable"
    signing_in = place.run("sign-in", "--yes", "--json")
    assert signing_in.document["error"] == result.document["error"]


def test_the_wrong_account_behind_a_profile_stops_before_the_first_change(place: Place) -> None:
    text = place.running.credentials_file.read_text()
    swapped = text.replace("[test]", "[x]").replace("[prod]", "[test]").replace("[x]", "[prod]")
    clean = place.listing()
    place.running.credentials_file.write_text(swapped)

    result = place.run("up", "--json")

    check(result, 3, "account 444444444444", "the config says 333333333333", "nothing was changed")
    place.running.credentials_file.write_text(text)
    assert place.listing() == clean


def test_a_port_in_use_is_named_and_leaves_no_sandbox(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        result = crosslane(folder, "sandbox", "start", "--port", str(port), "--json")

    check(result, 3, str(port))
    assert not list((folder / "state").rglob("sandbox.json"))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_in_a_read_only_home_it_names_the_variable_that_leads_elsewhere(folder: Path) -> None:
    (folder / "home").mkdir(exist_ok=True)
    (folder / "home").chmod(stat.S_IRUSR | stat.S_IXUSR)

    check(crosslane(folder, "sandbox", "start", XDG_STATE_HOME=""), 3, "XDG_STATE_HOME")


def test_a_state_folder_that_cannot_be_made_is_told_with_its_variable(folder: Path) -> None:
    (folder / "file").write_text("")

    result = crosslane(folder, "sandbox", "start", "--json", XDG_STATE_HOME=str(folder / "file" / "below"))

    check(result, 3, "XDG_STATE_HOME")


def test_profile_files_that_cannot_be_written_leave_no_key(place: Place) -> None:
    """A folder in the way of the lock file: as a disk on which nothing can be made."""
    lock = place.running.credentials_file.with_name("credentials.crosslane-lock")
    lock.mkdir()

    result = place.run("up", "--json")

    assert result.code == 3
    assert result.document["error"]["code"] == "FileNotWritable"
    assert place.listing()["tools access keys"] == []
    lock.rmdir()
    place.up()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["upp"], ["no command upp", "did you mean up"]),
        (["up", "--adpot"], ["--adpot", "--adopt"]),
        (["up", "extra"], ["extra"]),
        (["plan", "--region", "nowhere"], ["nowhere"]),
        (["sandbox", "start", "--port", "99999"], ["99999"]),
    ],
)
def test_a_wrong_command_line_is_told_with_what_was_meant(folder: Path, arguments: list[str], words: list[str]) -> None:
    check(crosslane(folder, *arguments), 2, *words)


def test_destroy_without_a_terminal_needs_yes(place: Place) -> None:
    place.up()
    before = place.listing()

    result = place.run("destroy", "--json")

    check(result, 2, "--yes")
    assert result.document["error"]["code"] == "ConfirmationNeeded"
    assert place.listing() == before


def test_an_export_never_takes_the_place_of_a_file(folder: Path) -> None:
    (folder / "out").write_text("a file")

    result = crosslane(folder, "plan", "--json", "--export", str(folder / "out"))

    check(result, 2, "is a file")
    assert (folder / "out").read_text() == "a file"
