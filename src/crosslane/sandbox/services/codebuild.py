"""CodeBuild: projects, and the builds that run of them.

moto keeps a part of a project only, cannot change one, and asks for a source's location where CodePipeline is it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crosslane.sandbox.builds.engine import Builds
from crosslane.sandbox.builds.model import Build
from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.services.shelf import Shelf
from crosslane.sandbox.store import Store

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Project:
    """A project in the members of the API's ``Project``."""

    members: Mapping[str, Any]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.members["arn"])


def handlers(store: Store, clock: Callable[[], datetime], builds: Builds) -> dict[Key, Handler]:
    """The operations of CodeBuild; the others are refused by name."""
    shelf: Shelf[Project] = Shelf()
    answered = {**_projects(store, clock, shelf), **_builds(shelf, builds)}
    return {("codebuild", operation): handler for operation, handler in answered.items()}


def _projects(store: Store, clock: Callable[[], datetime], shelf: Shelf[Project]) -> dict[str, Handler]:
    def create(request: Request) -> Mapping[str, Any]:
        name = request.parameters["name"]
        with shelf.locked():
            if name in shelf.of(request):
                arn = shelf.of(request)[name].arn
                raise ServiceError("ResourceAlreadyExistsException", f"Project already exists: {arn}")
            project = _project(store, request, _defaults(store, request, clock()), request.parameters, clock())
            shelf.of(request)[name] = project
        return {"project": project.members}

    def update(request: Request) -> Mapping[str, Any]:
        name = request.parameters["name"]
        with shelf.locked():
            kept = shelf.of(request).get(name)
            if kept is None:
                raise ServiceError("ResourceNotFoundException", f"Project cannot be found: {name}")
            project = _project(store, request, kept.members, request.parameters, clock())
            shelf.of(request)[name] = project
        return {"project": project.members}

    def batch_get(request: Request) -> Mapping[str, Any]:
        kept, names = shelf.of(request), [str(name) for name in request.parameters["names"]]
        by_arn = {project.arn: project for project in kept.values()}
        found = {name: kept.get(name) or by_arn.get(name) for name in names}
        return {
            "projects": [project.members for project in found.values() if project],
            "projectsNotFound": [name for name, project in found.items() if project is None],
        }

    def list_all(request: Request) -> Mapping[str, Any]:
        return {"projects": sorted(shelf.of(request), reverse=request.parameters.get("sortOrder") == "DESCENDING")}

    def delete(request: Request) -> Mapping[str, Any]:
        shelf.of(request).pop(request.parameters["name"].rpartition("/")[2], None)
        return {}

    return {
        "CreateProject": create,
        "UpdateProject": update,
        "BatchGetProjects": batch_get,
        "ListProjects": list_all,
        "DeleteProject": delete,
    }


def _builds(shelf: Shelf[Project], builds: Builds) -> dict[str, Handler]:
    def project(request: Request, message: str) -> Project:
        name = str(request.parameters["projectName"])
        found = shelf.of(request).get(name.rpartition("/")[2])
        if found is None:
            raise ServiceError("ResourceNotFoundException", message.format(name))
        return found

    def start(request: Request) -> Mapping[str, Any]:
        found = project(request, "Project cannot be found: {}")
        return {"build": builds.start(request, found.members).members()}

    def stop(request: Request) -> Mapping[str, Any]:
        build = builds.find(request.account, request.region, request.parameters["id"])
        if build is None:
            raise ServiceError("ResourceNotFoundException", f"Build cannot be found: {request.parameters['id']}")
        builds.stop(build)
        return {"build": build.members()}

    def batch_get(request: Request) -> Mapping[str, Any]:
        found = {name: builds.find(request.account, request.region, name) for name in request.parameters["ids"]}
        return {
            "builds": [build.members() for build in found.values() if build is not None],
            "buildsNotFound": [name for name, build in found.items() if build is None],
        }

    def list_all(request: Request) -> Mapping[str, Any]:
        return _ids(request, builds.all(request.account, request.region))

    def list_of_project(request: Request) -> Mapping[str, Any]:
        found = project(request, "The provided project {} does not exist")
        return _ids(request, builds.all(request.account, request.region, str(found.members["name"])))

    return {
        "StartBuild": start,
        "StopBuild": stop,
        "BatchGetBuilds": batch_get,
        "ListBuilds": list_all,
        "ListBuildsForProject": list_of_project,
    }


def _ids(request: Request, found: Sequence[Build]) -> Mapping[str, Any]:
    """Newest first unless it is asked for otherwise."""
    ids = [build.order.id for build in found]
    return {"ids": ids[::-1] if request.parameters.get("sortOrder") == "ASCENDING" else ids}


def _defaults(store: Store, request: Request, now: datetime) -> Mapping[str, Any]:
    """What AWS fills in (https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html)."""
    place = f"{request.region}:{request.account}"
    return {
        "arn": f"arn:{store.partition}:codebuild:{place}:project/{request.parameters['name']}",
        "encryptionKey": f"arn:{store.partition}:kms:{place}:alias/aws/s3",
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "cache": {"type": "NO_CACHE"},
        "badge": {"badgeEnabled": False},
        "projectVisibility": "PRIVATE",
        "tags": [],
        "created": now,
    }


def _project(
    store: Store, request: Request, base: Mapping[str, Any], parameters: Mapping[str, Any], now: datetime
) -> Project:
    members = {**base, **parameters, "lastModified": now}
    members.pop("badgeEnabled", None)
    if "badgeEnabled" in parameters:
        members["badge"] = {"badgeEnabled": parameters["badgeEnabled"]}
    members["environment"] = {
        "imagePullCredentialsType": "CODEBUILD",
        "privilegedMode": False,
        "environmentVariables": [],
        **members.get("environment", {}),
    }
    source, artifacts = members.get("source", {}), members.get("artifacts", {})
    without_location = ("CODEPIPELINE", "NO_SOURCE")
    if source.get("type") not in without_location and not source.get("location"):
        raise ServiceError("InvalidInputException", "Project source location is required")
    if (source.get("type") == "CODEPIPELINE") != (artifacts.get("type") == "CODEPIPELINE"):
        message = "Invalid artifacts: project source and artifacts must both be of type CODEPIPELINE, or neither"
        raise ServiceError("InvalidInputException", message)
    _require_role(store, request, str(members["serviceRole"]))
    return Project(members)


def _require_role(store: Store, request: Request, role: str) -> None:
    arn = role if role.startswith("arn:") else f"arn:{store.partition}:iam::{request.account}:role/{role}"
    if store.role(arn) is None or f"::{request.account}:" not in arn:
        message = f"CodeBuild is not authorized to perform: sts:AssumeRole on service role. Role: {arn}"
        raise ServiceError("InvalidInputException", message)
