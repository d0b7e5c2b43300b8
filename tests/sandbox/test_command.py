"""``crosslane sandbox`` as people use it, with the real AWS CLI."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fakes.four_accounts import SAMPLE
from tests.sandbox.conftest import IDS

BIN = Path(sys.executable).parent
CROSSLANE = [sys.executable, "-m", "crosslane"] if not (BIN / "crosslane").exists() else [str(BIN / "crosslane")]
AWS = str(BIN / "aws")
CONFIG = SAMPLE.read_text(encoding="utf-8").replace(', profile = "prod"', "")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a config whose sandbox is kept."""
    folder = _folder(tmp_path_factory.mktemp("place"))
    started = _crosslane(folder, "sandbox", "start", "--detach")
    assert started.returncode == 0, started.stderr
    yield folder
    _crosslane(folder, "sandbox", "stop")


def _folder(folder: Path) -> Path:
    (folder / "app").mkdir()
    (folder / "crosslane.toml").write_text(CONFIG)
    return folder


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    home = folder / "home"
    return {**kept, "HOME": str(home), "XDG_STATE_HOME": str(folder / "state"), "PATH": f"{BIN}:{os.environ['PATH']}"}


def _crosslane(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CROSSLANE, *arguments],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _shell(folder: Path, script: str, more: Mapping[str, str] | None = None) -> str:
    """What a shell prints that has taken over the sandbox's environment."""
    done = subprocess.run(
        ["sh", "-euc", f'eval "$(crosslane sandbox env)"\n{script}'],
        cwd=folder,
        env={**_environment(folder), **(more or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("account", list(IDS))
def test_the_aws_cli_sees_the_right_account_behind_each_profile(place: Path, account: str) -> None:
    told = json.loads(_shell(place, f"aws sts get-caller-identity --profile {account}"))
    assert told["Account"] == IDS[account]


def test_variables_that_would_win_are_unset(place: Path) -> None:
    hostile = {
        "AWS_PROFILE": "none",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_REGION": "us-west-2",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_ENDPOINT_URL": "https://example.com",
        "http_proxy": "http://192.0.2.1:9",
        "HTTP_PROXY": "http://192.0.2.1:9",
    }
    script = """
    aws sts get-caller-identity --profile test --query Account --output text
    aws configure get region --profile test
    """
    assert _shell(place, script, hostile).split() == [IDS["test"], "eu-west-1"]


def test_profiles_that_others_add_are_served_too(place: Path) -> None:
    script = """
    aws iam create-user --user-name admin --profile tools > /dev/null
    key=$(aws iam create-access-key --user-name admin --profile tools --output text \
        --query 'AccessKey.[AccessKeyId,SecretAccessKey]')
    aws configure set aws_access_key_id "${key%%	*}" --profile tools_admin
    aws configure set aws_secret_access_key "${key##*	}" --profile tools_admin
    aws configure set region eu-west-1 --profile tools_admin
    aws sts get-caller-identity --profile tools_admin --query Arn --output text
    """
    assert _shell(place, script).strip() == "arn:aws:iam::111111111111:user/admin"


def test_the_aws_cli_copies_files_to_and_from_a_bucket(place: Path) -> None:
    script = """
    aws s3 mb s3://cli-bucket --profile tools > /dev/null
    printf hello > f
    aws s3 cp f s3://cli-bucket/a/f --profile tools > /dev/null
    aws s3 cp s3://cli-bucket/a/f - --profile tools
    aws s3 rb s3://cli-bucket --force --profile tools > /dev/null
    aws s3 ls --profile tools
    """
    assert _shell(place, script) == "hello"


def test_env_speaks_json_fish_and_powershell(place: Path) -> None:
    told = json.loads(_crosslane(place, "sandbox", "env", "--json").stdout)
    assert told["ok"] is True
    assert told["set"]["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert "AWS_PROFILE" in told["unset"]
    for file in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        assert Path(told["set"][file]).is_file()
    assert "set -gx AWS_ENDPOINT_URL 'http" in _crosslane(place, "sandbox", "env", "--shell", "fish").stdout
    assert "$Env:AWS_ENDPOINT_URL = 'http" in _crosslane(place, "sandbox", "env", "--shell", "powershell").stdout


def test_no_secret_is_printed(place: Path) -> None:
    told = json.loads(_crosslane(place, "sandbox", "env", "--json").stdout)
    lines = Path(told["set"]["AWS_SHARED_CREDENTIALS_FILE"]).read_text().splitlines()
    secrets = [line.partition(" = ")[2] for line in lines if " = " in line]
    again = _crosslane(place, "sandbox", "start", "--json")
    printed = json.dumps(told) + again.stdout + again.stderr + _crosslane(place, "sandbox", "env").stdout
    assert len(secrets) >= 12
    assert not [secret for secret in secrets if secret in printed]


def test_a_second_start_says_what_to_do(place: Path) -> None:
    again = _crosslane(place, "sandbox", "start", "--detach")
    assert again.returncode == 2
    assert "crosslane sandbox stop" in again.stderr


def test_without_a_sandbox_env_says_what_to_do(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    told = _crosslane(folder, "sandbox", "env")
    assert (told.returncode, told.stdout) == (1, "")
    assert "crosslane sandbox start" in told.stderr
    stopped = _crosslane(folder, "sandbox", "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "no sandbox of this config is running\n")


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_in_the_foreground_it_runs_until_it_is_told_to_end(tmp_path: Path, number: int, expected: int) -> None:
    folder = _folder(tmp_path)
    running = subprocess.Popen(
        [*CROSSLANE, "sandbox", "start"],
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    lines = [running.stdout.readline() for _ in range(8)]
    assert lines[0].startswith("sandbox at http://127.0.0.1:")
    assert "crosslane sandbox env" in "".join(lines)
    assert (
        _shell(folder, "aws sts get-caller-identity --profile prod --query Account --output text").strip()
        == IDS["prod"]
    )
    running.send_signal(number)
    out, _ = running.communicate(timeout=20)
    assert running.returncode == expected, out
    assert list((folder / "state" / "crosslane" / "sandboxes").iterdir()) == []


def test_the_aws_cli_is_the_real_one() -> None:
    assert shutil.which("aws", path=str(BIN)), "the tests need the AWS CLI in their environment"
    version = subprocess.run([AWS, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("aws-cli/")
