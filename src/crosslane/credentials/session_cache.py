"""Sessions between runs: one file of mode 0600 for each profile, in the very form of ``credential_process``.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html (2026-11-24)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crosslane.credentials.guarded_file import locked, read_bytes, replace_all
from crosslane.credentials.secret import Keys, Secret
from crosslane.errors import EnvironmentFailure

REFRESH_BEFORE = timedelta(minutes=10)
"""A session with less than this left is renewed before it is given out, so that nothing starts with a dying one."""


NO_CACHE = (EnvironmentFailure, OSError)
"""What reading or writing the folder may raise; it means that there is no cache."""

LOCK_SECONDS = 60.0
"""How long a caller waits for another one's session; after that it makes one of its own."""


@dataclass(frozen=True, slots=True)
class SessionCache:
    """The cached sessions of one config. The folder need not exist.

    A folder that cannot be read or written costs the cache, never the session.
    """

    directory: Path

    def read(self, profile: str) -> Keys | None:
        """The cached session, expired or not; None if there is none that can be read."""
        try:
            return from_process_output(read_bytes(self._path(profile)))
        except NO_CACHE:
            return None

    def write(self, profile: str, keys: Keys) -> bool:
        """Keep the session; whether that was possible."""
        path = self._path(profile)
        try:
            with locked([path]):
                return self._replace(path, keys)
        except NO_CACHE:
            return False

    def remove(self, profile: str) -> bool:
        """Forget the session; whether there was one."""
        path = self._path(profile)
        existed = path.exists()
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return existed

    def current(self, profile: str, assume: Callable[[], Keys], *, now: Callable[[], datetime]) -> Keys:
        """A session that lasts: the cached one, or a new one by ``assume``, which one of several callers makes.

        A key without an end is given out and not kept. Raises what ``assume`` raises, and nothing else.
        """
        cached = self.read(profile)
        if cached is not None and lasts(cached, now()):
            return cached
        path = self._path(profile)
        with ExitStack() as held:
            try:
                held.enter_context(locked([path], seconds=LOCK_SECONDS))
            except NO_CACHE:
                return assume()
            cached = self.read(profile)
            if cached is not None and lasts(cached, now()):
                return cached
            keys = assume()
            if keys.session_token is not None:
                self._replace(path, keys)
            return keys

    def _replace(self, path: Path, keys: Keys) -> bool:
        try:
            replace_all({path: process_output(keys).encode()}, backed_up=())
        except NO_CACHE:
            return False
        return True

    def _path(self, profile: str) -> Path:
        return self.directory / f"{hashlib.sha256(profile.encode()).hexdigest()[:24]}.json"


def lasts(keys: Keys, now: datetime) -> bool:
    """Whether the session has enough time left to be given out."""
    return keys.expires is None or keys.expires - now > REFRESH_BEFORE


def process_output(keys: Keys) -> str:
    """What a ``credential_process`` prints; holds the secrets, so it goes to its reader alone."""
    output: dict[str, str | int] = {
        "Version": 1,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key.reveal(),
    }
    if keys.session_token is not None:
        output["SessionToken"] = keys.session_token.reveal()
    if keys.expires is not None:
        output["Expiration"] = keys.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(output)


def from_process_output(content: bytes) -> Keys | None:
    """The keys in the output of a ``credential_process``; None if it is none."""
    try:
        output = json.loads(content)
        identifier, secret = output["AccessKeyId"], output["SecretAccessKey"]
        token, expires = output.get("SessionToken"), output.get("Expiration")
        until = datetime.fromisoformat(expires) if expires else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    texts = all(isinstance(value, str) and value for value in (identifier, secret, *([token] if token else [])))
    if not texts or (until is not None and until.tzinfo is None):
        return None
    return Keys(identifier, Secret(secret), Secret(token) if token else None, until)
