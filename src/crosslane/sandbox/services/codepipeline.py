"""CodePipeline: pipelines with every member that a definition has. ``pipeline_executions`` has their runs.

moto keeps definitions but has no state of a pipeline and loses members on the way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosslane.sandbox.identities import Identities
from crosslane.sandbox.pipeline.engine import Engine
from crosslane.sandbox.pipeline.line import Line
from crosslane.sandbox.pipeline.model import Trigger
from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.services import pipeline_executions
from crosslane.sandbox.services.pipeline_rules import check_structure
from crosslane.sandbox.services.shelf import Shelf, tag_list, tags_of
from crosslane.sandbox.store import Store

Key = tuple[str, str]


@dataclass(slots=True)
class Pipeline:
    """A pipeline with all ``versions`` of its definition, oldest first, and its executions in ``line``."""

    arn: str
    line: Line
    versions: list[Mapping[str, Any]]
    created: datetime
    updated: datetime
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def definition(self) -> Mapping[str, Any]:
        """The version in force."""
        return self.versions[-1]


def handlers(store: Store, identities: Identities, engine: Engine) -> dict[Key, Handler]:
    """The operations of CodePipeline; the others are refused by name."""
    shelf: Shelf[Pipeline] = Shelf()

    def named(request: Request, name: str) -> Pipeline:
        return _named(shelf, request, name)

    answered: dict[str, Handler] = {
        **_definitions(store, identities.clock, shelf, engine),
        **_tagging(shelf),
        **_reading(shelf),
        **pipeline_executions.handlers(named, engine, identities, identities.clock),
    }
    return {("codepipeline", operation): handler for operation, handler in answered.items()}


def _definitions(
    store: Store, clock: Callable[[], datetime], shelf: Shelf[Pipeline], engine: Engine
) -> dict[str, Handler]:
    def create(request: Request) -> Mapping[str, Any]:
        given = request.parameters["pipeline"]
        name = given["name"]
        with shelf.locked():
            if name in shelf.of(request):
                raise ServiceError("PipelineNameInUseException", f"A pipeline with the name '{name}' already exists")
            definition = _complete(given, 1)
            check_structure(store, request, definition)
            arn = f"arn:{store.partition}:codepipeline:{request.region}:{request.account}:{name}"
            tags = tags_of(request.parameters.get("tags"))
            pipeline = Pipeline(arn, Line(arn, clock), [definition], clock(), clock(), tags)
            shelf.of(request)[name] = pipeline
        # A new pipeline starts itself; one that cannot run here is kept all the same.
        with contextlib.suppress(ServiceError):
            engine.start(pipeline.line, definition, Trigger("CreatePipeline", request.caller.arn))
        return {"pipeline": definition, "tags": tag_list(tags)}

    def update(request: Request) -> Mapping[str, Any]:
        given = request.parameters["pipeline"]
        with shelf.locked():
            pipeline = _named(shelf, request, given["name"])
            definition = _complete(given, int(pipeline.definition["version"]) + 1)
            check_structure(store, request, definition)
            pipeline.versions.append(definition)
            pipeline.updated = clock()
        return {"pipeline": definition}

    def delete(request: Request) -> Mapping[str, Any]:
        gone = shelf.of(request).pop(request.parameters["name"], None)
        if gone is not None:
            gone.line.close()
        return {}

    return {"CreatePipeline": create, "UpdatePipeline": update, "DeletePipeline": delete}


def _reading(shelf: Shelf[Pipeline]) -> dict[str, Handler]:
    def get(request: Request) -> Mapping[str, Any]:
        pipeline = _named(shelf, request, request.parameters["name"])
        version = request.parameters.get("version", len(pipeline.versions))
        if not 1 <= version <= len(pipeline.versions):
            raise ServiceError("PipelineVersionNotFoundException", f"There is no version {version} of this pipeline")
        dates = {"created": pipeline.created, "updated": pipeline.updated}
        return {"pipeline": pipeline.versions[version - 1], "metadata": {"pipelineArn": pipeline.arn, **dates}}

    def list_all(request: Request) -> Mapping[str, Any]:
        listed = ("name", "version", "pipelineType", "executionMode")
        return {
            "pipelines": [
                {
                    **{member: pipeline.definition[member] for member in listed},
                    "created": pipeline.created,
                    "updated": pipeline.updated,
                }
                for _, pipeline in sorted(shelf.of(request).items())
            ]
        }

    return {"GetPipeline": get, "ListPipelines": list_all}


def _tagging(shelf: Shelf[Pipeline]) -> dict[str, Handler]:
    def list_tags(request: Request) -> Mapping[str, Any]:
        return {"tags": tag_list(_tagged(shelf, request).tags)}

    def tag(request: Request) -> Mapping[str, Any]:
        _tagged(shelf, request).tags.update(tags_of(request.parameters["tags"]))
        return {}

    def untag(request: Request) -> Mapping[str, Any]:
        pipeline = _tagged(shelf, request)
        for name in request.parameters["tagKeys"]:
            pipeline.tags.pop(name, None)
        return {}

    return {"ListTagsForResource": list_tags, "TagResource": tag, "UntagResource": untag}


def _complete(given: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """The definition with what AWS fills in
    (https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html)."""
    return {
        "executionMode": "SUPERSEDED",
        "pipelineType": "V1",
        **given,
        "version": version,
        "stages": [
            {
                **stage,
                "actions": [
                    {"runOrder": 1, "configuration": {}, "outputArtifacts": [], "inputArtifacts": [], **action}
                    for action in stage["actions"]
                ],
            }
            for stage in given["stages"]
        ],
    }


def _named(shelf: Shelf[Pipeline], request: Request, name: str) -> Pipeline:
    found = shelf.of(request).get(name)
    if found is None:
        message = f"Account '{request.account}' does not have a pipeline with name '{name}'"
        raise ServiceError("PipelineNotFoundException", message)
    return found


def _tagged(shelf: Shelf[Pipeline], request: Request) -> Pipeline:
    arn = str(request.parameters["resourceArn"])
    for pipeline in shelf.of(request).values():
        if pipeline.arn == arn:
            return pipeline
    name = arn.rpartition(":")[2]
    message = f"The account with id '{request.account}' does not include a pipeline with the name '{name}'"
    raise ServiceError("ResourceNotFoundException", message)
