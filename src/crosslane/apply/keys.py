"""The user's access key and its profile: never a secret that is lost, never a key that nobody holds."""

from __future__ import annotations

from collections.abc import Callable, Collection

from crosslane.apply.deletion import delete
from crosslane.apply.hands import Hands
from crosslane.apply.journal import KeyIntent
from crosslane.apply.outcome import Done, Outcome
from crosslane.aws.errors import AwsError
from crosslane.aws.gateway import Gateway
from crosslane.credentials.key_place import values_of_held
from crosslane.credentials.profile import HELD_KEY, NEW_KEY, NEW_SECRET, OLD_KEY, ProfileChange
from crosslane.credentials.secret import Keys, Secret
from crosslane.errors import OutcomeError
from crosslane.plan.model import Op, PutAccessKey, PutKeyProfile, Step

MOST_KEYS = 2
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (2026-11-24)"""


def put_access_key(task: PutAccessKey, step: Step, hands: Hands) -> Done:
    """Make a key and store it in the profile in one go (G10); a key that cannot be stored is deleted again."""
    profile = task.profile
    if step.op is Op.KEEP:
        return Done(Outcome.UNCHANGED, f"key {task.stale} of user {profile.user} works")
    gateway = hands.base(profile.account)
    existing = [key["AccessKeyId"] for key in _keys(gateway, profile.user)]
    existing = _without_lost_keys(task, existing, gateway, hands, step)
    if len(existing) >= MOST_KEYS:
        raise OutcomeError(
            f"user {profile.user} has {len(existing)} access keys already ({', '.join(existing)}), AWS allows no more, "
            f"and profile {profile.name} has none that works",
            code="TooManyAccessKeys",
            account=profile.account,
            next=f"delete one that nobody uses: aws iam delete-access-key --user-name {profile.user} "
            f"--access-key-id ID --profile {gateway.profile or 'YOURS'}",
        )
    subject = f"{profile.account}/{profile.user}"
    hands.journal.will_make_key(KeyIntent(subject, tuple(existing)))
    keys = create_key(gateway, profile.user, existing, lambda text: hands.progress.note(step, text))
    try:
        if hands.ring is not None:
            hands.ring.keep(keys)
        hands.files.store(
            [
                ProfileChange(
                    profile.name,
                    credentials={**values_of_held(keys, hands.ring), NEW_KEY: None, NEW_SECRET: None, OLD_KEY: None},
                    config={
                        "region": profile.region,
                        "output": profile.output,
                        "credential_process": task.process,
                    },
                    owner=hands.mark,
                    adopt=hands.adopt,
                )
            ]
        )
    except BaseException:
        delete_key(gateway, profile.user, keys.access_key_id)
        hands.forget_secret(keys.access_key_id)
        hands.journal.key_done(subject)
        raise
    hands.journal.key_done(subject)
    hands.found.changed_iam(profile.account)
    where = f"in profile {profile.name}" if hands.ring is None else f"in the keyring, for profile {profile.name}"
    return Done(Outcome.CREATED, f"key {keys.access_key_id} of user {profile.user}, {where}")


def put_key_profile(task: PutKeyProfile, step: Step, hands: Hands) -> Done:
    """Region and output of the profile (G11); the key itself is stored in the moment it is made.

    A key that was kept in the file moves to the keyring where that is wanted now, and the other way round.
    """
    profile = task.profile
    found = hands.files.profile(profile.name)
    wanted = {"region": profile.region, "output": profile.output, "credential_process": task.process}
    ours = found is not None and (found.owner == hands.mark or (found.owner is None and hands.adopt))
    moving = found.keys if found is not None and ours and hands.ring is not None else None
    if moving is not None and hands.ring is not None:
        hands.ring.keep(moving)
        values = values_of_held(moving, hands.ring)
        hands.files.store([ProfileChange(profile.name, values, wanted, hands.mark, hands.adopt)])
        return Done(_outcome(step, Outcome.UPDATED), f"key {moving.access_key_id} moved to the keyring")
    if found is not None and found.owner == hands.mark and found.text(HELD_KEY) and hands.left_ring is not None:
        held = hands.left_ring.load(found.text(HELD_KEY) or "")
        hands.files.store([ProfileChange(profile.name, values_of_held(held, None), wanted, hands.mark, hands.adopt)])
        hands.left_ring.forget(held.access_key_id)
        return Done(_outcome(step, Outcome.UPDATED), f"key {held.access_key_id} moved from the keyring to the file")
    if found is None or found.owner != hands.mark or any(found.text(key) != value for key, value in wanted.items()):
        hands.files.store([ProfileChange(profile.name, config=wanted, owner=hands.mark, adopt=hands.adopt)])
        return Done(_outcome(step, Outcome.UPDATED), f"region {profile.region}, output {profile.output}")
    return Done(_outcome(step, Outcome.UNCHANGED), f"key, region {profile.region}, output {profile.output}")


def _outcome(step: Step, otherwise: Outcome) -> Outcome:
    match step.op:
        case Op.CREATE:
            return Outcome.CREATED
        case Op.UPDATE:
            return Outcome.UPDATED
        case _:
            return otherwise


def _keys(gateway: Gateway, user: str) -> list[dict[str, str]]:
    return gateway.pages("iam", "ListAccessKeys", "AccessKeyMetadata", {"UserName": user})


def _without_lost_keys(
    task: PutAccessKey, existing: list[str], gateway: Gateway, hands: Hands, step: Step
) -> list[str]:
    """Delete keys of ours that nobody can use; returns the ids that are left.

    Those that were made by a run that was cut off before it could store the secret (the journal knows which keys were
    there before, and a key that was ever used is left alone), the profile's own key if it fails, and those that a
    rotation has noted in the profile.
    """
    profile = task.profile
    found = hands.files.profile(profile.name)
    ours = found is not None and found.owner == hands.mark
    noted = {found.text(NEW_KEY), found.text(OLD_KEY)} if found is not None and ours else set()
    intent = hands.journal.key_intent(f"{profile.account}/{profile.user}")
    lost = [key for key in existing if intent is not None and key not in intent.before and never_used(gateway, key)]
    lost += [key for key in existing if key not in lost and (key == task.stale or key in noted)]
    for key in lost:
        hands.progress.note(step, f"deletes key {key}: its secret is lost")
        delete_key(gateway, profile.user, key)
        hands.forget_secret(key)
    return [key for key in existing if key not in lost]


def create_key(gateway: Gateway, user: str, existing: Collection[str], note: Callable[[str], None]) -> Keys:
    """A new key of the user, who has the keys ``existing``, fewer than AWS allows.

    CreateAccessKey takes no token that would make it idempotent. So where the call had to be sent again, what an
    earlier attempt made, although its answer and with it the secret was lost, is deleted.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html (2026-11-24)
    """
    try:
        answer = gateway.call("iam", "CreateAccessKey", {"UserName": user})
    except AwsError as error:
        # There was room a moment ago: the lost attempt took it.
        if error.code != "LimitExceeded" or not error.repeats:
            raise
        if not _delete_lost_twins(existing, gateway, user, note):
            raise
        answer = gateway.call("iam", "CreateAccessKey", {"UserName": user})
    made = answer["AccessKey"]
    if answer["ResponseMetadata"].get("RetryAttempts"):
        try:
            _delete_lost_twins({*existing, made["AccessKeyId"]}, gateway, user, note)
        except BaseException:
            delete_key(gateway, user, made["AccessKeyId"])
            raise
    return Keys(made["AccessKeyId"], Secret(made["SecretAccessKey"]))


def delete_key(gateway: Gateway, user: str, key: str) -> None:
    """Delete the key; one that is gone already is no error."""
    delete(gateway, "iam", "DeleteAccessKey", {"UserName": user, "AccessKeyId": key})


def _delete_lost_twins(known: Collection[str], gateway: Gateway, user: str, note: Callable[[str], None]) -> bool:
    """Delete keys that are not ``known`` and that nobody ever used; whether there was one."""
    lost = [
        key["AccessKeyId"]
        for key in _keys(gateway, user)
        if key["AccessKeyId"] not in known and never_used(gateway, key["AccessKeyId"])
    ]
    for key in lost:
        note(f"deletes key {key}: the answer with its secret was lost")
        delete_key(gateway, user, key)
    return bool(lost)


def never_used(gateway: Gateway, key: str) -> bool:
    """Whether nobody ever signed with the key; False where that cannot be read."""
    try:
        answer = gateway.call("iam", "GetAccessKeyLastUsed", {"AccessKeyId": key})
    except AwsError:
        return False
    return "LastUsedDate" not in answer.get("AccessKeyLastUsed", {})
