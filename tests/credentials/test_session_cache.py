"""The cached sessions: one of many callers assumes the role, and no trouble with the folder costs the session."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crosslane.credentials.guarded_file import LOCK_SUFFIX
from crosslane.credentials.secret import Keys, Secret
from crosslane.credentials.session_cache import REFRESH_BEFORE, SessionCache, from_process_output, process_output
from crosslane.errors import EnvironmentFailure

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PROFILE = "tools_admin_deployer"


def keys(name: str = "ASIA1", *, left: timedelta = timedelta(hours=1)) -> Keys:
    return Keys(name, Secret(f"secret of {name}"), Secret(f"token of {name}"), NOW + left)


def now() -> datetime:
    return NOW


def never() -> Keys:
    raise AssertionError("the cached session was good")


def the_file(cache: SessionCache) -> Path:
    (found,) = cache.directory.glob("*.json")
    return found


def test_a_session_is_kept_until_it_nears_its_end(tmp_path: Path) -> None:
    cache = SessionCache(tmp_path / "sessions")
    first = cache.current(PROFILE, keys, now=now)

    assert cache.current(PROFILE, never, now=now) == first
    late = NOW + timedelta(hours=1) - REFRESH_BEFORE
    assert cache.current(PROFILE, never, now=lambda: late - timedelta(seconds=1)) == first
    later = keys("ASIA2", left=timedelta(hours=2))
    assert cache.current(PROFILE, lambda: later, now=lambda: late) == later
    assert cache.read(PROFILE) == later


def test_profiles_do_not_share_sessions(tmp_path: Path) -> None:
    cache = SessionCache(tmp_path)
    cache.current("one", lambda: keys("ASIA1"), now=now)

    assert cache.current("other", lambda: keys("ASIA2"), now=now).access_key_id == "ASIA2"
    assert cache.current("one", never, now=now).access_key_id == "ASIA1"


def test_only_the_owner_can_read_a_cached_session(tmp_path: Path) -> None:
    cache = SessionCache(tmp_path / "state" / "sessions")
    before = os.umask(0)
    try:
        cache.write(PROFILE, keys())
    finally:
        os.umask(before)

    assert stat.S_IMODE(the_file(cache).stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


CORRUPT = {
    "empty": b"",
    "cut short": process_output(keys()).encode()[:-20],
    "no JSON": b"\xff\xfe\x00 nonsense",
    "a list": b"[]",
    "a number": b"1",
    "no secret": b'{"Version": 1, "AccessKeyId": "ASIA"}',
    "an empty secret": b'{"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": ""}',
    "a secret that is no text": b'{"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": 5}',
    "an end that is no time": b'{"AccessKeyId": "A", "SecretAccessKey": "b", "Expiration": "soon"}',
    "an end without a zone": b'{"AccessKeyId": "A", "SecretAccessKey": "b", "Expiration": "2030-01-01T00:00:00"}',
    "an end that is a number": b'{"AccessKeyId": "A", "SecretAccessKey": "b", "Expiration": 1900000000}',
    "deeply nested": b"[" * 200_000,
}


@pytest.mark.parametrize("content", CORRUPT.values(), ids=CORRUPT.keys())
def test_a_corrupt_cache_is_replaced(tmp_path: Path, content: bytes) -> None:
    cache = SessionCache(tmp_path)
    cache.write(PROFILE, keys())
    the_file(cache).write_bytes(content)

    assert cache.read(PROFILE) is None
    fresh = keys("ASIA2")
    assert cache.current(PROFILE, lambda: fresh, now=now) == fresh
    assert cache.read(PROFILE) == fresh


def blocked_by_a_file(directory: Path) -> None:
    directory.parent.mkdir(parents=True)
    directory.write_text("a file where the folder should be")


def blocked_by_a_folder(directory: Path) -> None:
    SessionCache(directory).write(PROFILE, keys())
    path = the_file(SessionCache(directory))
    path.unlink()
    (path / "in the way").mkdir(parents=True)


def with_a_lock_that_cannot_be_made(directory: Path) -> None:
    SessionCache(directory).write(PROFILE, keys())
    path = the_file(SessionCache(directory))
    path.unlink()
    lock = path.with_name(path.name + LOCK_SUFFIX)
    lock.unlink()
    lock.mkdir()


@pytest.mark.parametrize(
    "spoil", [blocked_by_a_file, blocked_by_a_folder, with_a_lock_that_cannot_be_made], ids=lambda spoil: spoil.__name__
)
def test_a_folder_that_cannot_be_written_costs_the_cache_and_not_the_session(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    cache = SessionCache(tmp_path / "state" / "sessions")
    spoil(cache.directory)

    assert cache.current(PROFILE, lambda: keys("ASIA1"), now=now).access_key_id == "ASIA1"
    assert cache.current(PROFILE, lambda: keys("ASIA2"), now=now).access_key_id == "ASIA2"
    assert cache.write(PROFILE, keys()) is False
    assert cache.read(PROFILE) is None


def test_what_assuming_raises_gets_through_and_nothing_is_kept(tmp_path: Path) -> None:
    cache = SessionCache(tmp_path)

    def denied() -> Keys:
        raise EnvironmentFailure("denied", code="AccessDenied")

    for _ in range(2):
        with pytest.raises(EnvironmentFailure, match="denied"):
            cache.current(PROFILE, denied, now=now)
    assert cache.current(PROFILE, keys, now=now) == keys(), "the lock was given up"


def test_a_removed_session_is_gone(tmp_path: Path) -> None:
    cache = SessionCache(tmp_path)
    cache.write(PROFILE, keys())

    assert cache.remove(PROFILE) is True
    assert cache.read(PROFILE) is None
    assert cache.remove(PROFILE) is False


CALLER = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from crosslane.credentials.secret import Keys, Secret
from crosslane.credentials.session_cache import SessionCache, process_output
folder = Path(sys.argv[1])
def assume():
    with (folder / "assumed").open("a") as file:
        file.write("x")
    time.sleep(0.3)
    end = datetime.now(UTC) + timedelta(hours=1)
    return Keys(f"ASIA{sys.argv[2]}", Secret("s" * 40), Secret("t" * 400), end.replace(microsecond=0))
print("ready", flush=True)
sys.stdin.readline()
print(process_output(SessionCache(folder / "sessions").current("one", assume, now=lambda: datetime.now(UTC))))
"""


def test_of_many_processes_one_assumes_and_all_get_its_session(tmp_path: Path) -> None:
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, str(tmp_path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    for caller in callers:
        assert caller.stdout is not None
        assert caller.stdout.readline() == "ready\n"
    for caller in callers:
        assert caller.stdin is not None
        caller.stdin.write("\n")
        caller.stdin.flush()
    given = {caller.communicate(timeout=30)[0] for caller in callers}

    assert (tmp_path / "assumed").read_text() == "x"
    assert len(given) == 1
    assert from_process_output(given.pop().encode()) is not None
    left = {path.suffix for path in (tmp_path / "sessions").iterdir()}
    assert left == {".json", LOCK_SUFFIX}


def test_the_output_is_what_aws_tools_ask_for() -> None:
    assert json.loads(process_output(keys())) == {
        "Version": 1,
        "AccessKeyId": "ASIA1",
        "SecretAccessKey": "secret of ASIA1",
        "SessionToken": "token of ASIA1",
        "Expiration": "2026-11-24T13:00:00Z",
    }
    assert json.loads(process_output(Keys("AKIA", Secret("s")))) == {
        "Version": 1,
        "AccessKeyId": "AKIA",
        "SecretAccessKey": "s",
    }
