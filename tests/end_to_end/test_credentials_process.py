"""``crosslane credentials`` as AWS tools call it: the AWS CLI and botocore get sessions that never end on them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crosslane.credentials.secret import Keys, Secret
from crosslane.credentials.session_cache import SessionCache
from tests.end_to_end.place import CONFIG, PROGRAM, Place, environment, person, place_in

DEPLOYER = "tools_admin_deployer"
ROLE = "arn:aws:sts::111111111111:assumed-role/aws-refarch-cross-account-pipeline-service-role/AWSCLI-Session"
AWS = (str(Path(sys.executable).with_name("aws")),)


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Set up, with a clock that tests can move on by writing seconds into ``clock``."""
    folder = tmp_path_factory.mktemp("moving")
    with place_in(folder, clock_file=folder / "clock") as found:
        found.up()
        yield found


def hours_pass(place: Place, hours: float) -> None:
    clock = place.folder / "clock"
    passed = float(clock.read_text()) if clock.exists() else 0
    clock.write_text(str(passed + 3600 * hours))


def aws_environment(place: Place) -> dict[str, str]:
    """What a person sets to use the AWS CLI with the sandbox (``crosslane sandbox env``)."""
    return person(place.folder) | {
        "AWS_SHARED_CREDENTIALS_FILE": str(place.running.credentials_file),
        "AWS_CONFIG_FILE": str(place.running.config_file),
        "AWS_ENDPOINT_URL": place.running.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def aws(place: Place, *arguments: str) -> dict[str, Any]:
    ended = subprocess.run([*AWS, *arguments], env=aws_environment(place), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def given(place: Place, profile: str = DEPLOYER) -> dict[str, Any]:
    """What the profile's own ``credential_process`` prints."""
    import shlex

    command = place.running.config_file.read_text().split("credential_process = ")[1].splitlines()[0]
    ended = subprocess.run(shlex.split(command), env=person(place.folder), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_the_aws_cli_and_botocore_use_the_profile_as_it_is(moving: Place) -> None:
    assert aws(moving, "sts", "get-caller-identity", "--profile", DEPLOYER)["Arn"] == ROLE
    assert moving.caller(DEPLOYER) == ROLE
    assert DEPLOYER not in moving.running.credentials_file.read_text(), "static keys would win over the process"


def test_the_program_is_named_by_its_absolute_path(moving: Place) -> None:
    command = moving.running.config_file.read_text().split("credential_process = ")[1].split()[0]

    assert Path(command).is_absolute()
    assert os.access(command, os.X_OK)


def test_a_session_is_shared_until_it_nears_its_end_and_then_another_one_comes(moving: Place) -> None:
    first = given(moving)
    assert given(moving) == first

    hours_pass(moving, 50 / 60 + 0.01)
    second = given(moving)

    assert second["AccessKeyId"] != first["AccessKeyId"]
    left = datetime.fromisoformat(second["Expiration"]) - datetime.fromisoformat(first["Expiration"])
    assert left > timedelta(minutes=45)


def test_work_goes_on_past_the_end_of_the_session_without_a_failed_step(moving: Place) -> None:
    hours_pass(moving, 2)

    again = moving.up()

    assert set(again.outcomes().values()) <= {"unchanged", "verified"}
    assert moving.run("verify", "--no-drift", "--json").document["ok"] is True
    hours_pass(moving, 2)
    assert aws(moving, "cloudformation", "describe-stacks", "--profile", DEPLOYER, "--stack-name", "pre-reqs")["Stacks"]


def test_a_session_that_ends_in_the_middle_of_a_run_is_renewed_in_it(tmp_path: Path) -> None:
    """The clock jumps two hours while the stacks are being made."""
    clock = tmp_path / "clock"
    with place_in(tmp_path, clock_file=clock, resource_seconds={"AWS::KMS::Key": 2}) as place:
        running = place.process(*PROGRAM[1:], "up", "--sandbox", "-v", "--json")
        assert running.stderr is not None
        told = []
        for line in iter(running.stderr.readline, ""):
            told.append(line)
            if "CREATE_IN_PROGRESS" in line:
                clock.write_text("7200")
                break
        out, err = running.communicate(timeout=100)

        assert running.returncode == 0, "".join(told) + err
        assert json.loads(out)["ok"] is True
        assert not [step for step in json.loads(out)["steps"] if step["outcome"] == "failed"]


def test_static_keys_expire_are_refreshed_and_give_way_to_the_process_again(moving: Place) -> None:
    moving.up("--static")
    static = moving.profile(DEPLOYER)
    assert static["aws_session_token"]
    assert "credential_process" not in moving.running.config_file.read_text()
    assert moving.caller(DEPLOYER) == ROLE
    assert moving.run("verify", "--no-drift", "--json").document["findings"] == [], "the form is the person's choice"

    hours_pass(moving, 2)
    findings = moving.run("verify", "--no-drift", "--json").document["findings"]
    assert "profile.expired" in {finding["id"] for finding in findings}
    assert moving.run("refresh").code == 0
    assert moving.profile(DEPLOYER)["aws_access_key_id"] != static["aws_access_key_id"]
    assert moving.caller(DEPLOYER) == ROLE

    moving.up()
    assert DEPLOYER not in moving.running.credentials_file.read_text()
    assert aws(moving, "sts", "get-caller-identity", "--profile", DEPLOYER)["Arn"] == ROLE
    assert moving.up().document["calls"]["mutating"] == 0


def test_keys_that_somebody_pasted_into_the_profile_are_found_and_taken_out(moving: Place) -> None:
    pasted = moving.profile("tools")
    with moving.running.credentials_file.open("a") as file:
        file.write(f"\n[{DEPLOYER}]\ncrosslane_pipeline = sample-lambda@111111111111\n")
        file.writelines(f"{key} = {value}\n" for key, value in pasted.items())
    assert moving.caller(DEPLOYER) != ROLE, "the static keys win"

    findings = moving.run("verify", "--no-drift", "--json").document["findings"]
    assert "profile.static-keys-win" in {finding["id"] for finding in findings}

    moving.up("--yes")
    assert moving.caller(DEPLOYER) == ROLE


def test_many_callers_at_once_get_one_session(moving: Place) -> None:
    hours_pass(moving, 1)
    arguments = [*PROGRAM, "credentials", DEPLOYER, "--config", str(moving.config), "--sandbox"]
    callers = [
        subprocess.Popen(
            arguments,
            env=person(moving.folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    answers = [caller.communicate(timeout=100) for caller in callers]

    assert [caller.returncode for caller in callers] == [0] * 5, answers
    assert len({json.loads(out)["AccessKeyId"] for out, _ in answers}) == 1


def test_a_terminal_gets_no_secret(moving: Place) -> None:
    secret = given(moving)["SecretAccessKey"]
    leader, follower = pty.openpty()
    try:
        ended = subprocess.run(
            [*PROGRAM, "credentials", DEPLOYER, "--config", str(moving.config), "--sandbox"],
            env=person(moving.folder),
            stdout=follower,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    finally:
        os.close(follower)
    with pytest.raises(OSError, match="Input/output error"):
        os.read(leader, 4096)  # nothing was written
    os.close(leader)

    assert ended.returncode == 2
    assert "terminal" in ended.stderr
    assert secret not in ended.stderr


def test_a_profile_that_is_not_ours_is_refused(moving: Place) -> None:
    result = moving.run("credentials", "tools", "--json")

    assert result.code == 2
    assert result.document["error"]["code"] == "UnknownProfile"


WARM = """
import sys
from crosslane.cli.main import run
code = run(sys.argv[1:])
heavy = {"botocore", "boto3", "crosslane.config", "crosslane.cli.opening", "tomllib", "rich"} & set(sys.modules)
print(code, *sorted(heavy), file=sys.stderr)
"""


def test_from_a_warm_cache_neither_botocore_nor_the_config_is_needed(tmp_path: Path) -> None:
    config = tmp_path / "crosslane.toml"
    config.write_text(CONFIG.format(region="eu-west-1"))
    end = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    with environment(tmp_path):
        from crosslane.cli.state import state_folder

        cache = SessionCache(state_folder(config) / "sessions")
        cache.write(DEPLOYER, Keys("ASIAWARM", Secret("secret"), Secret("token"), end))
    config.write_text("no config any more [[[")

    ended = subprocess.run(
        [sys.executable, "-c", WARM, "credentials", DEPLOYER, "--config", str(config)],
        env=person(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert json.loads(ended.stdout)["AccessKeyId"] == "ASIAWARM"
    assert ended.stderr == "0\n"
