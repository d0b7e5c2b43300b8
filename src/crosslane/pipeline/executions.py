"""A pipeline's executions as they are listed, and finding the one that runs a commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crosslane.pipeline.calling import Caller
from crosslane.pipeline.follow import Watch
from crosslane.pipeline.model import ExecutionStatus

LISTED = 100
"""As many as one answer has at most
(https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html, 2026-11-25)."""

SOURCE_WITHIN = 60.0
"""Seconds in which a source action names its commit (a guess, on the safe side)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One execution. ``commits`` are what its source actions found: none while they are under way."""

    id: str
    status: ExecutionStatus
    commits: tuple[str, ...]
    trigger: str

    @property
    def undecided(self) -> bool:
        """Whether it has begun and does not tell yet what it runs on."""
        return not self.commits and not self.status.final


def list_executions(caller: Caller, pipeline: str) -> tuple[Listed, ...]:
    """The newest executions, the newest first."""
    asked = {"pipelineName": pipeline, "maxResults": LISTED}
    found = caller.call("codepipeline", "ListPipelineExecutions", asked).get("pipelineExecutionSummaries", [])
    return tuple(
        Listed(
            one["pipelineExecutionId"],
            ExecutionStatus(one["status"]),
            tuple(revision["revisionId"] for revision in one.get("sourceRevisions", []) if revision.get("revisionId")),
            one.get("trigger", {}).get("triggerType", ""),
        )
        for one in found
    )


def newest_of(listed: Sequence[Listed], commit: str) -> Listed | None:
    """The newest execution of a commit: one that is under way before one that is over."""
    same = [one for one in listed if commit in one.commits]
    return next((one for one in same if not one.status.final), same[0] if same else None)


def await_commit(
    look: Callable[[], tuple[Listed, ...]], commit: str, watch: Watch, seconds: float
) -> tuple[Listed | None, tuple[Listed, ...]]:
    """The newest execution of a commit, waited for that many seconds, and what was listed last.

    A push starts the pipeline through EventBridge some seconds later, and an execution does not tell its commit
    before its source action is through: while there is such a one, up to ``SOURCE_WITHIN`` more are waited.
    """
    since = watch.now()
    while True:
        listed = look()
        found = newest_of(listed, commit)
        passed = watch.now() - since
        patience = seconds + (SOURCE_WITHIN if any(one.undecided for one in listed) else 0)
        if found is not None or passed >= patience:
            return found, listed
        watch.sleep(watch.pace.first)
