"""Commands about a pipeline, in this process, against ``Remote``: its clock, its accounts, real profile files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jsonschema
import pytest

from crosslane.apply.journal import Journal
from crosslane.aws.gateway import Cloud
from crosslane.cli.world import World
from crosslane.credentials.profile import ProfileChange
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.session_cache import SessionCache
from crosslane.desired.build import desired_state
from crosslane.report.schema import Printed, schema_text
from tests.end_to_end.place import Result, run_here
from tests.fakes.four_accounts import MARK, four_accounts
from tests.fakes.pipeline_at_work import As, Remote

DEPLOYER = "tools_admin_deployer"


class FakeCloud:
    """Gives callers of the remote for gateways."""

    def __init__(self, remote: Remote) -> None:
        self.recover = None
        self._remote = remote

    def gateway(self, account: str, profile: str | None) -> As:
        return As(self._remote, account, profile)


@dataclass
class Desk:
    """``remote`` is AWS, ``files`` are this person's profiles. ``offline`` makes the world a sandbox."""

    remote: Remote
    files: ProfileFiles
    folder: Path
    offline: bool = False

    def run(self, *arguments: str) -> Result:
        return run_here(*arguments)

    def document(self, printed: Printed, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The JSON document, which must be of its schema, with that exit code."""
        result = self.run(*arguments, "--json")
        assert result.code == code, result.err
        document = result.document
        jsonschema.Draft202012Validator(json.loads(schema_text(printed))).validate(document)
        assert document["ok"] == (code == 0)
        return document

    def has_a_deployer(self) -> None:
        """This machine has the deployer's profile of tools, made by this pipeline."""
        self.files.store([ProfileChange(DEPLOYER, credentials={"aws_access_key_id": "AKIAEXAMPLE"}, owner=MARK)])

    @property
    def callers(self) -> set[tuple[str, str | None]]:
        """Who made calls: operation and profile."""
        return {(operation, profile) for _, profile, operation, _ in self.remote.calls}


def desk_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose commands find the remote instead of AWS, and its clock instead of the machine's."""
    remote = Remote()
    desk = Desk(remote, ProfileFiles(folder / "credentials", folder / "config"), folder)
    config = four_accounts()

    @contextmanager
    def opened(invocation: object) -> Iterator[World]:
        yield World(
            config,
            desired_state(config),
            cast(Cloud, FakeCloud(remote)),
            desk.files,
            Journal(folder / "journal.jsonl"),
            SessionCache(folder / "sessions"),
            True if desk.offline else None,
            remote.now,
        )

    clock = SimpleNamespace(monotonic=remote.monotonic, sleep=remote.sleep)
    monkeypatch.setattr("crosslane.cli.pipeline.opened", opened)
    monkeypatch.setattr("crosslane.cli.pipeline.time", clock)
    return desk
