"""Why an execution stands before a stage: nothing may enter it, or another execution is in it."""

from __future__ import annotations

from dataclasses import dataclass

from crosslane.pipeline.approvals import Gate, State
from crosslane.pipeline.model import ActionStatus, Execution


@dataclass(frozen=True, slots=True)
class Standing:
    """What keeps an execution out of ``stage``.

    ``closed`` is why its transition is disabled, None if it is not; ``behind`` the execution that is in the stage, if
    another one is, and ``gates`` what that one waits for there.
    """

    stage: str
    closed: str | None
    behind: str | None
    gates: tuple[Gate, ...] = ()


def stands(execution: Execution) -> bool:
    """Whether it is under way and none of its actions is."""
    at_work = any(action.status is ActionStatus.IN_PROGRESS for action in execution.actions)
    return not at_work and not execution.status.final


def standing(execution: Execution, state: State) -> Standing | None:
    """What keeps the execution out of the stage ahead of it; None if nothing does.

    A stage holds one execution at a time
    (https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html, 2026-11-25).
    """
    ahead = next(
        (
            stage
            for stage in execution.stages
            if all(action.status is ActionStatus.NOT_RUN for action in execution.of_stage(stage))
        ),
        None,
    )
    if ahead is None or not stands(execution):
        return None
    closed = dict(state.closed).get(ahead)
    behind = next((other for stage, other in state.busy if stage == ahead and other != execution.id), None)
    if closed is None and behind is None:
        return None
    gates = tuple(gate for gate in state.gates if gate.stage == ahead and gate.execution == behind)
    return Standing(ahead, closed, behind, gates)
