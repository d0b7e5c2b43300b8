"""Pipelines' executions in the shapes that the API answers with.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineState.html and its neighbours (2026-11-25)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.builds.model import Located
from crosslane.sandbox.pipeline.line import Line, Stage
from crosslane.sandbox.pipeline.model import IN_PROGRESS, ActionRun, Execution, StageRun


def stage_states(line: Line, definition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """``stageStates`` of GetPipelineState."""
    with line.changing:
        return [_stage_state(stage, line.stage(stage["name"])) for stage in definition["stages"]]


def _stage_state(definition: Mapping[str, Any], stage: Stage) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "stageName": definition["name"],
        "inboundTransitionState": _transition(stage),
        "actionStates": [_action_state(action, stage) for action in definition["actions"]],
    }
    if stage.waiting is not None:
        waiting = {"pipelineExecutionId": stage.waiting.id, "status": IN_PROGRESS, "type": "STANDARD"}
        found |= {"inboundExecution": waiting, "inboundExecutions": [waiting]}
    if stage.latest is not None:
        found["latestExecution"] = {
            "pipelineExecutionId": stage.latest.execution_id,
            "status": _stage_status(stage.latest, stage.occupant),
            "type": "STANDARD",
        }
        if stage.latest.retries:
            found["retryStageMetadata"] = {
                "manualStageRetryAttempt": stage.latest.retries,
                "latestRetryTrigger": "ManualStageRetry",
            }
    return found


def _stage_status(run: StageRun, occupant: Execution | None) -> str:
    if occupant is not None and occupant.id == run.execution_id and run.status == IN_PROGRESS:
        return occupant.status
    return run.status


def _transition(stage: Stage) -> Mapping[str, Any]:
    if stage.closed is not None:
        closed = stage.closed
        return {
            "enabled": False,
            "disabledReason": closed.reason,
            "lastChangedAt": closed.at,
            "lastChangedBy": closed.by,
        }
    if stage.reopened is not None:
        return {"enabled": True, "lastChangedAt": stage.reopened[0], "lastChangedBy": stage.reopened[1]}
    return {"enabled": True}


def _action_state(action: Mapping[str, Any], stage: Stage) -> Mapping[str, Any]:
    found: dict[str, Any] = {"actionName": action["name"]}
    run = stage.actions.get(action["name"])
    if run is None:
        return found
    found["latestExecution"] = _present(
        {
            "actionExecutionId": run.id,
            "status": run.status,
            "summary": run.summary,
            "lastStatusChange": run.updated,
            "token": run.token,
            "lastUpdatedBy": run.updated_by,
            "externalExecutionId": run.external_id,
            "externalExecutionUrl": run.external_url,
            "errorDetails": _error(run),
            "logStreamARN": run.log_stream,
        }
    )
    if run.entity_url:
        found["entityUrl"] = run.entity_url
    if run.revision is not None:
        revision = run.revision
        found["currentRevision"] = {
            "revisionId": revision.id,
            "revisionChangeId": revision.id,
            "created": revision.created,
        }
        found["revisionUrl"] = revision.url
    return found


def execution_members(execution: Execution) -> Mapping[str, Any]:
    """``pipelineExecution`` of GetPipelineExecution."""
    return _present(
        {
            "pipelineName": execution.definition["name"],
            "pipelineVersion": execution.version,
            "pipelineExecutionId": execution.id,
            "status": execution.status,
            "statusSummary": execution.summary or execution.stop_reason,
            "artifactRevisions": [
                {
                    "name": artifact,
                    "revisionId": revision.id,
                    "revisionSummary": revision.summary,
                    "created": revision.created,
                    "revisionUrl": revision.url,
                }
                for artifact, revision in execution.revisions.values()
            ],
            "variables": [{"name": name, "resolvedValue": value} for name, value in execution.variables.items()],
            "trigger": {"triggerType": execution.trigger.type, "triggerDetail": execution.trigger.detail},
            "executionMode": execution.definition["executionMode"],
            "executionType": "STANDARD",
        }
    )


def execution_summary(execution: Execution) -> Mapping[str, Any]:
    """One of ``pipelineExecutionSummaries``."""
    return _present(
        {
            "pipelineExecutionId": execution.id,
            "status": execution.status,
            "statusSummary": execution.summary or execution.stop_reason,
            "startTime": execution.start,
            "lastUpdateTime": execution.updated,
            "sourceRevisions": [
                {
                    "actionName": action,
                    "revisionId": revision.id,
                    "revisionSummary": revision.summary,
                    "revisionUrl": revision.url,
                }
                for action, (_, revision) in execution.revisions.items()
            ],
            "trigger": {"triggerType": execution.trigger.type, "triggerDetail": execution.trigger.detail},
            "stopTrigger": {"reason": execution.stop_reason} if execution.stop_reason else None,
            "executionMode": execution.definition["executionMode"],
            "executionType": "STANDARD",
        }
    )


def action_detail(run: ActionRun) -> Mapping[str, Any]:
    """One of ``actionExecutionDetails``."""
    action = run.action
    result = {
        "externalExecutionId": run.external_id,
        "externalExecutionSummary": run.summary,
        "externalExecutionUrl": run.external_url,
        "errorDetails": _error(run),
        "logStreamARN": run.log_stream,
    }
    return _present(
        {
            "pipelineExecutionId": run.execution_id,
            "actionExecutionId": run.id,
            "pipelineVersion": run.version,
            "stageName": run.stage,
            "actionName": run.name,
            "startTime": run.start,
            "lastUpdateTime": run.updated,
            "updatedBy": run.updated_by,
            "status": run.status,
            "input": _present(
                {
                    "actionTypeId": action["actionTypeId"],
                    "configuration": action["configuration"],
                    "resolvedConfiguration": dict(run.resolved),
                    "roleArn": action.get("roleArn"),
                    "region": action.get("region"),
                    "inputArtifacts": [_artifact(one) for one in run.inputs],
                    "namespace": action.get("namespace"),
                }
            ),
            "output": {
                "outputArtifacts": [_artifact(one) for one in run.outputs],
                "executionResult": _present(result),
                "outputVariables": dict(run.variables),
            },
        }
    )


def _artifact(located: Located) -> Mapping[str, Any]:
    return {"name": located.name, "s3location": {"bucket": located.bucket, "key": located.key}}


def _error(run: ActionRun) -> Mapping[str, Any] | None:
    return {"code": run.code, "message": run.message} if run.code else None


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
