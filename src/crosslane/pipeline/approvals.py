"""Gates: what waits for a person's approval, and answering it.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from crosslane.aws.errors import AccessDenied, AwsError
from crosslane.errors import OutcomeError, UsageError
from crosslane.pipeline.calling import Caller

LONGEST_COMMENT = 512
"""https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ApprovalResult.html (2026-11-24)"""

ANSWERED = ("ApprovalAlreadyCompletedException", "InvalidApprovalTokenException")
"""The codes of an answer that comes too late: somebody else was faster, or the approval ran out of time."""


class Answer(StrEnum):
    """CodePipeline's two answers."""

    APPROVED = "Approved"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class Gate:
    """An approval action that waits. ``token`` names this very request and no later one."""

    stage: str
    action: str
    execution: str
    token: str

    @property
    def path(self) -> str:
        """``STAGE/ACTION``."""
        return f"{self.stage}/{self.action}"


@dataclass(frozen=True, slots=True)
class State:
    """What only the pipeline's state tells.

    ``closed`` are stages that nothing may enter, with the reason; ``busy`` those that an execution is in, with its id.
    """

    stages: tuple[str, ...]
    gates: tuple[Gate, ...]
    closed: tuple[tuple[str, str], ...]
    busy: tuple[tuple[str, str], ...]


def read_state(caller: Caller, pipeline: str) -> State:
    """The state of the pipeline's stages. ``OutcomeError`` if there is no such pipeline.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineState.html: the token is there while
    an approval is open.
    """
    try:
        found = caller.call("codepipeline", "GetPipelineState", {"name": pipeline}).get("stageStates", [])
    except AwsError as error:
        if error.code != "PipelineNotFoundException":
            raise
        raise OutcomeError(
            f"there is no pipeline {pipeline}", code=error.code, account=caller.account, next="crosslane up makes it"
        ) from error
    present = [(stage["stageName"], stage.get("latestExecution", {})) for stage in found]
    entries = [(stage["stageName"], stage.get("inboundTransitionState", {})) for stage in found]
    return State(
        stages=tuple(stage["stageName"] for stage in found),
        gates=tuple(gate for stage in found for gate in _gates(stage)),
        closed=tuple(
            (name, entry.get("disabledReason", "")) for name, entry in entries if not entry.get("enabled", True)
        ),
        busy=tuple(
            (name, one["pipelineExecutionId"])
            for name, one in present
            if one.get("status") in ("InProgress", "Stopping")
        ),
    )


def _gates(stage: dict[str, Any]) -> list[Gate]:
    execution = stage.get("latestExecution", {}).get("pipelineExecutionId", "")
    runs = [(action["actionName"], action.get("latestExecution", {})) for action in stage.get("actionStates", [])]
    return [
        Gate(stage["stageName"], name, execution, run["token"])
        for name, run in runs
        if run.get("token") and run.get("status") == "InProgress"
    ]


def choose(state: State, *, stage: str | None, execution: str | None, account: str) -> Gate:
    """The one gate that is meant.

    ``OutcomeError`` if nothing waits there; ``UsageError`` for an unknown stage, or if several wait and none is named.
    """
    if stage is not None and stage not in state.stages:
        near = get_close_matches(stage, state.stages, n=1)
        raise UsageError(
            f"the pipeline has no stage {stage}, but {', '.join(state.stages)}",
            code="UnknownStage",
            next=f"did you mean {near[0]}?" if near else "name one of these",
        )
    open_ = [gate for gate in state.gates if stage in (None, gate.stage) and execution in (None, gate.execution)]
    if not open_:
        raise OutcomeError(_nothing_waits(state.gates, stage, execution), "NothingWaits", account, "crosslane status")
    if len({gate.stage for gate in open_}) > 1:
        raise UsageError(
            f"several stages wait for approval: {', '.join(gate.stage for gate in open_)}",
            code="SeveralWait",
            next="name one of them",
        )
    return open_[0]


def _nothing_waits(gates: Sequence[Gate], stage: str | None, execution: str | None) -> str:
    where = f" in stage {stage}" if stage else ""
    which = f" of execution {execution}" if execution else ""
    others = ", ".join(f"{gate.stage} (execution {gate.execution})" for gate in gates)
    return f"nothing{which} waits for approval{where}" + (f", but {others} does" if others else "")


def answer_gate(caller: Caller, pipeline: str, gate: Gate, answer: Answer, comment: str) -> None:
    """Approve or reject. ``OutcomeError`` if this identity may not, or if somebody was faster."""
    try:
        caller.call(
            "codepipeline",
            "PutApprovalResult",
            {
                "pipelineName": pipeline,
                "stageName": gate.stage,
                "actionName": gate.action,
                "result": {"summary": comment, "status": str(answer)},
                "token": gate.token,
            },
        )
    except AccessDenied as error:
        word = "approve" if answer is Answer.APPROVED else "reject"
        raise OutcomeError(
            f"you may not {word} {gate.path}: {error.text}",
            code=error.code,
            account=caller.account,
            next="somebody with codepipeline:PutApprovalResult on this action has to answer; "
            f"{gate.path} goes on waiting",
        ) from error
    except AwsError as error:
        if error.code not in ANSWERED:
            raise
        raise OutcomeError(
            f"{gate.path} no longer waits: it was answered, or ran out of time",
            code=error.code,
            account=caller.account,
            next="crosslane status says how",
        ) from error


def check_comment(comment: str) -> str:
    """The comment; ``UsageError`` if it is longer than CodePipeline takes."""
    if len(comment) > LONGEST_COMMENT:
        raise UsageError(
            f"the comment has {len(comment)} characters; CodePipeline takes {LONGEST_COMMENT}", code="LongComment"
        )
    return comment
