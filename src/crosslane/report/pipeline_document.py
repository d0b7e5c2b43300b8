"""An execution of a pipeline → the JSON document of ``run`` and ``status``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crosslane.errors import CrosslaneError
from crosslane.pipeline.approvals import Gate
from crosslane.pipeline.failure import Failure
from crosslane.pipeline.model import Action, Execution
from crosslane.pipeline.standing import Standing
from crosslane.report.document import console_url, error_document


@dataclass(frozen=True, slots=True)
class PipelineIn:
    """Where a pipeline is. ``offline`` has no console to link to."""

    name: str
    account: str
    region: str
    partition: str
    offline: bool

    @property
    def console(self) -> str | None:
        return None if self.offline else console_url(self.name, self.region, self.partition)

    def console_of(self, execution: str) -> str | None:
        """The execution's page in the console (its address is unverified against a live account)."""
        page = self.console
        return page and page.replace("/view?", f"/executions/{execution}/timeline?")


@dataclass(frozen=True, slots=True)
class Given:
    """An approval that a command gave by itself."""

    gate: Gate
    comment: str
    by: str


def execution_document(
    place: PipelineIn,
    execution: Execution | None,
    *,
    error: CrosslaneError | None,
    failure: Failure | None,
    approved: Sequence[Given] = (),
    standing: Standing | None = None,
    now: datetime,
) -> dict[str, Any]:
    """``run --json`` and ``status --json``. ``execution`` is null for a pipeline that has not run, ``standing`` what
    keeps it out of its next stage."""
    return {
        "ok": error is None,
        "error": error_document(error),
        "pipeline": {"name": place.name, "account": place.account, "region": place.region, "console": place.console},
        "execution": None if execution is None else _execution(place, execution, now),
        "waiting": [] if execution is None else [_waiting(action) for action in execution.waiting],
        "standing": None if standing is None else _standing(standing),
        "approved": [
            {
                "stage": given.gate.stage,
                "action": given.gate.action,
                "execution": given.gate.execution,
                "comment": given.comment,
                "by": given.by,
            }
            for given in approved
        ],
        "failure": None if failure is None else _failure(place, failure),
    }


def _execution(place: PipelineIn, execution: Execution, now: datetime) -> dict[str, Any]:
    stages = [*execution.stages, *(action.declared.stage for action in execution.actions)]
    return {
        "id": execution.id,
        "status": str(execution.status),
        "summary": execution.summary,
        "trigger": execution.trigger,
        "started": _time(execution.started),
        "ended": _time(execution.ended),
        "seconds": _rounded(execution.seconds(now)),
        "console": place.console_of(execution.id),
        "revisions": [
            {"artifact": one.artifact, "id": one.id, "summary": one.summary, "url": _link(place, one.url)}
            for one in execution.revisions
        ],
        "stages": [
            {"name": stage, "actions": [_action(place, action, now) for action in execution.of_stage(stage)]}
            for stage in dict.fromkeys(stages)
        ],
    }


def _action(place: PipelineIn, action: Action, now: datetime) -> dict[str, Any]:
    failed = action.error_code or action.error_message
    return {
        "name": action.declared.name,
        "category": action.declared.category,
        "provider": action.declared.provider,
        "status": str(action.status),
        "started": _time(action.started),
        "updated": _time(action.updated),
        "seconds": _rounded(action.seconds(now)),
        "summary": action.summary,
        "external_id": action.external_id or None,
        "url": _link(place, action.external_url),
        "error": {"code": action.error_code or None, "message": action.error_message} if failed else None,
    }


def _waiting(action: Action) -> dict[str, Any]:
    return {"stage": action.declared.stage, "action": action.declared.name, "since": _time(action.started)}


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "stage": standing.stage,
        "disabled": standing.closed is not None,
        "reason": standing.closed or None,
        "behind": standing.behind,
        "gates": [gate.path for gate in standing.gates],
    }


def _failure(place: PipelineIn, failure: Failure) -> dict[str, Any]:
    return {
        "stage": failure.action.declared.stage,
        "action": failure.action.declared.name,
        "reason": failure.reason,
        "event": failure.event,
        "problems": list(failure.problems),
        "log": list(failure.log),
        "url": _link(place, failure.link),
        "unread": failure.unread,
    }


def _link(place: PipelineIn, url: str) -> str | None:
    """A page of AWS; a sandbox has none."""
    return None if place.offline or not url else url


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
