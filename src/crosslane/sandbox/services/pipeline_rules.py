"""What a pipeline's definition has to fulfil.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipeline-requirements.html (2026-10)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosslane.sandbox.request import Request, ServiceError
from crosslane.sandbox.store import Store

_V2_ONLY = ("variables", "triggers")


def check_structure(store: Store, request: Request, definition: Mapping[str, Any]) -> None:
    """Raises ``InvalidStructureException`` for a definition that AWS would not take."""
    stages = definition["stages"]
    if len(stages) < 2:
        raise _invalid("Pipeline has only 1 stage(s). There should be a minimum of 2 stages in a pipeline")
    _check_names(stages)
    _check_sources(stages)
    _check_artifacts(stages)
    if definition["pipelineType"] != "V2":
        for member in _V2_ONLY:
            if definition.get(member):
                raise _invalid(f"Pipeline {member} can only be used in V2 type pipelines")
        if definition["executionMode"] != "SUPERSEDED":
            raise _invalid(f"The execution mode {definition['executionMode']} can only be used in V2 type pipelines")
    if ("artifactStore" in definition) == ("artifactStores" in definition):
        raise _invalid("Exactly one of artifactStore and artifactStores has to be given")
    role = str(definition["roleArn"])
    if store.role(role) is None or f"::{request.account}:" not in role:
        raise _invalid(f"CodePipeline is not authorized to perform AssumeRole on role {role}")


def _check_names(stages: Sequence[Mapping[str, Any]]) -> None:
    _unique([str(stage["name"]) for stage in stages], "Stage name")
    for stage in stages:
        if not stage["actions"]:
            raise _invalid(f"Stage {stage['name']} should have at least one action")
        _unique([str(action["name"]) for action in stage["actions"]], f"In stage {stage['name']}, action name")


def _unique(names: Sequence[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise _invalid(f"{what} {name} has been used more than once. Names must be unique")


def _check_sources(stages: Sequence[Mapping[str, Any]]) -> None:
    for position, stage in enumerate(stages):
        for action in stage["actions"]:
            is_source = action["actionTypeId"]["category"] == "Source"
            if is_source and position > 0:
                raise _invalid(f"Action {action['name']}: Source actions may only occur in the first stage")
            if not is_source and position == 0:
                raise _invalid("Pipeline should start with a stage that only contains source actions")
            if action.get("roleArn") and action["actionTypeId"]["owner"] == "ThirdParty":
                raise _invalid(f"Action {action['name']}: roleArn cannot be used with ThirdParty actions")


def _check_artifacts(stages: Sequence[Mapping[str, Any]]) -> None:
    """Each input is the output of an earlier action, and no name is put out twice."""
    made: set[str] = set()
    for stage in stages:
        for order in sorted({int(action["runOrder"]) for action in stage["actions"]}):
            together = [action for action in stage["actions"] if int(action["runOrder"]) == order]
            for action in together:
                for artifact in action["inputArtifacts"]:
                    if artifact["name"] not in made:
                        raise _invalid(
                            f"Input Artifact Bundle {artifact['name']} in action {action['name']} is declared at a "
                            "position that is not after the Output Artifact Bundle it uses"
                        )
            for action in together:
                for artifact in action["outputArtifacts"]:
                    if artifact["name"] in made:
                        raise _invalid(
                            f"Output Artifact Bundle name must be unique within the pipeline: {artifact['name']}"
                        )
                    made.add(artifact["name"])


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidStructureException", message)
