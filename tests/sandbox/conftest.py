"""A sandbox for the tests of this folder, in a process of its own as people use it."""

from __future__ import annotations

import configparser
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from crosslane.config.model import Account, Config, Pipeline, Source, Stage
from crosslane.sandbox import lifecycle
from crosslane.sandbox.lifecycle import Running

REGION = "eu-west-1"
IDS = {"tools": "111111111111", "dev": "222222222222", "test": "333333333333", "prod": "444444444444"}
_LOADER = Loader()
_names = itertools.count()


def config_at(path: Path, region: str = REGION) -> Config:
    """The four-account config, as if read from that file."""
    return Config(
        path=path,
        pipeline=Pipeline("sample-lambda", region, Source("dev", "sample-lambda"), path.parent / "app"),
        accounts=tuple(Account(name, digits, name) for name, digits in IDS.items()),
        stages=(Stage("test", "test"), Stage("production", "prod", approval=True)),
    )


@dataclass(frozen=True)
class Accounts:
    """Clients of a running sandbox, by account or by credentials."""

    running: Running
    region: str = REGION
    kept: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def client(self, account: str, service: str, region: str | None = None) -> Any:
        """A client with the account's starting credentials."""
        key = (account, service, region or self.region)
        if key not in self.kept:
            self.kept[key] = self.with_credentials(self.credentials(account), service, region)
        return self.kept[key]

    def credentials(self, profile: str) -> dict[str, str]:
        """A profile of the credentials file, in the words of STS."""
        parser = configparser.RawConfigParser()
        parser.read(self.running.credentials_file)
        words = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
        words["aws_session_token"] = "SessionToken"
        return {words[key]: value for key, value in parser[profile].items()}

    def with_credentials(self, credentials: Mapping[str, Any], service: str, region: str | None = None) -> Any:
        """A client with credentials as STS or IAM answers them. It repeats nothing."""
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        session.register_component("data_loader", _LOADER)
        return session.create_client(
            service,
            region_name=region or self.region,
            endpoint_url=self.running.endpoint,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            config=ClientConfig(retries={"total_max_attempts": 1}, proxies={}),
        )


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    """One sandbox for all tests that do not need their own."""
    folder = tmp_path_factory.mktemp("sandbox")
    with attached(folder) as found:
        yield found


@contextmanager
def attached(folder: Path, **options: Any) -> Iterator[Accounts]:
    """A sandbox of its own with these options."""
    config = config_at(folder / "crosslane.toml", options.pop("region", REGION))
    with lifecycle.attached(config, **options) as running:
        yield Accounts(running, config.pipeline.region)


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"thing-{next(_names)}"


def code(call: Callable[[], Any]) -> str:
    """The error code that the call fails with; fails the test if it succeeds."""
    return error(call)[0]


def error(call: Callable[[], Any]) -> tuple[str, str]:
    """Code and message that the call fails with."""
    with pytest.raises(ClientError) as caught:
        call()
    told = caught.value.response["Error"]
    return told["Code"], told["Message"]


def trust(**principal: Any) -> str:
    """A trust policy for this principal."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(*actions: str, resource: str = "*") -> str:
    """An identity policy that allows the actions."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
