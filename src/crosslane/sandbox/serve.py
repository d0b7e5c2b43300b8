"""The sandbox's process: ``python -m crosslane.sandbox.serve``.

Standard input brings one JSON line of options, standard output takes one JSON line back with the endpoint and
the starting credentials; both are pipes to the process that starts this one. Attached, it ends when its input
is closed; detached, on SIGTERM. With a ``control`` secret it is one that can be set back: ``states`` has the rest.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosslane.sandbox.lifecycle import START_URL, clock_of
from crosslane.sandbox.process import PORT_IN_USE

if TYPE_CHECKING:
    from crosslane.sandbox.build import Options, Sandbox
    from crosslane.sandbox.identities import Identity


def main() -> int:
    """Runs until told to end. Returns the exit code."""
    # moto and the models of services are many objects and no garbage: looking for some every 700 new ones only costs.
    gc.set_threshold(200_000)
    line = sys.stdin.readline()
    if not line:
        return 2
    given: dict[str, Any] = json.loads(line)
    answer = os.dup(1)
    # Whatever libraries print must not get between the starter and its answer.
    os.dup2(2, 1)
    from crosslane.sandbox.environment import clean_environment
    from crosslane.sandbox.guard import allow_loopback_only

    clean_environment()
    allow_loopback_only()
    from crosslane.sandbox.build import build

    options = _options(given)
    try:
        sandbox = build(options, clock_of(_path(given, "clock_file")))
    except OSError as error:
        print(error.strerror or error, file=sys.stderr)
        return PORT_IN_USE
    folder = _path(given, "directory")
    if given.get("control") and folder is not None and options.directory is not None:
        from crosslane.sandbox import states

        told, place = os.fdopen(answer, "w", encoding="utf-8"), states.Place(folder, options.directory, options.audit)
        states.serve(sandbox, given["control"], place, sys.stdin, told, _started(sandbox))
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=sandbox.server.serve_forever, kwargs={"poll_interval": 3600}, daemon=True).start()
    _tell(answer, _started(sandbox))
    if given.get("attached", True):
        threading.Thread(target=_until_closed, args=(ended,), daemon=True).start()
    ended.wait()
    sandbox.builds.end()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    # Connections that clients keep open must not hold the process back.
    os._exit(0)


def _options(given: Mapping[str, Any]) -> Options:
    """The options from the starter's line; what it leaves out is as in ``Options``."""
    from crosslane.sandbox.build import Options
    from crosslane.sandbox.identity_center.accounts import PERMISSION_SET, Member

    folder = _path(given, "directory")
    return Options(
        members=[Member(**member) for member in given["members"]],
        region=given["region"],
        partition=given.get("partition", "aws"),
        port=int(given.get("port", 0)),
        propagation_seconds=float(given.get("propagation_seconds", 0)),
        seed=int(given.get("seed", 0)),
        id=given.get("id", ""),
        resource_seconds=given.get("resource_seconds", {}),
        start_url=given.get("start_url", START_URL),
        permission_sets=tuple(given.get("permission_sets") or (PERMISSION_SET,)),
        enforce=bool(given.get("enforce", True)),
        audit=_path(given, "audit"),
        # What a state keeps goes with it; what is beside it in the folder stays.
        directory=folder / "work" if folder is not None and given.get("control") else folder,
        minute_seconds=float(given.get("minute_seconds", 60)),
        issuers=_path(given, "issuers"),
    )


def _path(given: Mapping[str, Any], name: str) -> Path | None:
    return Path(given[name]) if given.get(name) else None


def _started(sandbox: Sandbox) -> dict[str, Any]:
    """What the starter is told."""
    return {
        "endpoint": sandbox.server.endpoint,
        "accounts": {name: _sign_in(identity) for name, identity in sandbox.sign_ins.items()},
        "management": _sign_in(sandbox.management),
    }


def _sign_in(identity: Identity) -> dict[str, str | None]:
    """Starting credentials, in words of our own."""
    credentials = identity.credentials
    return {
        "id": identity.account,
        "arn": identity.arn,
        "role": identity.principal_arn,
        "access_key": credentials.access_key,
        "secret_key": credentials.secret_key,
        "token": credentials.token,
        "expires": credentials.expires.isoformat() if credentials.expires else None,
    }


def _tell(descriptor: int, started: dict[str, Any]) -> None:
    """Writes the one line to where standard output was."""
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(json.dumps(started) + "\n")


def _until_closed(ended: threading.Event) -> None:
    while sys.stdin.read(4096):
        continue
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
