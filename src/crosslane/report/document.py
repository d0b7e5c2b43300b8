"""Values → the JSON documents that others rely on; ``schemas/`` says what each looks like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crosslane.apply.hands import PipelineFacts
from crosslane.apply.outcome import Outcome, StepResult
from crosslane.aws.calls import CallLog
from crosslane.desired.model import Caution
from crosslane.errors import CrosslaneError
from crosslane.plan.model import CHANGING, Plan
from crosslane.plan.up import Place


def error_document(error: CrosslaneError | None) -> dict[str, Any] | None:
    """``error`` of every document: a stable code, one line, the account, what to do next."""
    if error is None:
        return None
    return {"code": error.code, "message": str(error), "account": error.account, "next": error.next}


def plan_document(plan: Plan) -> dict[str, Any]:
    """``plan --json``. ``ok`` is false where something is in the plan's way."""
    return {
        "ok": not plan.conflicts and not plan.blocked,
        "error": None,
        "actions": [
            {
                "op": str(step.op),
                "account": step.account,
                "kind": step.kind,
                "name": step.name,
                "reason": step.reason,
                "changes": [
                    {"path": change.path, "before": change.before, "after": change.after} for change in step.changes
                ],
                "undo": step.undo,
            }
            for step in plan.steps
            if step.op in CHANGING
        ],
        "conflicts": [
            {
                "account": conflict.account,
                "kind": conflict.kind,
                "name": conflict.name,
                "reason": conflict.reason,
                "adoptable": conflict.adoptable,
            }
            for conflict in plan.conflicts
        ],
        "unreadable": [
            {
                "account": block.account,
                "kind": block.kind,
                "name": block.name,
                "code": block.code,
                "reason": block.reason,
            }
            for block in plan.blocked
        ],
        "warnings": warnings_document(plan.cautions),
        "proof": None,
    }


def run_document(
    results: Sequence[StepResult],
    *,
    seconds: float,
    calls: CallLog,
    places: Iterable[Place],
    arns: Mapping[str, str],
    profiles: Sequence[str],
    pipeline: Mapping[str, Any] | None,
    cautions: Iterable[Caution],
) -> dict[str, Any]:
    """``up --json`` (and of the other commands that apply a plan)."""
    failed = first_error(results)
    return {
        "ok": failed is None and all(result.outcome is not Outcome.PENDING for result in results),
        "error": error_document(failed),
        "seconds": round(seconds, 3),
        "steps": [step_document(result) for result in results],
        "calls": {"total": calls.total, "mutating": calls.mutating},
        "accounts": {
            place.name: {"id": place.id, "profile": place.profile, "arn": arns.get(place.name)} for place in places
        },
        "profiles": list(profiles),
        "pipeline": None if pipeline is None else dict(pipeline),
        "warnings": warnings_document(cautions),
    }


def step_document(result: StepResult) -> dict[str, Any]:
    """A step of ``up --json``, and a check of ``verify --json``."""
    return {
        "id": result.step.id,
        "account": result.step.account,
        "guide": result.step.guide,
        "title": result.step.title,
        "outcome": str(result.outcome),
        "detail": result.detail,
    }


def pipeline_document(name: str, facts: PipelineFacts | None, region: str, partition: str) -> dict[str, Any] | None:
    """The pipeline of ``up --json``; None where it was not read."""
    if facts is None:
        return None
    return {
        "name": name,
        "arn": facts.arn,
        "stages": list(facts.stages),
        "console": console_url(name, region, partition),
        "first_run": facts.first_run,
    }


def console_url(name: str, region: str, partition: str) -> str:
    """The pipeline's page in the AWS console.

    https://docs.aws.amazon.com/general/latest/gr/aws-arns-and-namespaces.html names the partitions' domains.
    """
    match partition:
        case "aws-us-gov":
            host = "console.amazonaws-us-gov.com"
        case "aws-cn":
            host = "console.amazonaws.cn"
        case _:
            host = f"{region}.console.aws.amazon.com"
    return f"https://{host}/codesuite/codepipeline/pipelines/{name}/view?region={region}"


def first_error(results: Iterable[StepResult]) -> CrosslaneError | None:
    """The error of the first step that failed, in the plan's order."""
    return next((result.error for result in results if result.error is not None), None)


def warnings_document(cautions: Iterable[Caution]) -> list[dict[str, Any]]:
    """``warnings`` of every document."""
    return [{"id": caution.id, "account": caution.account, "message": caution.message} for caution in cautions]
