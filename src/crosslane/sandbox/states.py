"""A sandbox that can be set back: one process holds it as it was built, and each state is served by a child of that.

moto keeps its state in the process, in places without number. So nothing is undone: the child is killed, with whatever
it was doing, and the next one is forked from the process that never answered a request. Address and starting
credentials stay the same, so that clients go on.

The starter says ``reset`` in a line; the answer is a line too. A door of the children, opened by a secret, hands out
credentials of roles and users, so that tests can act as them whatever their trust policies say.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from crosslane.sandbox.identities import Identity
from crosslane.sandbox.lifecycle import CONTROL_HEADER, CONTROL_PATH

if TYPE_CHECKING:
    from crosslane.sandbox.build import Sandbox
    from crosslane.sandbox.server import Application

_SESSION_SECONDS = 12 * 3600
_KEYS_OF_A_USER = 2
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (2026-11)"""
_NOTES_BYTES = 1 << 20
_SIGNED_FOR = re.compile(r"Credential=[^,]+/([^/,]+)/aws4_request")


class _EndError(Exception):
    """It was told to end, or the child is gone without having been told."""


@dataclass(frozen=True, slots=True)
class Place:
    """The sandbox's ``folder``, the one of its ``state`` in it, which goes with each state, and its ``audit`` file."""

    folder: Path
    state: Path
    audit: Path | None


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    lifeline: int
    """Written by nobody: the child ends when it is closed."""
    notes: int
    """What the child came to need, a line each: ``service NAME`` as requests are signed for it, ``module NAME``."""


def serve(
    sandbox: Sandbox, control: str, place: Place, commands: IO[str], answers: IO[str], started: Mapping[str, Any]
) -> NoReturn:
    """Tells ``started``, then serves one state after another until ``commands`` ends or SIGTERM comes; then removes the
    folder and ends the process. Nothing may have started a thread yet: threads do not survive a fork."""
    child: _Child | None = None

    def end(*_: object) -> None:
        raise _EndError

    def look_after(*_: object) -> None:
        if child is not None and os.waitpid(child.pid, os.WNOHANG)[0]:
            raise _EndError

    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, end)
        place.state.mkdir(mode=0o700)
        child = _fork(sandbox, control, place.state)
        signal.signal(signal.SIGCHLD, look_after)
        _tell(answers, started)
        while commands.readline():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            needed = _kill(child)
            child = None
            _clear(place)
            _load(needed)
            child = _fork(sandbox, control, place.state)
            signal.signal(signal.SIGCHLD, look_after)
            _tell(answers, {"ok": True})
    except (_EndError, OSError):
        pass
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if child is not None:
            with contextlib.suppress(OSError):
                _kill(child)
        shutil.rmtree(place.folder, ignore_errors=True)
        os._exit(0)


def _tell(answers: IO[str], value: Mapping[str, Any]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def _fork(sandbox: Sandbox, control: str, work: Path) -> _Child:
    lifeline, notes = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(lifeline[1])
            os.close(notes[0])
            _serve_state(sandbox, control, work, lifeline[0], notes[1])
        finally:
            os._exit(1)
    os.close(lifeline[0])
    os.close(notes[1])
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)
    return _Child(pid, lifeline[1], notes[0])


def _kill(child: _Child) -> list[str]:
    """Ends the child and what it started. Returns its notes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child.pid, 0)
    os.close(child.lifeline)
    os.set_blocking(child.notes, False)
    told = b""
    with contextlib.suppress(BlockingIOError):
        told = os.read(child.notes, _NOTES_BYTES)
    os.close(child.notes)
    return told.decode("utf-8", "replace").splitlines()


def _clear(place: Place) -> None:
    shutil.rmtree(place.state, ignore_errors=True)
    place.state.mkdir(mode=0o700, exist_ok=True)
    if place.audit is not None:
        os.truncate(place.audit, 0)


def _load(notes: Iterable[str]) -> None:
    """Loads what one state needed, so that the next ones have it from the start. None of it is state."""
    for note in notes:
        kind, _, name = note.partition(" ")
        with contextlib.suppress(Exception):
            if kind == "module" and name not in sys.modules:
                importlib.import_module(name)
            elif kind == "service":
                load_service(name)


def load_service(signing_name: str) -> None:
    """What is kept of a service once it was asked for: botocore's model, the router, the reference of its actions."""
    from moto.core.routing import get_service_router
    from moto.core.utils import get_service_model

    from crosslane.sandbox.authorization.operations.derived import action_of
    from crosslane.sandbox.wire import SIGNING_NAMES

    for service in SIGNING_NAMES.get(signing_name, (signing_name,)):
        get_service_model(service)
        get_service_router(service)
        action_of(service, "")


# -- in the child ------------------------------------------------------------------------------------------------------


def _serve_state(sandbox: Sandbox, control: str, work: Path, lifeline: int, notes: int) -> None:
    from moto.moto_api._internal import mock_random

    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.set_blocking(notes, False)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    tempfile.tempdir = str(work)
    # Forks of one process would make up the same ids, and a state must not let in the keys of the one before.
    mock_random.seed()
    sandbox.server.application = _Door(sandbox, control, sandbox.server.application, notes)
    threading.Thread(target=_until_closed, args=(lifeline,), daemon=True).start()
    sandbox.server.serve_forever(poll_interval=3600)


def _until_closed(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)


class _Door:
    """The application of a state, with a way in for the tests that it belongs to."""

    def __init__(self, sandbox: Sandbox, control: str, application: Application, notes: int) -> None:
        self._sandbox = sandbox
        self._control = control
        self._application = application
        self._notes = notes
        self._modules = set(sys.modules)
        self._services: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == CONTROL_PATH:
            return self._credentials(environ, start_response)
        answer = self._application(environ, start_response)
        found = _SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION", ""))
        if len(sys.modules) != len(self._modules) or (found and found[1] not in self._services):
            self._note(found[1] if found else None)
        return answer

    def _note(self, service: str | None) -> None:
        loaded = [name for name in list(sys.modules) if name not in self._modules]
        self._modules.update(loaded)
        lines = [f"module {name}\n" for name in loaded]
        if service is not None and service not in self._services:
            self._services.add(service)
            lines.append(f"service {service}\n")
        with contextlib.suppress(OSError):
            os.write(self._notes, "".join(lines).encode())

    def _credentials(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        secret = str(environ.get("HTTP_" + CONTROL_HEADER.upper().replace("-", "_"), ""))
        if not secrets.compare_digest(secret.encode(), self._control.encode()):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"not found\n"]
        asked = json.loads(environ["wsgi.input"].read())
        found = self._identity(str(asked["arn"]), str(asked["session_name"]))
        start_response("200 OK", [("Content-Type", "application/json")])
        if isinstance(found, str):
            return [json.dumps({"refused": found}).encode()]
        credentials = found.credentials
        told = {
            "arn": found.arn,
            "account": found.account,
            "access_key_id": credentials.access_key,
            "secret_access_key": credentials.secret_key,
            "session_token": credentials.token,
        }
        return [json.dumps(told).encode()]

    def _identity(self, arn: str, session_name: str) -> Identity | str:
        """A session of the role, or the user with an access key of its own; else the reason why there is none."""
        store, identities = self._sandbox.store, self._sandbox.identities
        role = store.role(arn)
        if role is not None:
            return identities.keep(store.session_of(role, session_name, identities.temporary(_SESSION_SECONDS)))
        user = store.user(arn)
        if user is None:
            return f"there is no {arn} in this sandbox"
        with store.locked():
            active = [key for key in user.access_keys if key.status == "Active"]
            if not active and len(user.access_keys) >= _KEYS_OF_A_USER:
                return f"{arn} has {_KEYS_OF_A_USER} access keys, none of them active, and may have no more"
            key = active[0] if active else store.iam(user.account_id).create_access_key(user.name)
        found = store.user_of_key(key.access_key_id)
        return found if found is not None else f"{arn} has no access key that counts"
