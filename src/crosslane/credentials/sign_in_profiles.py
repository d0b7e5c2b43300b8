"""The profile of a sign-in, in its two forms, and what signing out takes away again."""

from __future__ import annotations

from collections.abc import Iterable

from crosslane.credentials.profile import NO_KEYS, Profile, ProfileChange, SsoSessionChange, key_values
from crosslane.credentials.secret import Keys
from crosslane.credentials.sso_cache import SsoSession

SSO_KEYS = ("sso_session", "sso_account_id", "sso_role_name")

_OTHER_SOURCES = dict.fromkeys(
    [
        "sso_start_url",
        "sso_region",
        "role_arn",
        "source_profile",
        "credential_source",
        "web_identity_token_file",
        "credential_process",
        "login_session",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
    ]
)
"""Keys of the config file that name another source of credentials, some of which would win
(https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html, 2026-11)."""


def session_profile(
    name: str,
    session: SsoSession,
    *,
    account_id: str,
    permission_set: str,
    region: str,
    mark: str,
    adopt: bool,
    endpoint: str | None = None,
) -> ProfileChange:
    """The profile that names the portal's session and holds no secret. ``endpoint`` is a sandbox's."""
    sso = dict(zip(SSO_KEYS, (session.name, account_id, permission_set), strict=True))
    place = {} if endpoint is None else {"endpoint_url": endpoint}
    config = {**_OTHER_SOURCES, **sso, "region": region, "output": "json", **place}
    return ProfileChange(name, credentials=NO_KEYS, config=config, owner=mark, adopt=adopt)


def keys_profile(name: str, keys: Keys, *, region: str, mark: str, adopt: bool) -> ProfileChange:
    """The profile with the temporary keys themselves, as the guide has it."""
    config = {**_OTHER_SOURCES, **dict.fromkeys(SSO_KEYS), "region": region, "output": "json"}
    return ProfileChange(name, credentials=key_values(keys), config=config, owner=mark, adopt=adopt)


def session_section(session: SsoSession, *, adopt: bool) -> SsoSessionChange:
    """The ``sso-session`` section; of one that exists, what it says already."""
    scopes = None if session.scopes is None else ",".join(session.scopes)
    values = {"sso_start_url": session.start_url, "sso_region": session.region}
    if scopes is not None:
        values["sso_registration_scopes"] = scopes
    return SsoSessionChange(session.name, values, adopt)


def serves(profile: Profile, session: SsoSession, account_id: str, permission_set: str | None) -> bool:
    """Whether somebody else's profile does the job as it is: this account through this session, with the permission
    set if one is named.
    """
    role = profile.sso_role_name
    fits = role == permission_set if permission_set is not None else bool(role)
    return profile.sso_session == session.name and profile.sso_account_id == account_id and fits


def without_temporary_keys(profiles: Iterable[Profile], mark: str) -> tuple[ProfileChange, ...]:
    """Changes that take the temporary keys out of our profiles; a user's long-term key stays."""
    return tuple(
        ProfileChange(profile.name, credentials=NO_KEYS, owner=mark)
        for profile in profiles
        if profile.owner == mark and profile.keys is not None and profile.keys.session_token is not None
    )
