"""Starting, finding and ending sandboxes, also when things are in the way."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from crosslane.config.model import Config
from crosslane.errors import EnvironmentFailure, UsageError
from crosslane.sandbox import lifecycle, process
from crosslane.sandbox.folder import folder_of
from crosslane.sandbox.lifecycle import Running
from tests.forked import not_forking
from tests.sandbox.conftest import Accounts, config_at


@pytest.fixture(autouse=True)
def _processes_as_people_get_them() -> Iterator[None]:
    with not_forking():
        yield


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    found = config_at(tmp_path / "crosslane.toml")
    yield found
    lifecycle.stop(found)


def _is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def _answers(running: Running) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(running.endpoint.rpartition(":")[2]))) == 0


def test_an_attached_sandbox_is_gone_with_its_files_afterwards(config: Config) -> None:
    with lifecycle.attached(config) as running:
        assert Accounts(running).client("tools", "sts").get_caller_identity()["Account"] == "111111111111"
        assert running.directory.is_dir()
    assert not running.directory.exists()
    assert not _is_alive(running.pid)
    assert not _answers(running)


@pytest.mark.parametrize("ending", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_attached_sandbox_goes_however_the_work_ends(config: Config, ending: type[BaseException]) -> None:
    with pytest.raises(ending), lifecycle.attached(config) as running:
        raise ending
    assert not running.directory.exists()
    assert not _is_alive(running.pid)


def test_an_attached_sandbox_goes_when_its_starter_is_killed(config: Config, tmp_path: Path) -> None:
    program = (
        "import time; from pathlib import Path; from crosslane.sandbox import lifecycle\n"
        "from tests.sandbox.conftest import config_at\n"
        f"with lifecycle.attached(config_at(Path({str(tmp_path)!r}) / 'crosslane.toml')) as running:\n"
        "    print(running.pid, running.directory, flush=True); time.sleep(60)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid, _, directory = starter.stdout.readline().strip().partition(" ")
    starter.kill()
    starter.wait()
    starter.stdout.close()
    _wait_until(lambda: not _is_alive(int(pid)) and not Path(directory).exists())


def _wait_until(happened: object, seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


def test_files_are_for_their_owner_only(config: Config) -> None:
    with lifecycle.attached(config) as running:
        assert stat.S_IMODE(running.directory.stat().st_mode) == 0o700
        for file in running.directory.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_kept_sandbox_is_found_used_and_stopped(config: Config) -> None:
    assert lifecycle.find(config) is None
    started = lifecycle.start(config, detach=True)
    assert lifecycle.find(config) == started
    assert str(started.directory).startswith(os.environ["XDG_STATE_HOME"])
    with lifecycle.attached(config) as used:
        assert used == started
    assert lifecycle.find(config) == started
    assert lifecycle.stop(config) is True
    assert lifecycle.find(config) is None
    assert not started.directory.exists()
    assert not _is_alive(started.pid)
    assert lifecycle.stop(config) is False


def test_another_config_has_another_sandbox(config: Config, tmp_path: Path) -> None:
    lifecycle.start(config, detach=True)
    assert lifecycle.find(config_at(tmp_path / "other.toml")) is None


def test_a_second_start_is_refused(config: Config) -> None:
    lifecycle.start(config, detach=True)
    with pytest.raises(UsageError, match="running already") as refused:
        lifecycle.start(config)
    assert refused.value.next == "crosslane sandbox stop"


@pytest.mark.parametrize(
    "left_behind",
    [
        "",
        "{",
        "[]",
        '{"pid": "x"}',
        '{"id": "1", "pid": 0, "endpoint": "http://127.0.0.1:1"}',
        '{"id": "1", "pid": 99999999999999, "endpoint": "http://127.0.0.1:1"}',
        json.dumps({"id": "1", "pid": os.getpid(), "endpoint": "http://127.0.0.1:1"}),
        json.dumps({"id": "1", "pid": os.getpid(), "endpoint": "http://example.com:80"}),
        "\x00\xff",
    ],
    ids=[
        str(number) for number in range(9)
    ],  # workers have to agree on the names of tests, and a process id differs from one to the next
)
def test_what_is_left_behind_is_taken_for_no_sandbox(config: Config, left_behind: str) -> None:
    directory = folder_of(config)
    directory.mkdir(parents=True)
    (directory / "sandbox.json").write_bytes(left_behind.encode("latin-1"))
    assert lifecycle.find(config) is None
    assert lifecycle.stop(config) is False
    assert not directory.exists()


def test_after_a_killed_sandbox_the_next_starts(config: Config) -> None:
    first = lifecycle.start(config, detach=True)
    os.kill(first.pid, signal.SIGKILL)
    _wait_until(lambda: not _is_alive(first.pid))
    assert first.credentials_file.exists()
    assert lifecycle.find(config) is None
    second = lifecycle.start(config, detach=True)
    assert lifecycle.find(config) == second


def test_a_sandbox_that_is_held_up_is_never_taken_for_none(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its place a command would start an empty one, in which nothing was made and nobody is known."""
    running = lifecycle.start(config)
    os.kill(running.pid, signal.SIGSTOP)
    monkeypatch.setattr(process, "_ANSWER_SECONDS", 0.2)
    try:
        with pytest.raises(EnvironmentFailure, match="does not answer") as refused, lifecycle.attached(config):
            pass
    finally:
        os.kill(running.pid, signal.SIGCONT)
    assert str(running.pid) in str(refused.value.next)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(running.directory.parents[2]))
    assert lifecycle.find(config) == running


def test_stopping_never_ends_a_process_that_is_no_sandbox(config: Config) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    directory = folder_of(config)
    directory.mkdir(parents=True)
    state = {"id": "1", "pid": bystander.pid, "endpoint": "http://127.0.0.1:1"}
    (directory / "sandbox.json").write_text(json.dumps(state))
    assert lifecycle.stop(config) is False
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_port_in_use_is_named(config: Config) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentFailure, match=f"port {port} ") as refused:
            lifecycle.start(config, port=port, detach=True)
    assert refused.value.code == "PortInUse"
    assert "--port" in str(refused.value.next)
    assert lifecycle.find(config) is None


def test_a_chosen_port_is_used(config: Config) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert lifecycle.start(config, port=port, detach=True).endpoint == f"http://127.0.0.1:{port}"


def test_a_state_folder_that_cannot_be_written_is_named(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentFailure, match="cannot write") as refused:
        lifecycle.start(config, detach=True)
    assert "XDG_STATE_HOME" in str(refused.value.next)


def test_without_moto_it_says_what_to_install(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "moto" else find(name))
    with pytest.raises(EnvironmentFailure) as refused, lifecycle.attached(config):
        pass
    assert refused.value.next == "pip install 'crosslane[sandbox]'"


def test_a_hostile_environment_and_folder_change_nothing(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("moto", "json", "botocore"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('wrong module')")
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "AWS_PROFILE": "none",
        "AWS_ENDPOINT_URL": "https://example.com",
        "MOTO_ACCOUNT_ID": "999999999999",
        "HTTP_PROXY": "http://192.0.2.1:1",
        "http_proxy": "http://192.0.2.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    with lifecycle.attached(config) as running:
        assert Accounts(running).client("dev", "sts").get_caller_identity()["Account"] == "222222222222"


def test_importing_it_is_cheap() -> None:
    program = "import sys; import crosslane.sandbox.lifecycle; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"moto", "botocore", "boto3", "flask", "werkzeug"} & set(loaded)


def test_its_sign_in_is_of_the_configs_region_and_partition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for region, start in (("us-gov-west-1", "arn:aws-us-gov:sts::111111111111:"), ("us-east-1", "arn:aws:sts::")):
        with lifecycle.attached(config_at(tmp_path / "crosslane.toml", region)) as running:
            found = Accounts(running, region)
            assert found.client("tools", "sts").get_caller_identity()["Arn"].startswith(start)
            role = found.client("tools", "iam").list_roles()["Roles"][0]
            attached = found.client("tools", "iam").list_attached_role_policies(RoleName=role["RoleName"])
            partition = start.split(":")[1]
            assert (
                attached["AttachedPolicies"][0]["PolicyArn"] == f"arn:{partition}:iam::aws:policy/AdministratorAccess"
            )
            place = "" if region == "us-east-1" else f"{region}/"
            assert role["Path"] == f"/aws-reserved/sso.amazonaws.com/{place}"


def test_profiles_have_the_configs_names_or_the_accounts(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("default", "my tools", None, "prod")
    members = tuple(replace(one, profile=name) for one, name in zip(config.accounts, names, strict=True))
    with lifecycle.attached(replace(config, accounts=members)) as running:
        monkeypatch.setenv("AWS_CONFIG_FILE", str(running.config_file))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(running.credentials_file))
        for profile, account in (("default", "1"), ("my tools", "2"), ("test", "3"), ("prod", "4")):
            session = botocore.session.Session(profile=profile)
            assert session.get_config_variable("region") == "eu-west-1"
            sts: Any = session.create_client("sts", endpoint_url=running.endpoint)
            assert sts.get_caller_identity()["Account"] == account * 12
