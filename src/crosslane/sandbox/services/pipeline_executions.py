"""CodePipeline's operations on executions: start, look, stop, retry, approve, transitions.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_Operations.html (2026-11-25)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crosslane.sandbox.identities import Identities
from crosslane.sandbox.pipeline import state
from crosslane.sandbox.pipeline.engine import Engine
from crosslane.sandbox.pipeline.line import Closed, Line
from crosslane.sandbox.pipeline.model import (
    FAILED,
    IN_PROGRESS,
    STOPPING,
    SUCCEEDED,
    ActionRun,
    Execution,
    Trigger,
)
from crosslane.sandbox.request import Handler, Request, ServiceError

if TYPE_CHECKING:
    from crosslane.sandbox.services.codepipeline import Pipeline

Named = Callable[[Request, str], "Pipeline"]
"""The pipeline of that name in the request's account and region."""

_EVENTS = "events.amazonaws.com"


def handlers(named: Named, engine: Engine, identities: Identities, clock: Callable[[], datetime]) -> dict[str, Handler]:
    """By operation."""
    return {
        **_starting(named, engine, identities),
        **_looking(named),
        **_stopping(named, engine),
        **_approving(named, clock),
        **_transitions(named, clock),
    }


def _starting(named: Named, engine: Engine, identities: Identities) -> dict[str, Handler]:
    def start(request: Request) -> Mapping[str, Any]:
        pipeline = named(request, request.parameters["name"])
        token = request.parameters.get("clientRequestToken")
        known = next((one for one in pipeline.line.executions if token and one.token == token), None)
        if known is not None:
            return {"pipelineExecutionId": known.id}
        overrides = _overrides(pipeline.definition, request.parameters.get("sourceRevisions", ()))
        given = {one["name"]: one["value"] for one in request.parameters.get("variables", ())}
        made = engine.start(
            pipeline.line,
            pipeline.definition,
            _trigger(request, identities),
            overrides=overrides,
            given=given,
            token=token,
        )
        return {"pipelineExecutionId": made.id}

    return {"StartPipelineExecution": start}


def _trigger(request: Request, identities: Identities) -> Trigger:
    """EventBridge starts with the role of a rule's target; the rule is then what started it."""
    identity = identities.find(request.caller.access_key or "")
    if identity is not None and identity.assumed_by == _EVENTS:
        return Trigger("CloudWatchEvent", identity.source_arn or "")
    return Trigger("StartPipelineExecution", request.caller.arn)


def _overrides(definition: Mapping[str, Any], given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    sources = {action["name"] for action in definition["stages"][0]["actions"]}
    for one in given:
        if one["actionName"] not in sources:
            raise ServiceError("ValidationException", f"There is no source action {one['actionName']}")
        if one["revisionType"] != "COMMIT_ID":
            message = f"The sandbox does not support revisions of type {one['revisionType']}"
            raise ServiceError("NotImplemented", message)
    return {one["actionName"]: one["revisionValue"] for one in given}


def _looking(named: Named) -> dict[str, Handler]:
    def get_state(request: Request) -> Mapping[str, Any]:
        pipeline = named(request, request.parameters["name"])
        return {
            "pipelineName": pipeline.definition["name"],
            "pipelineVersion": pipeline.definition["version"],
            "stageStates": state.stage_states(pipeline.line, pipeline.definition),
            "created": pipeline.created,
            "updated": pipeline.updated,
        }

    def get_execution(request: Request) -> Mapping[str, Any]:
        pipeline = named(request, request.parameters["pipelineName"])
        execution = _execution(pipeline.line, request.parameters["pipelineExecutionId"])
        return {"pipelineExecution": state.execution_members(execution)}

    def list_executions(request: Request) -> Mapping[str, Any]:
        pipeline = named(request, request.parameters["pipelineName"])
        stage = request.parameters.get("filter", {}).get("succeededInStage", {}).get("stageName")
        found = [
            state.execution_summary(one)
            for one in reversed(pipeline.line.executions)
            if stage is None or (stage in one.stages and one.stages[stage].status == SUCCEEDED)
        ]
        return _page(request, found, "pipelineExecutionSummaries")

    def list_actions(request: Request) -> Mapping[str, Any]:
        line = named(request, request.parameters["pipelineName"]).line
        chosen = request.parameters.get("filter", {})
        latest = chosen.get("latestInPipelineExecution", {}).get("pipelineExecutionId")
        wanted = chosen.get("pipelineExecutionId") or latest
        if wanted is not None:
            _execution(line, wanted)
        runs = [run for run in line.action_runs() if wanted in (None, run.execution_id)]
        if latest is not None:
            runs = list({(run.stage, run.name): run for run in runs}.values())
        return _page(request, [state.action_detail(run) for run in reversed(runs)], "actionExecutionDetails")

    return {
        "GetPipelineState": get_state,
        "GetPipelineExecution": get_execution,
        "ListPipelineExecutions": list_executions,
        "ListActionExecutions": list_actions,
    }


def _stopping(named: Named, engine: Engine) -> dict[str, Handler]:
    def stop(request: Request) -> Mapping[str, Any]:
        line = named(request, request.parameters["pipelineName"]).line
        abandon = bool(request.parameters.get("abandon"))
        with line.changing:
            execution = _execution(line, request.parameters["pipelineExecutionId"])
            if execution.status == STOPPING and not abandon:
                message = f"The pipeline execution {execution.id} is being stopped already"
                raise ServiceError("DuplicatedStopRequestException", message)
            if execution.status not in (IN_PROGRESS, STOPPING):
                message = f"The pipeline execution {execution.id} cannot be stopped: it is {execution.status}"
                raise ServiceError("PipelineExecutionNotStoppableException", message)
            line.stop(execution, request.parameters.get("reason"), abandon=abandon)
        return {"pipelineExecutionId": execution.id}

    def retry(request: Request) -> Mapping[str, Any]:
        pipeline = named(request, request.parameters["pipelineName"])
        line, name = pipeline.line, request.parameters["stageName"]
        with line.changing:
            stage = line.stage(_stage(pipeline.definition, name))
            execution = _execution(line, request.parameters["pipelineExecutionId"])
            if stage.latest is None or stage.latest.execution_id != execution.id:
                message = f"{execution.id} is not the latest pipeline execution in the stage {name}"
                raise ServiceError("NotLatestPipelineExecutionException", message)
            run = execution.stages[name]
            changed = execution.version != pipeline.definition["version"]
            if run.status != FAILED or execution.status != FAILED or changed:
                message = (
                    f"The stage {name} cannot be retried: its actions have not failed, or the pipeline's structure or "
                    "the stage's state has changed since"
                )
                raise ServiceError("StageNotRetryableException", message)
            engine.retry(line, execution, name, request.parameters["retryMode"])
        return {"pipelineExecutionId": execution.id}

    return {"StopPipelineExecution": stop, "RetryStageExecution": retry}


def _approving(named: Named, clock: Callable[[], datetime]) -> dict[str, Handler]:
    def approve(request: Request) -> Mapping[str, Any]:
        pipeline = named(request, request.parameters["pipelineName"])
        line, given = pipeline.line, request.parameters["result"]
        with line.changing:
            run = _approval(pipeline, request)
            if run is None or run.token != request.parameters["token"]:
                message = "The approval token is not that of an approval that waits"
                raise ServiceError("InvalidApprovalTokenException", message)
            if run.status != IN_PROGRESS or run.decision is not None:
                raise ServiceError(
                    "ApprovalAlreadyCompletedException", "The approval has been given or refused already"
                )
            run.decision, run.summary, run.updated_by = given["status"], given["summary"], request.caller.arn
            line.changing.notify_all()
        return {"approvedAt": clock()}

    return {"PutApprovalResult": approve}


def _approval(pipeline: Pipeline, request: Request) -> ActionRun | None:
    name, action = request.parameters["stageName"], request.parameters["actionName"]
    _stage(pipeline.definition, name)
    for stage in pipeline.definition["stages"]:
        if stage["name"] != name:
            continue
        found = next((one for one in stage["actions"] if one["name"] == action), None)
        if found is None or found["actionTypeId"]["category"] != "Approval":
            message = f"There is no approval action {action} in the stage {name}"
            raise ServiceError("ActionNotFoundException", message)
    return pipeline.line.stage(name).actions.get(action)


def _transitions(named: Named, clock: Callable[[], datetime]) -> dict[str, Handler]:
    def change(request: Request, closed: Closed | None) -> Mapping[str, Any]:
        pipeline = named(request, request.parameters["pipelineName"])
        if request.parameters["transitionType"] != "Inbound":
            raise ServiceError("NotImplemented", "The sandbox does not support transitions of type Outbound")
        with pipeline.line.changing:
            stage = pipeline.line.stage(_stage(pipeline.definition, request.parameters["stageName"]))
            stage.closed, stage.reopened = closed, (clock(), request.caller.arn)
            pipeline.line.changing.notify_all()
        return {}

    def enable(request: Request) -> Mapping[str, Any]:
        return change(request, None)

    def disable(request: Request) -> Mapping[str, Any]:
        return change(request, Closed(request.parameters["reason"], clock(), request.caller.arn))

    return {"EnableStageTransition": enable, "DisableStageTransition": disable}


def _stage(definition: Mapping[str, Any], name: str) -> str:
    if name not in [stage["name"] for stage in definition["stages"]]:
        message = f"The pipeline {definition['name']} has no stage {name}"
        raise ServiceError("StageNotFoundException", message)
    return name


def _execution(line: Line, execution_id: str) -> Execution:
    found = line.execution(execution_id)
    if found is None:
        message = f"There is no pipeline execution with the id {execution_id}"
        raise ServiceError("PipelineExecutionNotFoundException", message)
    return found


def _page(request: Request, found: Sequence[Mapping[str, Any]], member: str) -> Mapping[str, Any]:
    """A part of a list; the token is where the next part begins."""
    size, token = int(request.parameters.get("maxResults", 100)), request.parameters.get("nextToken", "0")
    if not str(token).isdecimal() or int(token) > len(found):
        raise ServiceError("InvalidNextTokenException", "The next token is not valid")
    start = int(token)
    end = start + size
    more = {"nextToken": str(end)} if end < len(found) else {}
    return {member: list(found[start:end]), **more}
