"""Runs pipelines: a thread for each execution, which goes from stage to stage, and one for each action."""

from __future__ import annotations

import sys
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from crosslane.sandbox.pipeline import variables
from crosslane.sandbox.pipeline.act import Act, Resources
from crosslane.sandbox.pipeline.line import Line
from crosslane.sandbox.pipeline.model import (
    ABANDONED,
    FAILED,
    IN_PROGRESS,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    ActionFailure,
    ActionRun,
    Execution,
    Given,
    StageRun,
    Trigger,
)
from crosslane.sandbox.request import ServiceError

FAILED_ACTIONS, ALL_ACTIONS = "FAILED_ACTIONS", "ALL_ACTIONS"
_MESSAGE = 5000
"""https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html, ``message``"""


class Engine:
    """The executions of all pipelines."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def start(
        self,
        line: Line,
        definition: Mapping[str, Any],
        trigger: Trigger,
        *,
        overrides: Mapping[str, str] | None = None,
        given: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Execution:
        """Starts an execution. ``overrides`` are revisions by source action, ``given`` the pipeline's variables.

        Raises ``ServiceError`` for a pipeline with something in it that is not run here.
        """
        refuse_unsupported(definition)
        now = self._resources.clock()
        with line.changing:
            execution = Execution(
                id=str(uuid.uuid4()),
                number=len(line.executions) + 1,
                definition=definition,
                trigger=trigger,
                start=now,
                updated=now,
                overrides=dict(overrides or {}),
                variables=_variables(definition, given or {}),
                token=token,
            )
            line.executions.append(execution)
        self._go(line, execution, 0, {})
        return execution

    def retry(self, line: Line, execution: Execution, stage: str, mode: str) -> None:
        """Runs a stage that failed again, and what follows. The caller has checked that it can be."""
        names = [one["name"] for one in execution.definition["stages"]]
        with line.changing:
            before = execution.stages[stage]
            kept = {
                name: run for name, run in before.actions.items() if mode == FAILED_ACTIONS and run.status == SUCCEEDED
            }
            execution.status, execution.summary, execution.stop_reason = IN_PROGRESS, None, None
        self._go(line, execution, names.index(stage), kept)

    def _go(self, line: Line, execution: Execution, first: int, kept: Mapping[str, ActionRun]) -> None:
        name = f"pipeline {execution.id}"
        threading.Thread(target=self._drive, args=(line, execution, first, kept), name=name, daemon=True).start()

    def _drive(self, line: Line, execution: Execution, first: int, kept: Mapping[str, ActionRun]) -> None:
        stages = execution.definition["stages"]
        for position in range(first, len(stages)):
            stage = stages[position]
            name = str(stage["name"])
            earlier = execution.stages.get(name)
            run = StageRun(name, execution.id, retries=earlier.retries + 1 if earlier else 0)
            if not line.enter(execution, name, run):
                return
            try:
                status = self._stage(line, execution, stage, run, kept if position == first else {})
            except Exception:
                # Nobody waits for an execution that has no end.
                print(traceback.format_exc(), file=sys.stderr)
                status = FAILED
            line.leave(execution, name, status)
            if status != SUCCEEDED:
                line.finish(execution, status)
                return
        line.finish(execution, STOPPED if execution.status == STOPPING else SUCCEEDED)

    def _stage(
        self, line: Line, execution: Execution, stage: Mapping[str, Any], run: StageRun, kept: Mapping[str, ActionRun]
    ) -> str:
        """Actions of one run order side by side, one order after the other."""
        actions = sorted(stage["actions"], key=lambda one: int(one["runOrder"]))
        run.actions.update(kept)
        for _, together in groupby(actions, key=lambda one: int(one["runOrder"])):
            if execution.status != IN_PROGRESS:
                return STOPPED
            wanted = [action for action in together if action["name"] not in kept]
            self._side_by_side(line, execution, run, wanted)
            if any(one.status == FAILED for one in run.actions.values()):
                return FAILED
            if any(one.status == ABANDONED for one in run.actions.values()):
                return STOPPED
        return SUCCEEDED if execution.status == IN_PROGRESS else STOPPED

    def _side_by_side(
        self, line: Line, execution: Execution, run: StageRun, wanted: Sequence[Mapping[str, Any]]
    ) -> None:
        acts = [self._begin(line, execution, run, action) for action in wanted]
        threads = [threading.Thread(target=self._act, args=(act,), daemon=True) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _begin(self, line: Line, execution: Execution, run: StageRun, action: Mapping[str, Any]) -> Act:
        now = self._resources.clock()
        inputs = [execution.artifacts.get(one["name"]) for one in action["inputArtifacts"]]
        begun = ActionRun(
            id=str(uuid.uuid4()),
            execution_id=execution.id,
            version=execution.version,
            stage=run.name,
            action=action,
            start=now,
            updated=now,
            inputs=tuple(one for one in inputs if one is not None),
        )
        with line.changing:
            run.actions[begun.name] = begun
            line.begin(begun)
        return Act(self._resources, line, execution, begun)

    def _act(self, act: Act) -> None:
        """Runs an action and notes how it ended, unless it was abandoned meanwhile."""
        try:
            act.configuration = variables.resolve(act.run.action["configuration"], act.execution)
            act.tell(resolved=dict(act.configuration))
            _runner(act.run.action)(act)
            self._succeed(act)
        except Given:
            return
        except ActionFailure as failure:
            self._fail(act, failure.code, failure.message)
        except Exception as error:
            print(traceback.format_exc(), file=sys.stderr)
            self._fail(act, "InternalError", f"The sandbox failed in a way of its own: {type(error).__name__}: {error}")

    def _succeed(self, act: Act) -> None:
        run, execution = act.run, act.execution
        with act.line.changing:
            if run.status != IN_PROGRESS:
                return
            for artifact in run.outputs:
                execution.artifacts[artifact.name] = artifact
            if run.revision is not None:
                execution.revisions[run.name] = (_first_output(run), run.revision)
            if run.action.get("namespace"):
                execution.outputs[str(run.action["namespace"])] = run.variables
            act.tell(status=SUCCEEDED)

    def _fail(self, act: Act, code: str, message: str) -> None:
        with act.line.changing:
            if act.run.status == IN_PROGRESS:
                act.tell(status=FAILED, code=code, message=message[:_MESSAGE])


def refuse_unsupported(definition: Mapping[str, Any]) -> None:
    """Raises ``ServiceError`` for a definition whose executions the sandbox would run otherwise than AWS."""
    if definition["executionMode"] != "SUPERSEDED":
        raise _unsupported(f"the execution mode {definition['executionMode']}")
    if any(trigger.get("gitConfiguration") for trigger in definition.get("triggers", ())):
        raise _unsupported("triggers with filters")
    for stage in definition["stages"]:
        if stage.get("beforeEntry") or stage.get("onSuccess"):
            raise _unsupported(f"conditions (stage {stage['name']})")
        if stage.get("onFailure"):
            raise _unsupported(f"rollback, retry or skip on failure (stage {stage['name']})")


def _unsupported(what: str) -> ServiceError:
    return ServiceError("NotImplemented", f"The sandbox does not support {what} of pipelines")


def _runner(action: Mapping[str, Any]) -> Callable[[Act], None]:
    """What runs the action, imported when the first of its kind runs: few sandboxes need all of them."""
    kind = action["actionTypeId"]
    match (kind["owner"], kind["category"], kind["provider"]):
        case ("AWS", "Source", "CodeCommit"):
            from crosslane.sandbox.pipeline.actions import codecommit

            return codecommit.run
        case ("AWS", "Build" | "Test", "CodeBuild"):
            from crosslane.sandbox.pipeline.actions import codebuild

            return codebuild.run
        case ("AWS", "Deploy", "CloudFormation"):
            from crosslane.sandbox.pipeline.actions import cloudformation

            return cloudformation.run
        case ("AWS", "Approval", "Manual"):
            from crosslane.sandbox.pipeline.actions import approval

            return approval.run
    message = f"The sandbox does not run actions of {kind['owner']} {kind['category']} {kind['provider']}"
    raise ActionFailure("NotImplemented", message)


def _first_output(run: ActionRun) -> str:
    return run.outputs[0].name if run.outputs else run.name


def _variables(definition: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineVariableDeclaration.html"""
    declared = {one["name"]: one.get("defaultValue") for one in definition.get("variables", ())}
    for name in given:
        if name not in declared:
            raise ServiceError("ValidationException", f"The pipeline has no variable {name}")
    found = {name: given.get(name, default) for name, default in declared.items()}
    for name, value in found.items():
        if value is None:
            raise ServiceError("ValidationException", f"The pipeline's variable {name} has no value")
    return {name: str(value) for name, value in found.items()}


__all__ = ["ALL_ACTIONS", "FAILED_ACTIONS", "Engine", "refuse_unsupported"]
