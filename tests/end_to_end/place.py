"""A person's machine with a config and a kept sandbox; commands run in this process, AWS is seen by other clients."""

from __future__ import annotations

import configparser
import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.session
from botocore.config import Config as ClientConfig
from botocore.loaders import Loader

from crosslane.cli.main import run
from crosslane.config.load import load_config
from crosslane.desired.build import desired_state
from crosslane.desired.model import Desired
from crosslane.sandbox import lifecycle
from crosslane.sandbox.lifecycle import Running
from tests.fakes.printed import check_printed
from tests.forked import Fork, python

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-c", "from crosslane.cli.main import main; main()")
CONFIG = """\
version = 1

[pipeline]
name = "sample-lambda"
region = "{region}"
source = {{ account = "dev" }}

[accounts]
tools = {{ id = "111111111111", profile = "tools" }}
dev   = {{ id = "222222222222", profile = "dev" }}
test  = {{ id = "333333333333", profile = "test" }}
prod  = {{ id = "444444444444", profile = "prod" }}

[[stages]]
name = "test"
account = "test"

[[stages]]
name = "production"
account = "prod"
approval = true
"""
ACCOUNTS = ("tools", "dev", "test", "prod")
STACKS = {
    ("tools", "pre-reqs"),
    ("dev", "toolsacct-codepipeline-role"),
    ("test", "toolsacct-codepipeline-cloudformation-role"),
    ("prod", "toolsacct-codepipeline-cloudformation-role"),
    ("tools", "sample-lambda-pipeline"),
}
_LOADER = Loader()


@dataclass(frozen=True)
class Result:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document on stdout; fails the test if stdout holds anything else."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    def outcomes(self) -> dict[str, str]:
        """Each step's outcome."""
        return {step["id"]: step["outcome"] for step in self.document["steps"]}


@dataclass
class Place:
    """``folder`` has ``crosslane.toml``, ``home`` and ``state``. ``running`` is the kept sandbox."""

    folder: Path
    running: Running
    region: str
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The config file."""
        return self.folder / "crosslane.toml"

    @property
    def desired(self) -> Desired:
        """What follows from the config file as it is now."""
        return desired_state(load_config(self.config))

    def edit(self, old: str, new: str) -> None:
        """Change the config file."""
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))

    def append(self, text: str) -> None:
        """Add to the config file."""
        self.config.write_text(self.config.read_text() + text)

    def run(self, *arguments: str, sandbox: bool = True) -> Result:
        """Run a command of crosslane in this process."""
        with environment(self.folder):
            return run_here(*arguments, "--config", str(self.config), *(("--sandbox",) if sandbox else ()))

    def up(self, *arguments: str) -> Result:
        """``up --json``, which must succeed."""
        result = self.run("up", "--json", *arguments)
        assert result.code == 0, result.err
        return result

    def process(self, *arguments: str) -> Fork:
        """Start a Python program (``-c CODE …`` or ``-m MODULE …``) as this person, with pipes."""
        return python(arguments, person(self.folder), self.folder)

    def aws(self, account: str, service: str) -> Any:
        """A client of the account's administrator, unknown to crosslane."""
        key = (account, service)
        if key not in self.clients:
            self.clients[key] = self.client_of(account, service)
        return self.clients[key]

    def client_of(self, profile: str, service: str) -> Any:
        """A client with the keys that the profile holds now."""
        keys = self.profile(profile)
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        session.register_component("data_loader", _LOADER)
        return session.create_client(
            service,
            region_name=self.region,
            endpoint_url=self.running.endpoint,
            aws_access_key_id=keys["aws_access_key_id"],
            aws_secret_access_key=keys["aws_secret_access_key"],
            aws_session_token=keys.get("aws_session_token"),
            config=ClientConfig(retries={"total_max_attempts": 1}, proxies={}),
        )

    def caller(self, profile: str) -> str:
        """The ARN behind a profile, as any AWS client finds it out from the two files."""
        files = {"AWS_SHARED_CREDENTIALS_FILE": str(self.running.credentials_file)}
        with environment(self.folder, files | {"AWS_CONFIG_FILE": str(self.running.config_file)}):
            session = botocore.session.Session(profile=profile)
            session.register_component("data_loader", _LOADER)
            sts: Any = session.create_client("sts", endpoint_url=self.running.endpoint, config=ClientConfig(proxies={}))
            return str(sts.get_caller_identity()["Arn"])

    def profile(self, name: str) -> dict[str, str]:
        """The profile's section of the credentials file."""
        parser = configparser.RawConfigParser()
        parser.read(self.running.credentials_file)
        return dict(parser[name])

    def profiles(self) -> set[str]:
        """The names of all profiles in the two files."""
        parser = configparser.RawConfigParser()
        parser.read([self.running.credentials_file, self.running.config_file])
        return {section.removeprefix("profile ") for section in parser.sections()}

    def stack(self, account: str, name: str) -> dict[str, Any]:
        """The stack as DescribeStacks tells it."""
        found: dict[str, Any] = self.aws(account, "cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return found

    def listing(self) -> dict[str, list[str]]:
        """Everything that any service we use holds, in all accounts."""
        return {f"{account} {what}": found for account in ACCOUNTS for what, found in listing_of(self, account).items()}


def listing_of(place: Place, account: str) -> dict[str, list[str]]:
    """Names of all things in one account that the stacks and the bootstrap can make, by kind."""

    def names(service: str, call: str, list_key: str, key: str | None, **given: Any) -> list[str]:
        client = place.aws(account, service)
        if client.can_paginate(call):
            pages = list(client.get_paginator(call).paginate(**given))
        else:
            pages = [getattr(client, call)(**given)]
        found = [item for page in pages for item in page.get(list_key, [])]
        return sorted(str(item if key is None else item[key]) for item in found)

    live = ["CREATE_COMPLETE", "UPDATE_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_FAILED"]
    live += ["CREATE_FAILED", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "CREATE_IN_PROGRESS"]
    kms = place.aws(account, "kms")
    keys = [kms.describe_key(KeyId=one)["KeyMetadata"] for one in names("kms", "list_keys", "Keys", "KeyId")]
    users = names("iam", "list_users", "Users", "UserName")
    user_keys = {
        user: names("iam", "list_access_keys", "AccessKeyMetadata", "AccessKeyId", UserName=user) for user in users
    }
    aliases = names("kms", "list_aliases", "Aliases", "AliasName")
    return {
        "users": users,
        "access keys": [f"{user} {key}" for user, found in user_keys.items() for key in found],
        "roles": names("iam", "list_roles", "Roles", "RoleName"),
        "policies": names("iam", "list_policies", "Policies", "PolicyName", Scope="Local"),
        "stacks": names("cloudformation", "list_stacks", "StackSummaries", "StackName", StackStatusFilter=live),
        "buckets": names("s3", "list_buckets", "Buckets", "Name"),
        "keys": [key["KeyId"] for key in keys if key["KeyManager"] == "CUSTOMER" and key["KeyState"] == "Enabled"],
        "aliases": [name for name in aliases if not name.startswith("alias/aws/")],
        "repositories": names("codecommit", "list_repositories", "repositories", "repositoryName"),
        "projects": names("codebuild", "list_projects", "projects", None),
        "pipelines": names("codepipeline", "list_pipelines", "pipelines", "name"),
        "rules": names("events", "list_rules", "Rules", "Name"),
        "bus policy": [place.aws(account, "events").describe_event_bus().get("Policy", "")],
        "log groups": names("logs", "describe_log_groups", "logGroups", "logGroupName"),
    }


def person(folder: Path) -> dict[str, str]:
    """The environment of somebody whose home is below ``folder`` and who has no AWS settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "XDG_", "MOTO_"))}
    (folder / "home").mkdir(exist_ok=True)
    return kept | {"HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder / "state")}


@contextmanager
def environment(folder: Path, more: Mapping[str, str] | None = None) -> Iterator[None]:
    """This process as that person's."""
    with mock.patch.dict(os.environ, {**person(folder), **(more or {})}, clear=True):
        yield


def run_here(*arguments: str) -> Result:
    """Run the program in this process, as it is now; stdin is no terminal."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "stdin", io.StringIO()),
    ):
        code = run(list(arguments))
    if "--json" in arguments:
        check_printed(arguments, out.getvalue())
    return Result(code, out.getvalue(), err.getvalue())


@contextmanager
def place_in(folder: Path, *, config: str = CONFIG, region: str = "eu-west-1", **options: Any) -> Iterator[Place]:
    """A place with a kept sandbox that ends with the context; ``options`` are those of ``lifecycle.start``."""
    (folder / "crosslane.toml").write_text(config.format(region=region))
    with environment(folder):
        loaded = load_config(folder / "crosslane.toml")
        running = lifecycle.start(loaded, **options)
    try:
        yield Place(folder, running, region)
    finally:
        with environment(folder):
            lifecycle.stop(loaded)
