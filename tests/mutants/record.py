"""Records a good run: ``python -m tests.mutants.record MODE FILE [short]``.

A process of its own, because moto's state is global. Its files are beside FILE; whoever starts it removes them.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from moto.core.utils import get_service_model

from crosslane.config.load import load_config
from crosslane.sandbox import lifecycle
from crosslane.sandbox.authorization import denial
from crosslane.sandbox.authorization.judge import Judgement
from crosslane.sandbox.build import Options, build
from crosslane.sandbox.identities import Identity
from crosslane.sandbox.identity_center.accounts import Member
from crosslane.sandbox.lifecycle import MANAGEMENT_PROFILE, Running
from tests.end_to_end.place import Place, environment
from tests.mutants.calls import Call, recorded, save
from tests.mutants.scenario import acts_of, config_of

REGION = "eu-west-1"


class GoodRunFailed(Exception):
    """The unchanged set-up does not work: no mutant can be judged."""


class Recorder:
    """Hears of every decision, in order."""

    def __init__(self) -> None:
        self.act = 0
        self.calls: list[Call] = []
        self.denied: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, found: Judgement) -> None:
        with self._lock:
            if not found.allowed:
                self.denied.append(denial.message(found))
            self.calls.append(recorded(found, self.act, str(get_service_model(found.request.service).protocol)))


def record(mode: str, folder: Path, *, short: bool = False) -> list[Call]:
    """Every authorization of the scenario, in order. Raises ``GoodRunFailed``."""
    heard = Recorder()
    with _listened(mode, folder, heard) as place:
        for position, act in enumerate(acts_of(mode, short=short)):
            heard.act = position
            result = act.do(place)
            if result.code != 0:
                told = "; ".join([*dict.fromkeys(heard.denied), result.err[-1000:], result.out[-1000:]])
                raise GoodRunFailed(f"{act.name} ends with {result.code}: {told}")
    return heard.calls


@contextmanager
def _listened(mode: str, folder: Path, heard: Recorder) -> Iterator[Place]:
    """A place whose sandbox runs in this process, so that its decisions can be heard with all their policies."""
    file = folder / "crosslane.toml"
    file.write_text(config_of(mode).format(region=REGION))
    with environment(folder):
        config = load_config(file)
    members = [Member(one.name, one.id, one.profile or one.name) for one in config.accounts]
    sandbox = build(Options(members, REGION, directory=folder, minute_seconds=5), listener=heard)
    threading.Thread(target=sandbox.server.serve_forever, kwargs={"poll_interval": 3600}, daemon=True).start()
    profiles = {member.profile: sandbox.sign_ins[member.name] for member in members}
    profiles[MANAGEMENT_PROFILE] = sandbox.management
    (folder / "credentials").write_text("".join(_section(name, one) for name, one in profiles.items()))
    (folder / "config").write_text("".join(f"[profile {name}]\nregion = {REGION}\n\n" for name in profiles))
    running = Running(sandbox.server.endpoint, folder / "credentials", folder / "config", 0, folder)

    @contextmanager
    def attached(*given: object, **more: object) -> Iterator[Running]:
        yield running

    with mock.patch.multiple(lifecycle, find=lambda given: running, attached=attached):
        yield Place(folder, running, REGION)


def _section(profile: str, identity: Identity) -> str:
    keys = identity.credentials
    return (
        f"[{profile}]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
        f"aws_session_token = {keys.token}\n\n"
    )


def main(mode: str, path: str, *more: str) -> None:
    # Beside the record, and left there: what the pipeline does in the background ends only with this process.
    folder = Path(path).with_suffix(".place")
    folder.mkdir()
    save(record(mode, folder, short="short" in more), Path(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
