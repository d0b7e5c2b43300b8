"""A profile as both AWS files together give it, and a change to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from crosslane.credentials.secret import Keys, Secret
from crosslane.credentials.section_text import Value

OWNER_KEY = "crosslane_pipeline"
"""In each section that crosslane made: ``NAME@TOOLSID`` of the pipeline. AWS tools ignore keys they do not know."""

EXPIRES_KEY = "crosslane_expires"
"""Beside a session's keys: when they end, ISO 8601 in UTC."""

ACCESS_KEY, SECRET_KEY, TOKEN_KEY = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"
OLD_TOKEN_KEY = "aws_security_token"
"""botocore's ``SharedCredentialProvider`` prefers it to ``aws_session_token``: a stale one breaks new keys."""

NEW_KEY, NEW_SECRET = "crosslane_new_access_key_id", "crosslane_new_secret_access_key"
"""A key that a rotation has made and not proven yet, beside the one in use."""
HELD_KEY = "crosslane_access_key_id"
"""The id of the profile's key where its secret is in the keyring."""
OLD_KEY = "crosslane_old_access_key_id"
"""The id of the key that a rotation has retired."""

_SECRET_KEYS = frozenset({SECRET_KEY, TOKEN_KEY, OLD_TOKEN_KEY, NEW_SECRET})

NO_KEYS: Mapping[str, None] = dict.fromkeys([ACCESS_KEY, SECRET_KEY, TOKEN_KEY, OLD_TOKEN_KEY, EXPIRES_KEY])
"""Takes static keys out of a section; they would win over ``credential_process``."""


class Source(StrEnum):
    """Which of the two files."""

    CREDENTIALS = "credentials"
    CONFIG = "config"


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of a profile, its value and the file that it was taken from."""

    key: str
    value: str | Secret | Mapping[str, str]
    source: Source


@dataclass(frozen=True, slots=True)
class Profile:
    """Both files' view of ``name``: as in botocore, the credentials file's keys win over the config file's.

    ``keys`` are static keys; both halves must stand in one file, the credentials file's first. ``owner`` is
    the mark of the pipeline that made the profile, None if any part of it was made by somebody else.
    """

    name: str
    settings: tuple[Setting, ...]
    keys: Keys | None
    owner: str | None
    sources: tuple[Source, ...]

    def text(self, key: str) -> str | None:
        """The value of ``key``; None if it is missing, a secret or nested."""
        found = next((setting.value for setting in self.settings if setting.key == key), None)
        return found if isinstance(found, str) else None

    def source(self, key: str) -> Source | None:
        """The file that the value of ``key`` came from."""
        return next((setting.source for setting in self.settings if setting.key == key), None)

    @property
    def region(self) -> str | None:
        return self.text("region")

    @property
    def output(self) -> str | None:
        return self.text("output")

    @property
    def role_arn(self) -> str | None:
        return self.text("role_arn")

    @property
    def source_profile(self) -> str | None:
        return self.text("source_profile")

    @property
    def credential_process(self) -> str | None:
        return self.text("credential_process")

    @property
    def sso_session(self) -> str | None:
        return self.text("sso_session")

    @property
    def sso_start_url(self) -> str | None:
        return self.text("sso_start_url")

    @property
    def sso_account_id(self) -> str | None:
        return self.text("sso_account_id")

    @property
    def sso_role_name(self) -> str | None:
        return self.text("sso_role_name")


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What to set (or, by None, take out) in the sections of profile ``name``; keys that are not named stay.

    ``owner`` marks the profile as that pipeline's. A profile that exists and does not carry this very mark
    is only changed with ``adopt``; so is any existing profile when ``owner`` is None.
    """

    name: str
    credentials: Mapping[str, str | Secret | None] = field(default_factory=dict)
    config: Mapping[str, str | Secret | None] = field(default_factory=dict)
    owner: str | None = None
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class SsoSessionChange:
    """The keys of ``[sso-session NAME]`` in the config file. One that exists with other values needs ``adopt``."""

    name: str
    values: Mapping[str, str | None]
    adopt: bool = False


def key_values(keys: Keys) -> dict[str, str | Secret | None]:
    """The credentials section of static ``keys``; what an earlier kind of key left there goes."""
    expires = None if keys.expires is None else keys.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        ACCESS_KEY: keys.access_key_id,
        SECRET_KEY: keys.secret_access_key,
        TOKEN_KEY: keys.session_token,
        OLD_TOKEN_KEY: None,
        EXPIRES_KEY: expires,
    }


def merged(name: str, parts: Mapping[Source, Mapping[str, Value]]) -> Profile | None:
    """The profile from its section in each file; ``parts`` lacks a file that has no such section."""
    if not parts:
        return None
    settings: dict[str, Setting] = {}
    for source in (Source.CONFIG, Source.CREDENTIALS):
        for key, value in parts.get(source, {}).items():
            hidden = Secret(value) if key in _SECRET_KEYS and isinstance(value, str) else value
            settings[key] = Setting(key, hidden, source)
    keys = next((k for source in Source if (k := _keys(parts.get(source, {}))) is not None), None)
    return Profile(name, tuple(settings.values()), keys, _owner(parts), tuple(s for s in Source if s in parts))


def _owner(parts: Mapping[Source, Mapping[str, Value]]) -> str | None:
    marks = {values.get(OWNER_KEY) for values in parts.values()}
    mark = marks.pop() if len(marks) == 1 else None
    return mark if isinstance(mark, str) and mark else None


def _keys(values: Mapping[str, Value]) -> Keys | None:
    identifier, secret = values.get(ACCESS_KEY), values.get(SECRET_KEY)
    token = values.get(OLD_TOKEN_KEY) or values.get(TOKEN_KEY)
    if not (isinstance(identifier, str) and isinstance(secret, str) and identifier and secret):
        return None
    return Keys(
        identifier,
        Secret(secret),
        Secret(token) if isinstance(token, str) and token else None,
        _instant(values.get(EXPIRES_KEY)),
    )


def _instant(value: Value | None) -> datetime | None:
    """The time in ISO 8601; None for anything else, a time without a zone included."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
