"""CodeCommit: repositories with their content, which git reads and writes at ``cloneUrlHttp``.

moto has no content, no listing and no tags of repositories.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosslane.sandbox.git.folder import BRANCHES, PREFIX, Place, Repositories, Update
from crosslane.sandbox.request import Caller, Handler, Request, ServiceError
from crosslane.sandbox.services.shelf import Shelf
from crosslane.sandbox.store import Store

Key = tuple[str, str]
Publish = Callable[[str, str, Mapping[str, Any]], None]
"""Sends an event to the default bus of an account and region."""


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


class CodeCommit:
    """The repositories of all accounts, for the API and for git."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], content: Repositories, publish: Publish, endpoint: str
    ) -> None:
        self.store = store
        self.clock = clock
        self.content = content
        self.endpoint = endpoint
        self.shelf: Shelf[Repository] = Shelf()
        self._publish = publish

    def places(self, account: str, name: str) -> list[Place]:
        """The repositories of that name in the account, one a region at most."""
        return [
            Place(account, region, name, found[name].id)
            for (owner, region), found in self.shelf.everywhere()
            if owner == account and name in found
        ]

    def default_branch(self, place: Place) -> str | None:
        """The branch that may not be deleted."""
        return self.shelf.at(place.account, place.region)[place.name].default_branch

    def changed(self, place: Place, caller: Caller, updates: list[Update]) -> None:
        """Takes note of a push: the first branch becomes the default, and each change is an event.

        https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html (2026-11-25)
        """
        repository = self.shelf.at(place.account, place.region).get(place.name)
        if repository is None:
            return
        repository.modified = self.clock()
        for update in updates:
            branch = update.reference.removeprefix(BRANCHES)
            if repository.default_branch is None and update.new and update.reference.startswith(BRANCHES):
                self.set_default_branch(repository, branch)
            self._publish(place.account, place.region, _event(repository, place, caller, update))

    def set_default_branch(self, repository: Repository, branch: str) -> None:
        """Makes it the branch that a clone checks out."""
        from crosslane.sandbox.git.repositories import set_default

        with self.content.opened(repository.id) as repo:
            set_default(repo, branch)
        repository.default_branch = branch

    def named(self, request: Request) -> Repository:
        """The repository that a request names."""
        name = request.parameters["repositoryName"]
        found = self.shelf.of(request).get(name)
        if found is None:
            raise ServiceError("RepositoryDoesNotExistException", f"{name} does not exist")
        return found


def handlers(codecommit: CodeCommit) -> dict[Key, Handler]:
    """The operations of CodeCommit; the others are refused by name."""
    answered = {**_repositories(codecommit), **_tagging(codecommit)}
    answered |= {operation: _late(codecommit, operation) for operation in _CONTENT}
    return {("codecommit", operation): handler for operation, handler in answered.items()}


def _late(codecommit: CodeCommit, operation: str) -> Handler:
    """The handler of an operation on content, imported with git's library when it is called."""

    def handle(request: Request) -> Mapping[str, Any]:
        from crosslane.sandbox.services import codecommit_content

        return codecommit_content.handlers(codecommit)[operation](request)

    return handle


_CONTENT = (
    "CreateBranch",
    "CreateCommit",
    "DeleteBranch",
    "GetBranch",
    "GetCommit",
    "GetFile",
    "GetFolder",
    "ListBranches",
    "PutFile",
    "UpdateDefaultBranch",
)


def _repositories(codecommit: CodeCommit) -> dict[str, Handler]:
    shelf, clock = codecommit.shelf, codecommit.clock

    def create(request: Request) -> Mapping[str, Any]:
        name = request.parameters["repositoryName"]
        with shelf.locked():
            if name in shelf.of(request):
                raise ServiceError("RepositoryNameExistsException", f"Repository named {name} already exists")
            made = _new(codecommit.store, request, name, clock())
            codecommit.content.create(made.id)
            shelf.of(request)[name] = made
        return {"repositoryMetadata": _metadata(codecommit, request, name, made)}

    def get(request: Request) -> Mapping[str, Any]:
        name = request.parameters["repositoryName"]
        return {"repositoryMetadata": _metadata(codecommit, request, name, codecommit.named(request))}

    def batch_get(request: Request) -> Mapping[str, Any]:
        kept, names = shelf.of(request), request.parameters["repositoryNames"]
        found = [_metadata(codecommit, request, name, kept[name]) for name in names if name in kept]
        return {"repositories": found, "repositoriesNotFound": [name for name in names if name not in kept]}

    def list_all(request: Request) -> Mapping[str, Any]:
        kept = sorted(shelf.of(request).items())
        return {"repositories": [{"repositoryName": name, "repositoryId": one.id} for name, one in kept]}

    def delete(request: Request) -> Mapping[str, Any]:
        gone = shelf.of(request).pop(request.parameters["repositoryName"], None)
        if gone is None:
            return {}
        codecommit.content.remove(gone.id)
        return {"repositoryId": gone.id}

    def describe(request: Request) -> Mapping[str, Any]:
        repository = codecommit.named(request)
        repository.description = request.parameters.get("repositoryDescription")
        repository.modified = clock()
        return {}

    return {
        "CreateRepository": create,
        "GetRepository": get,
        "BatchGetRepositories": batch_get,
        "ListRepositories": list_all,
        "DeleteRepository": delete,
        "UpdateRepositoryDescription": describe,
    }


def _tagging(codecommit: CodeCommit) -> dict[str, Handler]:
    def tagged(request: Request) -> Repository:
        arn = str(request.parameters["resourceArn"])
        for repository in codecommit.shelf.of(request).values():
            if repository.arn == arn:
                return repository
        raise ServiceError("RepositoryDoesNotExistException", f"{arn.rpartition(':')[2]} does not exist")

    def list_tags(request: Request) -> Mapping[str, Any]:
        return {"tags": dict(tagged(request).tags)}

    def tag(request: Request) -> Mapping[str, Any]:
        tagged(request).tags.update(request.parameters["tags"])
        return {}

    def untag(request: Request) -> Mapping[str, Any]:
        repository = tagged(request)
        for name in request.parameters["tagKeys"]:
            repository.tags.pop(name, None)
        return {}

    return {"ListTagsForResource": list_tags, "TagResource": tag, "UntagResource": untag}


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


def _metadata(codecommit: CodeCommit, request: Request, name: str, repository: Repository) -> Mapping[str, Any]:
    return {
        "accountId": request.account,
        "repositoryId": repository.id,
        "repositoryName": name,
        "repositoryDescription": repository.description,
        "defaultBranch": repository.default_branch,
        "creationDate": repository.created,
        "lastModifiedDate": repository.modified,
        "cloneUrlHttp": f"{codecommit.endpoint}{PREFIX}{name}",
        "cloneUrlSsh": f"ssh://git-codecommit.{request.region}.amazonaws.com{PREFIX}{name}",
        "Arn": repository.arn,
        "kmsKeyId": repository.key,
    }


def _event(repository: Repository, place: Place, caller: Caller, update: Update) -> Mapping[str, Any]:
    kinds = {BRANCHES: "branch", "refs/tags/": "tag"}
    prefix = next((prefix for prefix in kinds if update.reference.startswith(prefix)), "")
    what = "referenceDeleted" if update.new is None else "referenceUpdated" if update.old else "referenceCreated"
    detail = {
        "callerUserArn": caller.arn,
        "commitId": update.new,
        "oldCommitId": update.old,
        "event": what,
        "referenceFullName": update.reference,
        "referenceName": update.reference.removeprefix(prefix),
        "referenceType": kinds.get(prefix, "reference"),
        "repositoryId": repository.id,
        "repositoryName": place.name,
    }
    return {
        "source": "aws.codecommit",
        "detail-type": "CodeCommit Repository State Change",
        "resources": [repository.arn],
        "detail": {name: value for name, value in detail.items() if value is not None},
    }
