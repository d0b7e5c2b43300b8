"""A fresh sandbox with four accounts, a config for it, and an environment in which processes see nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.session import Session

from bench.latency import Relay, relay
from crosslane.config.load import load_config
from crosslane.config.model import Config
from crosslane.sandbox import lifecycle

BIN = Path(sys.executable).parent
PACE = Path(__file__).parent / "pace"

CONFIG = (Path(__file__).parents[1] / "examples" / "sample-lambda" / "crosslane.toml").read_text(encoding="utf-8")

APP = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: src/}
"""


class Failed(Exception):
    """A process of a measurement failed; the message says which, and its last line."""


@dataclass(frozen=True, slots=True)
class Model:
    """How long AWS takes: seconds an API call, seconds to create or update a resource by type.

    ``pace`` is the part of the processes' pauses that is kept.
    """

    api_seconds: float
    resource_seconds: Mapping[str, float]
    pace: float


@dataclass(frozen=True, slots=True)
class World:
    """One sandbox. ``relay`` is in front of it when calls are counted or take their time."""

    directory: Path
    config: Config
    running: lifecycle.Running
    relay: Relay | None
    pace: float

    @property
    def endpoint(self) -> str:
        """Where clients are to go."""
        return self.running.endpoint if self.relay is None else self.relay.endpoint

    def environment(self) -> dict[str, str]:
        """What a process gets: nothing of the caller's own AWS settings or home."""
        return {
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(self.directory / "home"),
            "XDG_STATE_HOME": str(self.directory / "state"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(PACE),
            "BENCH_PACE": str(self.pace),
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def aws_environment(self) -> dict[str, str]:
        """The same for AWS clients: ``crosslane sandbox env`` in effect."""
        return self.environment() | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_SHARED_CREDENTIALS_FILE": str(self.running.credentials_file),
            "AWS_CONFIG_FILE": str(self.running.config_file),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }


@contextmanager
def world(model: Model | None = None, *, counted: bool = False) -> Iterator[World]:
    """A sandbox of its own, gone afterwards. Without ``model`` it answers as fast as it can."""
    with tempfile.TemporaryDirectory(prefix="crosslane-bench-") as name, _state_in(Path(name) / "state"):
        directory = Path(name)
        (directory / "home").mkdir()
        (directory / "app").mkdir()
        (directory / "app" / "template.yaml").write_text(APP)
        (directory / "app" / "buildspec.yml").write_text("version: 0.2\n")
        (directory / "crosslane.toml").write_text(CONFIG)
        config = load_config(directory / "crosslane.toml")
        running = _start(config, model)
        try:
            if model is None and not counted:
                yield World(directory, config, running, None, pace=1 / 100)
            else:
                with relay(running.endpoint, seconds=model.api_seconds if model else 0.0) as between:
                    _announce(running, between.endpoint)
                    yield World(directory, config, running, between, model.pace if model else 1 / 100)
        finally:
            _announce(running, running.endpoint)
            lifecycle.stop(config)


READS = {
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "kms": "list_keys",
    "s3": "list_buckets",
    "cloudformation": "list_stacks",
    "codecommit": "list_repositories",
    "codebuild": "list_projects",
    "codepipeline": "list_pipelines",
    "events": "list_rules",
    "logs": "describe_log_groups",
}
"""One read of each service that a set-up uses."""


def client(here: World, profile: str, service: str) -> Any:
    """A client straight to the sandbox, for what goes on beside the measured processes."""
    session = Session(profile=profile)
    session.set_config_variable("credentials_file", str(here.running.credentials_file))
    session.set_config_variable("config_file", str(here.running.config_file))
    region = here.config.pipeline.region
    return session.create_client(service, endpoint_url=here.running.endpoint, region_name=region)


def warm(here: World) -> None:
    """Let the sandbox load its services before anything is measured; AWS has no such first call."""
    for service, read in READS.items():
        getattr(client(here, "tools", service), read)()


def run(arguments: list[str], environment: Mapping[str, str], given: str = "") -> tuple[float, str]:
    """Run a process to its end: its seconds and what it printed. ``Failed`` if it fails or is not there."""
    started = time.perf_counter()
    try:
        done = subprocess.run(arguments, env=dict(environment), input=given, capture_output=True, text=True)
    except OSError as error:
        raise Failed(f"{arguments[0]} cannot be run: {error.strerror}") from error
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()
        reason = next((line for line in lines if "error" in line.lower()), lines[-1])
        raise Failed(f"{' '.join(arguments[:4])} ended with {done.returncode}: {reason[:200]}")
    return seconds, done.stdout


def _start(config: Config, model: Model | None) -> lifecycle.Running:
    if model is None or not model.resource_seconds:
        return lifecycle.start(config, detach=True)
    return lifecycle.start(config, detach=True, resource_seconds=model.resource_seconds)


def _announce(running: lifecycle.Running, endpoint: str) -> None:
    """Let ``crosslane --sandbox`` find the sandbox at ``endpoint``: the relay, or the sandbox itself again."""
    path = running.directory / "sandbox.json"
    if path.is_file():
        path.write_text(json.dumps(json.loads(path.read_text()) | {"endpoint": endpoint}))


@contextmanager
def _state_in(folder: Path) -> Iterator[None]:
    """Keep the sandbox's state in ``folder`` for the time of the context."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_STATE_HOME"]
        else:
            os.environ["XDG_STATE_HOME"] = before
