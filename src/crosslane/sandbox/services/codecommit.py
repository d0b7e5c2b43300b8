"""CodeCommit: repositories as an API. Their content comes with git, which is not served yet.

moto has no listing and no tags of repositories.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.services.shelf import Shelf
from crosslane.sandbox.store import Store

Key = tuple[str, str]


@dataclass(slots=True)
class Repository:
    """``id`` is random, as AWS's is; ``default_branch`` is set by the first push."""

    id: str
    arn: str
    description: str | None
    created: datetime
    modified: datetime
    key: str
    default_branch: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


def handlers(store: Store, clock: Callable[[], datetime]) -> dict[Key, Handler]:
    """The operations of CodeCommit; the others are refused by name."""
    shelf: Shelf[Repository] = Shelf()

    def create(request: Request) -> Mapping[str, Any]:
        name = request.parameters["repositoryName"]
        with shelf.locked():
            if name in shelf.of(request):
                raise ServiceError("RepositoryNameExistsException", f"Repository named {name} already exists")
            made = shelf.of(request)[name] = _new(store, request, name, clock())
        return {"repositoryMetadata": _metadata(request, name, made)}

    def get(request: Request) -> Mapping[str, Any]:
        name = request.parameters["repositoryName"]
        return {"repositoryMetadata": _metadata(request, name, _named(shelf, request, name))}

    def batch_get(request: Request) -> Mapping[str, Any]:
        kept, names = shelf.of(request), request.parameters["repositoryNames"]
        found = [_metadata(request, name, kept[name]) for name in names if name in kept]
        return {"repositories": found, "repositoriesNotFound": [name for name in names if name not in kept]}

    def list_all(request: Request) -> Mapping[str, Any]:
        kept = sorted(shelf.of(request).items())
        return {"repositories": [{"repositoryName": name, "repositoryId": one.id} for name, one in kept]}

    def delete(request: Request) -> Mapping[str, Any]:
        gone = shelf.of(request).pop(request.parameters["repositoryName"], None)
        return {"repositoryId": gone.id} if gone else {}

    def describe(request: Request) -> Mapping[str, Any]:
        repository = _named(shelf, request, request.parameters["repositoryName"])
        repository.description = request.parameters.get("repositoryDescription")
        repository.modified = clock()
        return {}

    def list_tags(request: Request) -> Mapping[str, Any]:
        return {"tags": dict(_tagged(shelf, request).tags)}

    def tag(request: Request) -> Mapping[str, Any]:
        _tagged(shelf, request).tags.update(request.parameters["tags"])
        return {}

    def untag(request: Request) -> Mapping[str, Any]:
        repository = _tagged(shelf, request)
        for name in request.parameters["tagKeys"]:
            repository.tags.pop(name, None)
        return {}

    def list_branches(request: Request) -> Mapping[str, Any]:
        _named(shelf, request, request.parameters["repositoryName"])
        return {"branches": []}

    def get_branch(request: Request) -> Mapping[str, Any]:
        _named(shelf, request, request.parameters["repositoryName"])
        name = request.parameters.get("branchName")
        raise ServiceError("BranchDoesNotExistException", f"Branch {name} does not exist")

    answered: dict[str, Handler] = {
        "CreateRepository": create,
        "GetRepository": get,
        "BatchGetRepositories": batch_get,
        "ListRepositories": list_all,
        "DeleteRepository": delete,
        "UpdateRepositoryDescription": describe,
        "ListTagsForResource": list_tags,
        "TagResource": tag,
        "UntagResource": untag,
        "ListBranches": list_branches,
        "GetBranch": get_branch,
    }
    return {("codecommit", operation): handler for operation, handler in answered.items()}


def _new(store: Store, request: Request, name: str, now: datetime) -> Repository:
    place = f"{request.region}:{request.account}"
    return Repository(
        id=str(uuid.uuid4()),
        arn=f"arn:{store.partition}:codecommit:{place}:{name}",
        description=request.parameters.get("repositoryDescription"),
        created=now,
        modified=now,
        key=request.parameters.get("kmsKeyId", f"arn:{store.partition}:kms:{place}:alias/aws/codecommit"),
        tags=dict(request.parameters.get("tags", {})),
    )


def _metadata(request: Request, name: str, repository: Repository) -> Mapping[str, Any]:
    host = f"git-codecommit.{request.region}.amazonaws.com/v1/repos/{name}"
    return {
        "accountId": request.account,
        "repositoryId": repository.id,
        "repositoryName": name,
        "repositoryDescription": repository.description,
        "defaultBranch": repository.default_branch,
        "creationDate": repository.created,
        "lastModifiedDate": repository.modified,
        "cloneUrlHttp": f"https://{host}",
        "cloneUrlSsh": f"ssh://{host}",
        "Arn": repository.arn,
        "kmsKeyId": repository.key,
    }


def _named(shelf: Shelf[Repository], request: Request, name: str) -> Repository:
    found = shelf.of(request).get(name)
    if found is None:
        raise ServiceError("RepositoryDoesNotExistException", f"{name} does not exist")
    return found


def _tagged(shelf: Shelf[Repository], request: Request) -> Repository:
    arn = str(request.parameters["resourceArn"])
    for repository in shelf.of(request).values():
        if repository.arn == arn:
            return repository
    raise ServiceError("RepositoryDoesNotExistException", f"{arn.rpartition(':')[2]} does not exist")
