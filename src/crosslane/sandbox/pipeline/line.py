"""One pipeline's stages and the executions in them: who may enter which stage when.

A stage holds one execution at a time. One more may wait before it; a later one that arrives takes its place, and it is
superseded (https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html, 2026-11-25).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from crosslane.sandbox.pipeline.model import (
    ABANDONED,
    IN_PROGRESS,
    STOPPED,
    STOPPING,
    SUPERSEDED,
    ActionRun,
    Execution,
    StageRun,
)


@dataclass(frozen=True, slots=True)
class Closed:
    """A transition that was disabled: why, when, and by whom."""

    reason: str
    at: datetime
    by: str


@dataclass(slots=True)
class Stage:
    """What is in a stage and before it now, and what was there last."""

    occupant: Execution | None = None
    waiting: Execution | None = None
    latest: StageRun | None = None
    closed: Closed | None = None
    reopened: tuple[datetime, str] | None = None
    actions: dict[str, ActionRun] = field(default_factory=dict)
    """The last run of each action, whichever execution it was in."""


class Line:
    """The state of a pipeline of that ARN. All of it is read and changed inside ``changing``."""

    def __init__(self, arn: str, clock: Callable[[], datetime]) -> None:
        self.arn = arn
        self.executions: list[Execution] = []
        self.runs: list[ActionRun] = []
        self.deleted = False
        self.changing = threading.Condition(threading.RLock())
        self._clock = clock
        self._stages: dict[str, Stage] = {}

    def stage(self, name: str) -> Stage:
        """The stage of that name, also of one that no execution has reached."""
        return self._stages.setdefault(name, Stage())

    def begin(self, run: ActionRun) -> None:
        """Keeps a run of an action, which is from now on the action's latest."""
        with self.changing:
            self.runs.append(run)
            self.stage(run.stage).actions[run.name] = run
            self.changing.notify_all()

    def action_runs(self) -> list[ActionRun]:
        """All runs of actions, oldest first."""
        with self.changing:
            return list(self.runs)

    def execution(self, execution_id: str) -> Execution | None:
        """By id."""
        return next((one for one in self.executions if one.id == execution_id), None)

    def enter(self, execution: Execution, name: str, run: StageRun) -> bool:
        """Waits until the execution is in the stage. False if it is over before that."""
        with self.changing:
            stage = self.stage(name)
            earlier = stage.waiting
            if earlier is not None and earlier.number > execution.number:
                self._over(execution, SUPERSEDED)
                return False
            if earlier is not None:
                self._over(earlier, SUPERSEDED)
            stage.waiting = execution
            self.changing.notify_all()
            self.changing.wait_for(lambda: not _goes_on(execution) or self._is_free(stage))
            if stage.waiting is execution:
                stage.waiting = None
            if not _goes_on(execution):
                if execution.status == STOPPING:
                    self._over(execution, STOPPED)
                self.changing.notify_all()
                return False
            stage.occupant, stage.latest = execution, run
            execution.stages[name] = run
            execution.updated = self._clock()
            return True

    def leave(self, execution: Execution, name: str, status: str) -> None:
        """The execution is through with the stage. What was abandoned has left it before."""
        with self.changing:
            stage, run = self.stage(name), execution.stages[name]
            if stage.occupant is execution:
                stage.occupant = None
            if run.status == IN_PROGRESS or run.status == STOPPING:
                run.status = status
            execution.updated = self._clock()
            self.changing.notify_all()

    def finish(self, execution: Execution, status: str) -> None:
        """The execution is over with that status, unless it was before."""
        with self.changing:
            if execution.status in (IN_PROGRESS, STOPPING):
                self._over(execution, status)

    def stop(self, execution: Execution, reason: str | None, *, abandon: bool) -> None:
        """Stops an execution: at once what only waits, and with ``abandon`` all of it; else after the actions that
        run."""
        with self.changing:
            execution.status = STOPPING
            execution.stop_reason = reason
            execution.updated = self._clock()
            if abandon:
                self._abandon(execution)
            self.changing.notify_all()

    def close(self) -> None:
        """The pipeline was deleted: nothing of it goes on."""
        with self.changing:
            self.deleted = True
            for execution in self.executions:
                if execution.status in (IN_PROGRESS, STOPPING):
                    self._abandon(execution)

    def _abandon(self, execution: Execution) -> None:
        for name, run in execution.stages.items():
            for action in run.actions.values():
                if action.status == IN_PROGRESS:
                    action.status, action.updated = ABANDONED, self._clock()
            if run.status == IN_PROGRESS:
                run.status = STOPPED
            if self.stage(name).occupant is execution:
                self.stage(name).occupant = None
        self._over(execution, STOPPED)

    def _is_free(self, stage: Stage) -> bool:
        return stage.occupant is None and stage.closed is None

    def _over(self, execution: Execution, status: str) -> None:
        execution.status = status
        execution.updated = self._clock()
        self.changing.notify_all()


def _goes_on(execution: Execution) -> bool:
    return execution.status == IN_PROGRESS
