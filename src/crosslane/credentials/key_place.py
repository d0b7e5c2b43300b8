"""Where a user's access key is kept: wholly in its profile, or its id there and its secret in the keyring."""

from __future__ import annotations

from crosslane.credentials.profile import HELD_KEY, NEW_KEY, NEW_SECRET, NO_KEYS, Profile, key_values
from crosslane.credentials.ring import NOT_THERE, Ring
from crosslane.credentials.secret import Keys, Secret
from crosslane.errors import EnvironmentFailure

Values = dict[str, str | Secret | None]


def held_id(profile: Profile) -> str | None:
    """The id of the profile's own key, wherever its secret is."""
    return profile.keys.access_key_id if profile.keys is not None else profile.text(HELD_KEY)


def pending_keys(profile: Profile, ring: Ring | None) -> Keys | None:
    """The key that a cut-off rotation has made and stored, but not taken; None without its secret."""
    identifier = profile.text(NEW_KEY)
    if identifier is None:
        return None
    secret = next((setting.value for setting in profile.settings if setting.key == NEW_SECRET), None)
    if isinstance(secret, Secret):
        return Keys(identifier, secret)
    if ring is None:
        return None
    try:
        return ring.load(identifier)
    except EnvironmentFailure as error:
        if error.code != NOT_THERE:
            raise
        return None


def values_of_held(keys: Keys, ring: Ring | None) -> Values:
    """What the profile has to say of its own key. With a keyring the secret must be in it already."""
    if ring is None:
        return {**key_values(keys), HELD_KEY: None}
    return {**NO_KEYS, HELD_KEY: keys.access_key_id}


def values_of_pending(keys: Keys, ring: Ring | None) -> Values:
    """The same of a key that is not taken yet."""
    return {NEW_KEY: keys.access_key_id, NEW_SECRET: keys.secret_access_key if ring is None else None}
