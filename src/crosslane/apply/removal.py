"""Taking away what crosslane made. What is gone already is no error: a removal that was cut off goes on."""

from __future__ import annotations

from typing import Any

from crosslane.apply.deletion import delete
from crosslane.apply.hands import Hands
from crosslane.apply.outcome import Done, Outcome
from crosslane.aws.errors import AwsError
from crosslane.aws.gateway import Gateway
from crosslane.credentials.key_place import held_id
from crosslane.credentials.profile import NEW_KEY, OLD_KEY
from crosslane.live.read import is_absent
from crosslane.plan.model import (
    DeleteBucket,
    DeletePolicy,
    DeleteRepository,
    DeleteRole,
    DeleteUser,
    RemoveProfiles,
    ScheduleKeyDeletion,
    Step,
)

BATCH = 1000
"""Keys in one DeleteObjects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


def delete_user(task: DeleteUser, step: Step, hands: Hands) -> Done:
    """Keys first, then attachments and inline policies, then the user."""
    gateway, named = hands.base(task.user.account), {"UserName": task.user.name}
    keys = _listed(gateway, "ListAccessKeys", "AccessKeyMetadata", named)
    for key in keys:
        delete(gateway, "iam", "DeleteAccessKey", {**named, "AccessKeyId": key["AccessKeyId"]})
    _strip(gateway, "User", named)
    delete(gateway, "iam", "DeleteUser", named)
    return Done(Outcome.DELETED, f"with {len(keys)} access key{'s' if len(keys) != 1 else ''}")


def delete_role(task: DeleteRole, step: Step, hands: Hands) -> Done:
    """Attachments and inline policies, then the role."""
    gateway, named = hands.base(task.role.account), {"RoleName": task.role.name}
    _strip(gateway, "Role", named)
    delete(gateway, "iam", "DeleteRole", named)
    return Done(Outcome.DELETED, task.role.arn)


def delete_policy(task: DeletePolicy, step: Step, hands: Hands) -> Done:
    """Versions that are not the default one, then the policy."""
    gateway, named = hands.base(task.policy.account), {"PolicyArn": task.policy.arn}
    versions = _listed(gateway, "ListPolicyVersions", "Versions", named)
    for version in versions:
        if not version["IsDefaultVersion"]:
            delete(gateway, "iam", "DeletePolicyVersion", {**named, "VersionId": version["VersionId"]})
    delete(gateway, "iam", "DeletePolicy", named)
    return Done(Outcome.DELETED, f"with {len(versions)} version{'s' if len(versions) != 1 else ''}")


def delete_bucket(task: DeleteBucket, step: Step, hands: Hands) -> Done:
    """Every version and delete marker of every object, unfinished uploads, then the bucket."""
    gateway, named = hands.deployer(task.account), {"Bucket": task.bucket}
    removed = 0
    while True:
        try:
            answer = gateway.call("s3", "ListObjectVersions", {**named, "MaxKeys": BATCH})
        except AwsError as error:
            if is_absent(error):
                return Done(Outcome.DELETED, "it was gone already")
            raise
        found = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
        if not found:
            break
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        result = gateway.call("s3", "DeleteObjects", {**named, "Delete": {"Objects": objects, "Quiet": True}})
        if errors := result.get("Errors"):
            first = errors[0]
            raise AwsError(
                f"bucket {task.bucket}: {first['Key']} cannot be deleted: {first['Code']}: {first.get('Message', '')}",
                code=first["Code"],
                account=task.account,
                operation="s3:DeleteObjects",
            )
        removed += len(objects)
        hands.progress.note(step, f"{removed:,} versions deleted")
    for upload in gateway.call("s3", "ListMultipartUploads", named).get("Uploads", []):
        unfinished = {**named, "Key": upload["Key"], "UploadId": upload["UploadId"]}
        delete(gateway, "s3", "AbortMultipartUpload", unfinished)
    delete(gateway, "s3", "DeleteBucket", named)
    return Done(Outcome.DELETED, f"with {removed:,} object version{'s' if removed != 1 else ''}")


def schedule_key_deletion(task: ScheduleKeyDeletion, step: Step, hands: Hands) -> Done:
    """The key is unusable at once and gone after the waiting period, in which the deletion can be cancelled.

    https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html (2026-11-24)
    """
    asked = {"KeyId": task.key_arn, "PendingWindowInDays": task.days}
    try:
        hands.deployer(task.account).call("kms", "ScheduleKeyDeletion", asked)
    except AwsError as error:
        if "pending deletion" not in error.text:
            raise
    return Done(Outcome.DELETED, f"scheduled, gone in {task.days} days; aws kms cancel-key-deletion takes it back")


def delete_repository(task: DeleteRepository, step: Step, hands: Hands) -> Done:
    """The repository with all its commits."""
    asked = {"repositoryName": task.repository.name}
    hands.deployer(task.repository.account).call("codecommit", "DeleteRepository", asked)
    return Done(Outcome.DELETED, task.repository.arn)


def remove_profiles(task: RemoveProfiles, step: Step, hands: Hands) -> Done:
    """Our profiles in the two files, their secrets in the keyring, their cached sessions, and the journal."""
    for name in task.names:
        found = hands.files.profile(name)
        if found is not None and found.owner == hands.mark:
            for key in filter(None, (held_id(found), found.text(NEW_KEY), found.text(OLD_KEY))):
                hands.forget_secret(key)
    removed = hands.files.remove(task.names, owner=hands.mark)
    for name in task.names:
        hands.sessions.remove(name)
    hands.journal.remove()
    return Done(Outcome.DELETED, ", ".join(removed) or "none was left")


def _strip(gateway: Gateway, kind: str, named: dict[str, str]) -> None:
    """Detach the managed policies and delete the inline policies of a ``User`` or ``Role``."""
    for policy in _listed(gateway, f"ListAttached{kind}Policies", "AttachedPolicies", named):
        delete(gateway, "iam", f"Detach{kind}Policy", {**named, "PolicyArn": policy["PolicyArn"]})
    for name in _listed(gateway, f"List{kind}Policies", "PolicyNames", named):
        delete(gateway, "iam", f"Delete{kind}Policy", {**named, "PolicyName": name})


def _listed(gateway: Gateway, operation: str, key: str, named: dict[str, str]) -> list[Any]:
    try:
        return gateway.pages("iam", operation, key, named)
    except AwsError as error:
        if is_absent(error):
            return []
        raise
