"""No secret in anything that crosslane prints or keeps, but in the files that are there for it."""

from __future__ import annotations

import configparser
import json
import stat
from pathlib import Path

from tests.end_to_end.place import PROGRAM, Place

SECRETS = ("aws_secret_access_key", "aws_session_token", "SecretAccessKey", "SessionToken")
HOLDERS = ("credentials", "credentials.crosslane-backup")


def secrets_in(folder: Path) -> tuple[set[str], list[Path]]:
    """Every secret in credential files and cached sessions below ``folder``, and the files that hold one."""
    found: set[str] = set()
    holders: list[Path] = []
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        text = path.read_text(errors="replace")
        before = len(found)
        if path.name in HOLDERS:
            parser = configparser.RawConfigParser()
            parser.read_string(text)
            found |= {value for one in parser.sections() for key, value in parser[one].items() if key in SECRETS}
        elif "sessions" in path.parts and text.startswith("{"):
            found |= {value for key, value in json.loads(text).items() if key in SECRETS}
        if len(found) > before or path.name in HOLDERS:
            holders.append(path)
    return found, holders


def test_a_whole_life_prints_and_keeps_no_secret(place: Place) -> None:
    told: list[str] = []
    known: set[str] = set()
    for arguments in (
        ("up", "-vv"),
        ("up", "--json"),
        ("plan", "--json", "-vv"),
        ("verify", "-vv"),
        ("destroy", "--yes", "-vv"),
    ):
        ended = place.process(*PROGRAM[1:], *arguments, "--sandbox")
        known |= secrets_in(place.running.directory)[0]
        told += ended.communicate(timeout=100)
        assert ended.returncode == 0, told[-1]
        found, holders = secrets_in(place.running.directory)
        known |= found
        for path in holders:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        for path in place.running.directory.rglob("*"):
            if path.is_file() and path not in holders:
                text = path.read_text(errors="replace")
                assert not [secret for secret in known if secret in text], path

    assert len(known) >= 4 * 2 + 1 + 2, "the four sign-ins, the key and the session"
    for text in told:
        assert not [secret for secret in known if secret in text]


def test_an_error_about_a_profile_shows_none_of_it(place: Place) -> None:
    secret = place.profile("dev")["aws_secret_access_key"]
    text = place.running.credentials_file.read_text()
    token = place.profile("dev")["aws_session_token"]
    place.running.credentials_file.write_text(text.replace(token, token[:-5]))

    result = place.run("up", "--json", "-vv")

    assert result.code == 3
    assert secret not in result.out + result.err
    assert token[:-5] not in result.out + result.err
