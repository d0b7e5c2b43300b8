"""The sandbox's process reaches nothing but this machine and leaves the person's AWS files alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.sandbox.loopback import run

USE = """
from pathlib import Path
import botocore.session
from crosslane.sandbox import lifecycle
from tests.sandbox.conftest import Accounts, config_at
with lifecycle.attached(config_at(Path.cwd() / "crosslane.toml")) as running:
    accounts = Accounts(running)
    accounts.client("tools", "sts").get_caller_identity()
    accounts.client("tools", "iam").list_roles()
    s3 = accounts.client("tools", "s3")
    s3.create_bucket(Bucket="b-1", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="b-1", Key="k", Body=b"1")
    for service, call in (("kms", "list_keys"), ("events", "list_rules"), ("logs", "describe_log_groups"),
                          ("lambda", "list_functions"), ("organizations", "list_accounts")):
        getattr(accounts.client("tools", service), call)()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with AWS files that would be noticed if they were used."""
    aws = tmp_path / "home" / ".aws"
    aws.mkdir(parents=True)
    (aws / "config").write_text("[default]\nregion = us-west-2\nendpoint_url = https://example.com\n")
    (aws / "credentials").write_text("[default]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n")
    return aws.parent


def test_the_sandbox_reaches_only_this_machine_and_opens_no_aws_file(tmp_path: Path, home: Path) -> None:
    seen = run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        environment={
            "HOME": str(home),
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
    )
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "127.0.0.1" in seen.reached
    assert seen.outside == []
    assert [path for path in seen.opened if path.startswith(str(home))] == []


REACH_OUT = """
import time
from pathlib import Path
from crosslane.sandbox import lifecycle
from tests.sandbox.conftest import Accounts, config_at
with lifecycle.attached(config_at(Path.cwd() / "crosslane.toml")) as running:
    sns = Accounts(running).client("tools", "sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    for endpoint in ("http://192.0.2.1/", "http://somewhere.invalid/"):
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)
    try:
        sns.publish(TopicArn=topic, Message="x")
    except Exception as error:
        print(error)
    time.sleep(0.5)
    print((running.directory / "log").read_text())
"""


def test_a_service_that_would_call_another_machine_is_stopped(tmp_path: Path, home: Path) -> None:
    seen = run(
        [sys.executable, "-c", REACH_OUT],
        cwd=tmp_path,
        environment={"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert seen.returncode == 0, seen.stderr
    assert "the sandbox reaches this machine only, and not 192.0.2.1" in seen.stdout


def test_the_guard_lets_this_machine_through_and_nothing_else(tmp_path: Path) -> None:
    program = """
import socket
from crosslane.sandbox.guard import allow_loopback_only
allow_loopback_only()
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
socket.getaddrinfo("localhost", 80)
for attempt in (
    lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
    lambda: socket.getaddrinfo("example.com", 443),
    lambda: socket.gethostbyname("example.com"),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("192.0.2.1", 9)),
    lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect(("2001:db8::1", 9)),
):
    try:
        attempt()
    except PermissionError as refused:
        print(refused)
"""
    done = run([sys.executable, "-c", program], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 5


def test_the_watch_sees_connections_look_ups_and_files(tmp_path: Path, home: Path) -> None:
    look_up = """
import socket, subprocess, sys
from pathlib import Path
(Path.home() / ".aws" / "credentials").read_text()
for host in ("192.0.2.1", "somewhere.invalid"):
    try:
        socket.create_connection((host, 80), timeout=0.1)
    except OSError:
        pass
if len(sys.argv) == 1:
    send = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('192.0.2.2', 9))"
    subprocess.run([sys.executable, "-P", "-c", "import socket; " + send])
"""
    seen = run([sys.executable, "-c", look_up], cwd=tmp_path, environment={"HOME": str(home)})
    assert seen.outside == ["192.0.2.1", "192.0.2.2", "somewhere.invalid"]
    assert seen.opened == (str(home / ".aws" / "credentials"),)
