"""Reads a pipeline's definition and its executions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crosslane.aws.errors import AwsError
from crosslane.errors import OutcomeError
from crosslane.pipeline.calling import Caller, all_pages
from crosslane.pipeline.model import Action, ActionStatus, Declared, Definition, Execution, ExecutionStatus, Revision


def read_definition(caller: Caller, name: str) -> Definition:
    """The pipeline's stages and actions. ``OutcomeError`` if there is no such pipeline.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipeline.html
    """
    try:
        pipeline = caller.call("codepipeline", "GetPipeline", {"name": name})["pipeline"]
    except AwsError as error:
        if error.code != "PipelineNotFoundException":
            raise
        raise OutcomeError(
            f"there is no pipeline {name}", code=error.code, account=caller.account, next="crosslane up makes it"
        ) from error
    actions = [
        _declared(stage["name"], action)
        for stage in pipeline["stages"]
        for action in sorted(stage["actions"], key=lambda one: one.get("runOrder", 1))
    ]
    return Definition(name, tuple(stage["name"] for stage in pipeline["stages"]), tuple(actions))


def latest_execution(caller: Caller, name: str) -> str | None:
    """The id of the execution that was started last, or None if there was none.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html: the newest first.
    """
    answer = caller.call("codepipeline", "ListPipelineExecutions", {"pipelineName": name, "maxResults": 1})
    found = answer.get("pipelineExecutionSummaries", [])
    return str(found[0]["pipelineExecutionId"]) if found else None


def read_execution(caller: Caller, definition: Definition, execution_id: str) -> Execution:
    """The execution with all its actions. ``OutcomeError`` if the pipeline has no such execution."""
    found = _without_actions(caller, definition, execution_id)
    return replace(found, actions=read_actions(caller, definition, execution_id))


def read_again(caller: Caller, definition: Definition, before: Execution) -> Execution:
    """The execution as it is now.

    While an action works, the execution as a whole does not change, so only actions are asked for then.
    """
    actions = read_actions(caller, definition, before.id)
    busy = any(one.status is ActionStatus.IN_PROGRESS and not one.declared.is_approval for one in actions)
    if busy and before.revisions:
        return replace(before, actions=actions)
    found = _without_actions(caller, definition, before.id)
    if found.status.final:
        # It may have ended between the two calls: the actions that were read first may be older than its end.
        actions = read_actions(caller, definition, before.id)
    return replace(found, actions=actions)


def read_revisions(caller: Caller, pipeline: str, execution_id: str) -> tuple[Revision, ...]:
    """What the execution runs on."""
    return _without_actions(caller, Definition(pipeline, (), ()), execution_id).revisions


def read_actions(caller: Caller, definition: Definition, execution_id: str) -> tuple[Action, ...]:
    """Every action of the definition, with its latest run in this execution.

    An action that was retried has several runs; one that ran and is no longer in the definition comes last.
    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html
    """
    runs = all_pages(
        caller,
        "codepipeline",
        "ListActionExecutions",
        "actionExecutionDetails",
        {"pipelineName": definition.name, "filter": {"pipelineExecutionId": execution_id}},
    )
    latest: dict[tuple[str, str], Mapping[str, Any]] = {}
    for run in runs:
        key = (run["stageName"], run["actionName"])
        if key not in latest or run["startTime"] > latest[key]["startTime"]:
            latest[key] = run
    known = {(declared.stage, declared.name) for declared in definition.actions}
    actions = [_run(declared, latest.get((declared.stage, declared.name))) for declared in definition.actions]
    gone = [run for key, run in latest.items() if key not in known]
    actions += [_run(_undeclared(run), run) for run in sorted(gone, key=lambda run: run["startTime"])]
    return tuple(actions)


def _without_actions(caller: Caller, definition: Definition, execution_id: str) -> Execution:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineExecution.html"""
    asked = {"pipelineName": definition.name, "pipelineExecutionId": execution_id}
    try:
        found = caller.call("codepipeline", "GetPipelineExecution", asked)["pipelineExecution"]
    except AwsError as error:
        if error.code not in ("PipelineExecutionNotFoundException", "ValidationException"):
            raise
        raise OutcomeError(
            f"the pipeline {definition.name} has no execution {execution_id}",
            code="PipelineExecutionNotFoundException",
            account=caller.account,
            next="crosslane status shows the latest one",
        ) from error
    trigger = found.get("trigger", {})
    return Execution(
        pipeline=definition.name,
        id=execution_id,
        status=ExecutionStatus(found["status"]),
        summary=found.get("statusSummary", ""),
        trigger=": ".join(text for text in (trigger.get("triggerType"), trigger.get("triggerDetail")) if text),
        revisions=tuple(_revision(one) for one in found.get("artifactRevisions", [])),
        stages=definition.stages,
        actions=(),
    )


def _declared(stage: str, action: Mapping[str, Any]) -> Declared:
    kind = action["actionTypeId"]
    configuration = tuple(sorted(action.get("configuration", {}).items()))
    return Declared(
        stage,
        action["name"],
        kind["category"],
        kind["provider"],
        action.get("roleArn"),
        configuration,
    )


def _undeclared(run: Mapping[str, Any]) -> Declared:
    """What an action was that the pipeline had when it ran and has no longer."""
    given = run.get("input", {})
    kind = given.get("actionTypeId", {})
    return Declared(
        run["stageName"],
        run["actionName"],
        kind.get("category", ""),
        kind.get("provider", ""),
        given.get("roleArn"),
        tuple(sorted(given.get("configuration", {}).items())),
    )


def _run(declared: Declared, run: Mapping[str, Any] | None) -> Action:
    if run is None:
        return Action(declared)
    result = run.get("output", {}).get("executionResult", {})
    error = result.get("errorDetails", {})
    return Action(
        declared,
        ActionStatus(run["status"]),
        run["startTime"],
        run.get("lastUpdateTime"),
        result.get("externalExecutionSummary", ""),
        run.get("updatedBy", ""),
        result.get("externalExecutionId", ""),
        result.get("externalExecutionUrl", ""),
        error.get("code", ""),
        error.get("message", ""),
    )


def _revision(found: Mapping[str, Any]) -> Revision:
    return Revision(
        found.get("name", ""),
        found.get("revisionId", ""),
        found.get("revisionSummary", ""),
        found.get("revisionUrl", ""),
    )
