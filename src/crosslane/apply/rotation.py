"""A new access key for the user: never without a working key, never a lost secret, resumable at every point.

The profile itself says how far a rotation is, so that any machine that has it can go on:

1. made      the new key is stored beside the old one, before anything uses it
2. proven    a call with it worked; it becomes the profile's key, the old one's id is remembered
3. retired   the old key is deactivated; the next rotation, or ``finish``, deletes it

https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from crosslane.apply.hands import Hands
from crosslane.apply.journal import KeyIntent
from crosslane.apply.keys import MOST_KEYS, create_key, delete_key, never_used
from crosslane.apply.waiting import eventually
from crosslane.aws.errors import UNKNOWN_KEY_CODES, AwsError
from crosslane.aws.gateway import Gateway
from crosslane.credentials.guarded_file import locked
from crosslane.credentials.key_place import held_id, pending_keys, values_of_held, values_of_pending
from crosslane.credentials.profile import NEW_KEY, NEW_SECRET, OLD_KEY, Profile, ProfileChange
from crosslane.credentials.secret import Keys
from crosslane.desired.model import KeyProfile
from crosslane.errors import EnvironmentFailure, OutcomeError
from crosslane.live.read import read_identity

ROTATION_SECONDS = 120.0
"""How long one rotation waits for another: IAM may take so long until it knows a new key."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: ids of the ``new`` key, the ``retired`` one and those ``deleted``."""

    account: str
    profile: str
    new: str | None
    retired: str | None
    deleted: tuple[str, ...]


def rotate(profile: KeyProfile, hands: Hands) -> Rotation:
    """Make, prove and take a new key, deactivate the old one; goes on where a cut-off rotation was.

    ``OutcomeError`` if the profile is not ours, holds no key or holds it where the config no longer wants it, or if
    keys that are not crosslane's leave no room.
    """
    with _alone(hands):
        found = _ours(profile, hands)
        held = held_id(found) or ""
        old, pending = found.text(OLD_KEY), pending_keys(found, hands.ring)
        if old is not None and pending is None and _is_active(profile, old, _renewer(profile, hands)):
            # Cut off after the new key had become the profile's: all that is left is to retire the old one.
            _deactivate(profile, old, _renewer(profile, hands), hands)
            return Rotation(profile.account, profile.name, held, old, ())
        deleted: tuple[str, ...] = ()
        if pending is not None and pending.access_key_id not in _listed(profile, _renewer(profile, hands)):
            pending = None  # somebody has deleted it since
        if pending is None:
            deleted = _make_room(profile, found, hands)
            pending = _make(profile, hands)
        _prove(profile, pending, hands)
        _promote(profile, pending, held, hands)
        _deactivate(profile, held, _renewer(profile, hands, fresh=True), hands)
        return Rotation(profile.account, profile.name, pending.access_key_id, held, deleted)


def finish(profile: KeyProfile, hands: Hands) -> Rotation:
    """Delete the key that the last rotation retired, if there is one."""
    with _alone(hands):
        found = _ours(profile, hands)
        old = found.text(OLD_KEY)
        deleted: tuple[str, ...] = ()
        if old is not None:
            gateway = _renewer(profile, hands)
            if old in _listed(profile, gateway):
                _delete(profile, old, gateway, hands)
                deleted = (old,)
            hands.files.store([ProfileChange(profile.name, {OLD_KEY: None}, owner=hands.mark)])
        return Rotation(profile.account, profile.name, None, None, deleted)


@contextmanager
def _alone(hands: Hands) -> Iterator[None]:
    """Keep other rotations on this machine out, as far as its state folder can be written: two at once would each
    make a key."""
    with ExitStack() as held:
        try:
            held.enter_context(locked([hands.journal.path.with_name("rotation")], seconds=ROTATION_SECONDS))
        except EnvironmentFailure as error:
            if error.code == "FileLocked":
                raise EnvironmentFailure(
                    "another rotation is under way", code="RotationRuns", next="wait for it, then run again"
                ) from error
        yield


def _renewer(profile: KeyProfile, hands: Hands, *, fresh: bool = False) -> Gateway:
    """Who replaces the key: the key itself where it may, else the person's sign-in."""
    return hands.key(profile.account, fresh=fresh) if profile.renews_itself else hands.base(profile.account)


def _ours(profile: KeyProfile, hands: Hands) -> Profile:
    found = hands.files.profile(profile.name)
    if found is None or found.owner != hands.mark or held_id(found) is None:
        raise OutcomeError(
            f"profile {profile.name} holds no access key that crosslane made",
            code="NoKeyToRotate",
            account=profile.account,
            next="crosslane up makes one",
        )
    if (found.keys is None) is (hands.ring is None):
        there, wanted = ("keyring", "file") if found.keys is None else ("file", "keyring")
        raise OutcomeError(
            f"the key of profile {profile.name} is in the {there}, and the config wants it in the {wanted}",
            code="KeyElsewhere",
            account=profile.account,
            next="crosslane up puts it there; then rotate",
        )
    return found


def _make_room(profile: KeyProfile, found: Profile, hands: Hands) -> tuple[str, ...]:
    """Delete our retired key, and keys whose secret a cut-off run lost; returns their ids."""
    gateway = _renewer(profile, hands)
    others = [key for key in _listed(profile, gateway) if key != held_id(found)]
    intent = hands.journal.key_intent(_subject(profile))
    known = (found.text(OLD_KEY), found.text(NEW_KEY))
    lost = [
        key
        for key in others
        if key in known or (intent is not None and key not in intent.before and never_used(gateway, key))
    ]
    for key in lost:
        _delete(profile, key, gateway, hands)
    left = [key for key in others if key not in lost]
    if len(left) + 1 >= MOST_KEYS:
        raise OutcomeError(
            f"user {profile.user} has another access key ({', '.join(left)}) that crosslane does not know, "
            "and AWS allows two",
            code="TooManyAccessKeys",
            account=profile.account,
            next=f"delete it if nobody uses it: aws iam delete-access-key --user-name {profile.user} "
            f"--access-key-id {left[0]} --profile {profile.name}",
        )
    return tuple(lost)


def _make(profile: KeyProfile, hands: Hands) -> Keys:
    """Create the key and store it beside the old one; a key that cannot be stored is deleted again."""
    gateway = _renewer(profile, hands)
    existing = tuple(_listed(profile, gateway))
    hands.journal.will_make_key(KeyIntent(_subject(profile), existing))
    keys = create_key(gateway, profile.user, existing, lambda text: None)
    try:
        if hands.ring is not None:
            hands.ring.keep(keys)
        hands.files.store([ProfileChange(profile.name, values_of_pending(keys, hands.ring), owner=hands.mark)])
    except BaseException:
        _delete(profile, keys.access_key_id, gateway, hands)
        hands.journal.key_done(_subject(profile))
        raise
    hands.journal.key_done(_subject(profile))
    return keys


def _prove(profile: KeyProfile, keys: Keys, hands: Hands) -> None:
    """Call with the new key until AWS knows it; the profile's own key stays untouched."""
    trial = f"{profile.name} (new key)"
    hands.cloud.provide(trial, lambda: metadata(keys))
    gateway = hands.cloud.gateway(profile.account, trial, fresh=True)
    identity = eventually(
        lambda: read_identity(gateway), retry=lambda error: error.code in UNKNOWN_KEY_CODES, clock=hands.clock
    )
    if not identity.arn.endswith(f":user/{profile.user}"):
        raise OutcomeError(
            f"the new key of {profile.name} is {identity.arn}'s", code="WrongIdentity", account=profile.account
        )


def metadata(keys: Keys) -> dict[str, str]:
    """The keys in the form that a gateway takes; keys without an end get one that is far away."""
    return {
        "access_key": keys.access_key_id,
        "secret_key": keys.secret_access_key.reveal(),
        "token": keys.session_token.reveal() if keys.session_token else "",
        "expiry_time": keys.expires.isoformat() if keys.expires else "9999-01-01T00:00:00+00:00",
    }


def _promote(profile: KeyProfile, keys: Keys, old: str, hands: Hands) -> None:
    """One replacement of the file: the new key is the profile's, the old one is known as retired.

    A key that was made while the config wanted it in the file still has its secret there alone.
    """
    if hands.ring is not None:
        hands.ring.keep(keys)
    values = {**values_of_held(keys, hands.ring), NEW_KEY: None, NEW_SECRET: None, OLD_KEY: old}
    hands.files.store([ProfileChange(profile.name, values, owner=hands.mark)])


def _deactivate(profile: KeyProfile, key: str, gateway: Gateway, hands: Hands) -> None:
    asked = {"UserName": profile.user, "AccessKeyId": key, "Status": "Inactive"}
    try:
        eventually(
            lambda: gateway.call("iam", "UpdateAccessKey", asked),
            retry=lambda error: error.code in UNKNOWN_KEY_CODES,
            clock=hands.clock,
        )
    except AwsError as error:
        if error.code != "NoSuchEntity":  # somebody has deleted it
            raise


def _delete(profile: KeyProfile, key: str, gateway: Gateway, hands: Hands) -> None:
    delete_key(gateway, profile.user, key)
    hands.forget_secret(key)


def _listed(profile: KeyProfile, gateway: Gateway) -> list[str]:
    return list(_statuses(profile, gateway))


def _is_active(profile: KeyProfile, key: str, gateway: Gateway) -> bool:
    return _statuses(profile, gateway).get(key) == "Active"


def _statuses(profile: KeyProfile, gateway: Gateway) -> dict[str, str]:
    """The user's keys, each with its status. A key that AWS does not take any more is said to be that."""
    try:
        found = gateway.pages("iam", "ListAccessKeys", "AccessKeyMetadata", {"UserName": profile.user})
    except AwsError as error:
        if error.code not in UNKNOWN_KEY_CODES:
            raise
        raise OutcomeError(
            f"the access key in profile {profile.name} is not one that AWS accepts: it was deactivated or deleted",
            code="DeadKey",
            account=profile.account,
            next="crosslane up replaces it",
        ) from error
    return {key["AccessKeyId"]: key["Status"] for key in found}


def _subject(profile: KeyProfile) -> str:
    return f"{profile.account}/{profile.user}"
