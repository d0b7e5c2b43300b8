"""Sessions between runs: one file of mode 0600 for each profile, in the very form of ``credential_process``.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html (2026-11-24)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crosslane.credentials.guarded_file import locked, read_bytes, replace_all
from crosslane.credentials.secret import Keys, Secret

REFRESH_BEFORE = timedelta(minutes=10)
"""A session with less than this left is renewed before it is given out, so that nothing starts with a dying one."""


@dataclass(frozen=True, slots=True)
class SessionCache:
    """The cached sessions of one config. The folder need not exist."""

    directory: Path

    def read(self, profile: str) -> Keys | None:
        """The cached session, expired or not; None if there is none that can be read."""
        return from_process_output(read_bytes(self._path(profile)))

    def write(self, profile: str, keys: Keys) -> None:
        """Keep the session; ``EnvironmentFailure`` if the folder cannot be written."""
        path = self._path(profile)
        with locked([path]):
            self._replace(path, keys)

    def remove(self, profile: str) -> bool:
        """Forget the session; whether there was one."""
        path = self._path(profile)
        existed = path.exists()
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return existed

    def current(self, profile: str, assume: Callable[[], Keys], *, now: Callable[[], datetime]) -> Keys:
        """A session that lasts: the cached one, or a new one by ``assume``, which one of several callers makes.

        Raises what ``assume`` raises. A folder that cannot be written costs the cache, not the session.
        """
        cached = self.read(profile)
        if cached is not None and lasts(cached, now()):
            return cached
        path = self._path(profile)
        with locked([path]):
            cached = self.read(profile)
            if cached is not None and lasts(cached, now()):
                return cached
            keys = assume()
            self._replace(path, keys)
            return keys

    def _replace(self, path: Path, keys: Keys) -> None:
        replace_all({path: process_output(keys).encode()}, backed_up=())

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
        token, expires = output.get("SessionToken"), output.get("Expiration")
        return Keys(
            output["AccessKeyId"],
            Secret(output["SecretAccessKey"]),
            Secret(token) if token else None,
            datetime.fromisoformat(expires) if expires else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
