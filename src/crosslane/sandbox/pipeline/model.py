"""Executions of a pipeline, their stages and actions, while they run and afterwards.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html (2026-11-25)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosslane.sandbox.builds.model import Located

IN_PROGRESS, SUCCEEDED, FAILED = "InProgress", "Succeeded", "Failed"
STOPPING, STOPPED, ABANDONED, SUPERSEDED = "Stopping", "Stopped", "Abandoned", "Superseded"


@dataclass(frozen=True, slots=True)
class Revision:
    """What a source action found: the commit, its message, its time, its page."""

    id: str
    summary: str
    created: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why an execution was started, in the API's words, and the ARN of who or what did it."""

    type: str
    detail: str


@dataclass(slots=True)
class ActionRun:
    """One run of an action. ``token`` is that of an approval that waits or waited."""

    id: str
    execution_id: str
    version: int
    stage: str
    action: Mapping[str, Any]
    start: datetime
    updated: datetime
    status: str = IN_PROGRESS
    summary: str | None = None
    token: str | None = None
    updated_by: str | None = None
    decision: str | None = None
    """Of an approval: Approved or Rejected."""
    external_id: str | None = None
    external_url: str | None = None
    code: str | None = None
    message: str | None = None
    log_stream: str | None = None
    entity_url: str | None = None
    inputs: tuple[Located, ...] = ()
    outputs: tuple[Located, ...] = ()
    resolved: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    revision: Revision | None = None

    @property
    def name(self) -> str:
        """The action's name."""
        return str(self.action["name"])


@dataclass(slots=True)
class StageRun:
    """A stage as an execution went through it; ``actions`` by name."""

    name: str
    execution_id: str
    status: str = IN_PROGRESS
    actions: dict[str, ActionRun] = field(default_factory=dict)
    retries: int = 0


@dataclass(slots=True)
class Execution:
    """A run of the pipeline as it was defined when the run began."""

    id: str
    number: int
    definition: Mapping[str, Any]
    trigger: Trigger
    start: datetime
    updated: datetime
    status: str = IN_PROGRESS
    summary: str | None = None
    stop_reason: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Revisions to use, by source action."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The pipeline's own variables."""
    outputs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Actions' output variables by namespace."""
    artifacts: dict[str, Located] = field(default_factory=dict)
    revisions: dict[str, tuple[str, Revision]] = field(default_factory=dict)
    """By source action: the artifact's name and what was found."""
    stages: dict[str, StageRun] = field(default_factory=dict)
    token: str | None = None
    """The request token of who started it."""

    @property
    def version(self) -> int:
        """The definition's."""
        return int(self.definition["version"])


@dataclass(eq=False, slots=True)
class ActionFailure(Exception):
    """Ends an action: the API's error code and a message for the pipeline's owner."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Given(Exception):
    """The action was abandoned, or the sandbox ends: what it still does counts for nothing."""
