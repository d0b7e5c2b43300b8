"""Cut off at any instant, ``up`` goes on from there the next time, and nothing is left over."""

from __future__ import annotations

import configparser
import json
import random
import signal
from pathlib import Path

import pytest

from tests.end_to_end.place import PROGRAM, STACKS, Place, place_in

CALLS = 55
"""A little more than the calls of an undisturbed first run."""
RENAMES = 6
"""The two files' backups, then credentials and config, once with the key and once with the session."""
USER = "admin"


def cut(place: Place, name: str, instant: str, number: int, *arguments: str) -> tuple[int, str, str]:
    """Run ``up`` (or ``arguments``) and cut it off; exit code, stdout, stderr."""
    command = arguments or ("up",)
    ended = place.process("-m", "tests.end_to_end.cut_off", name, instant, str(number), *command, "--sandbox", "--json")
    out, err = ended.communicate(timeout=100)
    return ended.wait(), out, err


def check_that_all_is_well(place: Place) -> None:
    """One more ``up`` brings everything to where an undisturbed run would have brought it."""
    place.up()
    again = place.up()

    assert again.document["calls"]["mutating"] == 0
    assert set(again.outcomes().values()) == {"unchanged", "verified"}
    after = place.listing()
    assert after["tools users"] == [USER]
    assert after["tools access keys"] == [f"{USER} {place.profile('tools_admin')['aws_access_key_id']}"]
    assert {
        (key.split()[0], name) for key, names in after.items() if key.endswith("stacks") for name in names
    } == STACKS
    for account, name in STACKS:
        assert place.stack(account, name)["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        assert place.aws(account, "cloudformation").list_change_sets(StackName=name)["Summaries"] == []
    assert len(after["tools buckets"]) == len(after["tools keys"]) == len(after["tools aliases"]) == 1
    assert after["dev repositories"] == ["sample-lambda"]
    settings = configparser.RawConfigParser()
    settings.read(place.running.config_file)
    for name in ("tools_admin", "tools_admin_deployer"):
        assert dict(settings[f"profile {name}"]).items() >= {"region": "eu-west-1", "output": "json"}.items()
    left = {path.name for path in place.running.directory.iterdir() if path.suffix in (".crosslane-new", ".tmp")}
    assert left == set()


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_killed_again_and_again_it_still_gets_there(place: Place, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(5):
        cut(place, "SIGKILL", chance.choice(("before-call", "after-call")), chance.randint(12, CALLS))

    check_that_all_is_well(place)


@pytest.mark.parametrize("number", [3, 6])
def test_killed_while_it_writes_a_profile_it_leaves_no_key_behind(place: Place, number: int) -> None:
    assert cut(place, "SIGKILL", "before-rename", number)[0] == -9

    check_that_all_is_well(place)


@pytest.mark.slow
@pytest.mark.parametrize("instant", ["before-call", "after-call"])
@pytest.mark.parametrize("number", range(9, CALLS + 1))
def test_killed_at_each_call(place: Place, instant: str, number: int) -> None:
    cut(place, "SIGKILL", instant, number)

    check_that_all_is_well(place)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, RENAMES + 1))
def test_killed_at_each_rename(place: Place, number: int) -> None:
    assert cut(place, "SIGKILL", "before-rename", number)[0] == -9

    check_that_all_is_well(place)


@pytest.mark.parametrize(
    ("name", "code", "word", "number"),
    [("SIGINT", 130, "Interrupted", 24), ("SIGTERM", 143, "Terminated", 48)],
)
def test_interrupted_it_says_so_and_goes_on_next_time(
    place: Place, name: str, code: int, word: str, number: int
) -> None:
    ended, out, err = cut(place, name, "before-call", number)

    assert ended == code
    told = json.loads(out)
    assert told["error"]["code"] == word
    assert "same command" in told["error"]["next"]
    assert {"created", "pending"} <= {one["outcome"] for one in told["steps"]}
    assert "Traceback" not in err
    check_that_all_is_well(place)


def test_interrupted_while_it_waits_for_a_stack_it_ends_at_once(tmp_path: Path) -> None:
    with place_in(tmp_path, resource_seconds={"AWS::KMS::Key": 8}) as place:
        running = place.process(*PROGRAM[1:], "up", "--sandbox", "-v")
        assert running.stderr is not None
        lines = iter(running.stderr.readline, "")
        next(line for line in lines if "CREATE_IN_PROGRESS" in line)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)

        assert running.returncode == 130
        assert place.stack("tools", "pre-reqs")["StackStatus"] == "CREATE_IN_PROGRESS"
        place.up()
        assert place.stack("tools", "pre-reqs")["StackStatus"] == "CREATE_COMPLETE"


def test_a_removal_that_was_killed_goes_on_too(place: Place) -> None:
    place.up()
    chance = random.Random(3)
    for _ in range(4):
        cut(place, "SIGKILL", chance.choice(("before-call", "after-call")), chance.randint(22, 50), "destroy", "--yes")

    result = place.run("destroy", "--yes", "--json")

    assert result.code == 0, result.err
    after = place.listing()
    assert [key for key in after if key.endswith(("users", "policies", "stacks", "access keys")) and after[key]] == []
    assert "tools_admin" not in place.profiles()
