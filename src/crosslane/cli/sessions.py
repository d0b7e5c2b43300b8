"""The credentials that crosslane holds itself: the users' keys and the deployers' sessions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from crosslane.apply.rotation import metadata
from crosslane.apply.sessions import assume, assume_with_token, not_bootstrapped, read_token
from crosslane.aws.errors import UNKNOWN_KEY_CODES, CredentialsFailure
from crosslane.cli.world import World
from crosslane.config.model import Config
from crosslane.credentials.key_place import held_id
from crosslane.credentials.profile import ProfileChange, key_values
from crosslane.credentials.ring import NOT_THERE
from crosslane.credentials.secret import Keys
from crosslane.desired.model import Desired, SessionProfile
from crosslane.errors import EnvironmentFailure


def key_metadata(world: World, name: str) -> dict[str, str]:
    """The key of the profile, with its secret from the keyring, in the form that the gateway takes."""
    return metadata(held_key(world, name))


def held_key(world: World, name: str) -> Keys:
    """The key of the profile, wherever its secret is; ``EnvironmentFailure`` if there is none."""
    found = world.files.profile(name)
    if found is not None and found.keys is not None:
        return found.keys
    identifier = None if found is None else held_id(found)
    ring = world.ring or world.left_ring
    if identifier is None or ring is None:
        raise EnvironmentFailure(f"profile {name} holds no access key", code=NOT_THERE, next="crosslane up makes one")
    return ring.load(identifier)


def tokens(desired: Desired, config: Config, environ: Mapping[str, str]) -> dict[str, Path]:
    """The file with the CI job's token for each account that it leads into.

    Those are the bootstrapped accounts without a profile whose deployer trusts CI jobs: one token for all of them. Keys
    in the environment win, as in AWS's own tools; so does ``AWS_ROLE_ARN`` for its account, if it names another role.
    https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html (2026-11-25)
    """
    file = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if not file or environ.get("AWS_ACCESS_KEY_ID"):
        return {}
    role = environ.get("AWS_ROLE_ARN", "")
    return {
        state.account: Path(file)
        for state in desired.bootstraps
        if state.provider is not None
        and (account := config.account(state.account)).profile is None
        and (role == state.role.arn or f":{account.id}:" not in role)
    }


def session_metadata(world: World, profile: SessionProfile) -> dict[str, str]:
    """A session that lasts, in the form that the gateway takes; raises what assuming the role raises."""
    return metadata(current_session(world, profile))


def current_session(world: World, profile: SessionProfile) -> Keys:
    """The cached session of the profile, else a new one; raises what ``new_session`` raises."""
    _source(world, profile)
    return world.sessions.current(profile.name, partial(new_session, world, profile), now=world.now)


def new_session(world: World, profile: SessionProfile) -> Keys:
    """A session by the user's key, the CI job's token or the sign-in, which nothing keeps yet.

    Raises OutcomeError if the key's profile is not there yet, and what assuming the role raises.
    """
    source = _source(world, profile)
    if (file := world.tokens.get(profile.account)) is not None:
        token = read_token(file, profile.account)
        return assume_with_token(world.cloud.anonymous(profile.account), profile, token)
    code = None if profile.mfa_serial is None else world.mfa_code(profile.mfa_serial)
    try:
        return assume(world.cloud.gateway(profile.account, source), profile, code)
    except CredentialsFailure as error:
        if error.code not in UNKNOWN_KEY_CODES:
            raise
        # A rotation may just have replaced the key that was read: read it once more.
        return assume(world.cloud.gateway(profile.account, source, fresh=True), profile, code)


def _source(world: World, profile: SessionProfile) -> str | None:
    """The profile that assumes the role; None is the ordinary chain."""
    key = world.keys.get(profile.account)
    if key is not None and world.files.profile(key) is None:
        raise not_bootstrapped(profile.account, key)
    return key if key is not None else world.sign_in(world.config.account(profile.account))


def renewed_session(world: World, profile: SessionProfile) -> Keys:
    """A new session of the profile, cached, and stored where the profile holds static keys of ours."""
    world.sessions.remove(profile.name)
    keys = current_session(world, profile)
    found = world.files.profile(profile.name)
    if found is not None and found.owner == world.mark and found.keys is not None:
        world.files.store([ProfileChange(profile.name, credentials=key_values(keys), owner=world.mark)])
    return keys
