"""An execution of a pipeline as frozen values, in CodePipeline's own words.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecution.html and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html (2026-11-24).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SHORT_ID = 8
"""Characters of an execution's or a commit's id that people are shown where the whole one does not fit."""


class ExecutionStatus(StrEnum):
    """The states of an execution; the last five are final."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    SUPERSEDED = "Superseded"
    CANCELLED = "Cancelled"

    @property
    def final(self) -> bool:
        """Whether it stays so (a retry of a stage makes ``Failed`` ``InProgress`` again)."""
        return self not in (ExecutionStatus.IN_PROGRESS, ExecutionStatus.STOPPING)


class ActionStatus(StrEnum):
    """The states of an action; ``NOT_RUN`` is ours, for one that has not begun."""

    NOT_RUN = "NotRun"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ABANDONED = "Abandoned"


@dataclass(frozen=True, slots=True)
class Declared:
    """An action as the pipeline's definition has it. ``configuration`` are pairs."""

    stage: str
    name: str
    category: str
    provider: str
    role_arn: str | None
    configuration: tuple[tuple[str, str], ...]

    def setting(self, name: str) -> str | None:
        """A value of its configuration."""
        return dict(self.configuration).get(name)

    @property
    def path(self) -> str:
        """``STAGE/ACTION``."""
        return f"{self.stage}/{self.name}"

    @property
    def is_approval(self) -> bool:
        """Whether it waits for a person."""
        return self.category == "Approval"

    @property
    def is_build(self) -> bool:
        """Whether it leaves a build and its log."""
        return self.provider == "CodeBuild"

    @property
    def is_stack(self) -> bool:
        """Whether it leaves events of a stack."""
        return self.provider == "CloudFormation"


@dataclass(frozen=True, slots=True)
class Definition:
    """The pipeline's ``stages`` in order, and ``actions`` of all of them in the order in which they run."""

    name: str
    stages: tuple[str, ...]
    actions: tuple[Declared, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """One action of one execution. Times are None, and texts empty, where AWS gave none."""

    declared: Declared
    status: ActionStatus = ActionStatus.NOT_RUN
    started: datetime | None = None
    updated: datetime | None = None
    """The last change: the end, once it is over."""
    summary: str = ""
    updated_by: str = ""
    external_id: str = ""
    """The build's id, the stack's or the change set's ARN, the commit: what the provider calls it."""
    external_url: str = ""
    error_code: str = ""
    error_message: str = ""

    @property
    def waits_for_approval(self) -> bool:
        """Whether a person's answer is what it waits for."""
        return self.declared.is_approval and self.status is ActionStatus.IN_PROGRESS

    @property
    def was_rejected(self) -> bool:
        """Whether a person said no; an approval that nobody answered in time fails as well."""
        return self.declared.is_approval and self.status is ActionStatus.FAILED and bool(self.updated_by)

    def seconds(self, now: datetime) -> float | None:
        """How long it took, or takes so far; None if it has not begun."""
        if self.started is None:
            return None
        end = now if self.status is ActionStatus.IN_PROGRESS or self.updated is None else self.updated
        return max(0.0, (end - self.started).total_seconds())


@dataclass(frozen=True, slots=True)
class Revision:
    """What an execution runs on: the source ``artifact``, its ``id`` (a commit) and the first line about it."""

    artifact: str
    id: str
    summary: str
    url: str


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution, as it was when it was read. ``actions`` has every action of the pipeline, run or not."""

    pipeline: str
    id: str
    status: ExecutionStatus
    summary: str
    trigger: str
    revisions: tuple[Revision, ...]
    stages: tuple[str, ...]
    actions: tuple[Action, ...]

    def of_stage(self, stage: str) -> tuple[Action, ...]:
        """The stage's actions in order."""
        return tuple(action for action in self.actions if action.declared.stage == stage)

    @property
    def waiting(self) -> tuple[Action, ...]:
        """Actions that wait for a person's approval."""
        return tuple(action for action in self.actions if action.waits_for_approval)

    @property
    def first_failed(self) -> Action | None:
        """The action that failed first."""
        failed = [action for action in self.actions if action.status is ActionStatus.FAILED]
        return min(failed, key=_end, default=None)

    @property
    def started(self) -> datetime | None:
        """When its first action began; None while none has."""
        return min((action.started for action in self.actions if action.started), default=None)

    @property
    def ended(self) -> datetime | None:
        """The last change of an action, once the execution is over."""
        if not self.status.final:
            return None
        return max((action.updated for action in self.actions if action.updated), default=None)

    def seconds(self, now: datetime) -> float | None:
        """From its first action to its end, or to now."""
        if self.started is None:
            return None
        return max(0.0, ((self.ended or now) - self.started).total_seconds())


def _end(action: Action) -> float:
    return action.updated.timestamp() if action.updated is not None else float("inf")
