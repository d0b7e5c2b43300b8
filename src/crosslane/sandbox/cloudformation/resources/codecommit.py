"""CodeCommit: repositories.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codecommit-repository.html
(2026-11-24)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    Live,
    Properties,
    ResourceType,
    tag_changes,
    tag_map,
)
from crosslane.sandbox.cloudformation.resources.shape import TAGS

_REPOSITORY = {"KmsKeyId": str, "RepositoryDescription": str, "RepositoryName*": str, "Tags": TAGS}


def _attributes(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Arn": metadata["Arn"],
        "CloneUrlHttp": metadata["cloneUrlHttp"],
        "CloneUrlSsh": metadata["cloneUrlSsh"],
        "Name": metadata["repositoryName"],
        "RepositoryId": metadata["repositoryId"],
    }


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    given: dict[str, Any] = {}
    if "RepositoryDescription" in properties:
        given["repositoryDescription"] = properties["RepositoryDescription"]
    if "KmsKeyId" in properties:
        given["kmsKeyId"] = properties["KmsKeyId"]
    if properties.get("Tags"):
        given["tags"] = tag_map(properties["Tags"])
    made = context.client("codecommit").create_repository(repositoryName=properties["RepositoryName"], **given)
    metadata = made["repositoryMetadata"]
    context.made(metadata["repositoryId"])
    return _attributes(metadata)


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    repositories, old = context.client("codecommit"), live.properties
    attributes = dict(live.attributes)
    name = new["RepositoryName"]
    if name != old["RepositoryName"]:
        repositories.update_repository_name(oldName=old["RepositoryName"], newName=name)
        attributes = _attributes(repositories.get_repository(repositoryName=name)["repositoryMetadata"])
    if old.get("RepositoryDescription") != new.get("RepositoryDescription"):
        repositories.update_repository_description(
            repositoryName=name, repositoryDescription=new.get("RepositoryDescription", "")
        )
    if old.get("KmsKeyId") != new.get("KmsKeyId") and "KmsKeyId" in new:
        repositories.update_repository_encryption_key(repositoryName=name, kmsKeyId=new["KmsKeyId"])
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        repositories.tag_resource(resourceArn=attributes["Arn"], tags=changed)
    if removed:
        repositories.untag_resource(resourceArn=attributes["Arn"], tagKeys=removed)
    return attributes


def _delete(context: Context, live: Live) -> None:
    # DeleteRepository succeeds for a repository that is not there.
    context.client("codecommit").delete_repository(repositoryName=live.properties["RepositoryName"])


def _read(context: Context, live: Live) -> Properties | None:
    repositories = context.client("codecommit")
    found = repositories.get_repository(repositoryName=live.properties["RepositoryName"])["repositoryMetadata"]
    if found["repositoryId"] != live.physical_id:
        return None
    return {
        "RepositoryName": found["repositoryName"],
        "RepositoryDescription": found.get("repositoryDescription"),
    }


TYPES = (
    ResourceType(
        name="AWS::CodeCommit::Repository",
        shape=_REPOSITORY,
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        attributes=frozenset({"Arn", "CloneUrlHttp", "CloneUrlSsh", "Name", "RepositoryId"}),
        tags="list",
    ),
)
