"""Following an execution for ``run`` and ``status``: shown live, gates answered as wished, and no wait untold."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from crosslane.cli.options import Invocation
from crosslane.cli.pipeline import (
    Held,
    Site,
    approval_hint,
    held,
    held_lines,
    named,
    refuse_without_sandbox,
    report,
)
from crosslane.cli.recovery import SignInAgain
from crosslane.errors import CrosslaneError, CutShort, EnvironmentFailure, OutcomeError, Terminated
from crosslane.pipeline.approvals import ANSWERED, Answer, Gate, answer_gate, check_comment, read_state
from crosslane.pipeline.follow import TimedOut, first_look, follow
from crosslane.pipeline.model import Definition, Execution, Revision
from crosslane.pipeline.standing import stands
from crosslane.report.pipeline_document import Given
from crosslane.report.pipeline_progress import LiveExecution, PlainExecution, execution_on_stderr
from crosslane.report.pipeline_text import duration

Display = PlainExecution | LiveExecution
COMMENT = "Approved by crosslane --approve, without a person looking"


@dataclass(frozen=True, slots=True)
class Wishes:
    """How an execution is followed. ``limit`` is in seconds; ``comment`` is for the gates that are approved."""

    limit: float | None = None
    until_approval: bool = False
    approve: bool = False
    comment: str = ""


def comment_of(given: str | None) -> str:
    """The comment of ``--approve``. ``UsageError`` if it is too long."""
    return check_comment(COMMENT if given is None else given)


@dataclass(slots=True)
class Course:
    """What following saw: the latest state, what keeps it from going on, and the approvals given on the way.

    ``told`` is what was said or done already: paths of gates, their tokens, lines; ``still`` counts looks without a
    change.
    """

    execution: Execution | None = None
    stood: Held | None = None
    approved: list[Given] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    still: int = 0


def followed(
    invocation: Invocation, site: Site, definition: Definition, execution_id: str, wishes: Wishes, *, fresh: bool
) -> int:
    """Follow an execution to its end, or as far as wished, and report it; returns the exit code."""
    course = Course()
    again = f"crosslane status --follow --execution {execution_id}{site.flags}"
    error: CrosslaneError | None = None
    try:
        with execution_on_stderr(site.world.now) as display:
            if isinstance(site.world.cloud.recover, SignInAgain):
                site.world.cloud.recover.display = display.paused
            _watch(site, definition, execution_id, wishes, course, display, fresh)
    except TimedOut:
        error = OutcomeError(
            f"execution {execution_id} still runs after {duration(wishes.limit or 0)}",
            "StillRunning",
            site.place.account,
            again,
        )
    except (KeyboardInterrupt, Terminated) as cause:
        error = CutShort(cause, "stopped following; the pipeline goes on", site.place.account, again)
    except EnvironmentFailure as failed:
        failed.next = f"{failed.next}; {again}" if failed.next else again
        error = failed
    except OutcomeError as refused:
        if course.execution is None:
            raise
        error = refused
    return report(invocation, site, course.execution, error, course.approved, stood=course.stood)


def _watch(
    site: Site,
    definition: Definition,
    execution_id: str,
    wishes: Wishes,
    course: Course,
    display: Display,
    fresh: bool,
) -> None:
    """Look again and again, and do at gates what is wished."""
    watch = site.watch(partial(_lost, site, display), wishes.limit)
    first = first_look(site.tools, definition, execution_id, watch, fresh=fresh)
    for execution in follow(site.tools, definition, first, watch):
        course.still = course.still + 1 if execution == course.execution else 0
        course.execution = execution
        display.show(execution)
        if execution.waiting and wishes.until_approval:
            return
        if execution.waiting and wishes.approve:
            gates = [one for one in read_state(site.tools, site.place.name).gates if one.execution == execution.id]
            course.approved += _approve(site, gates, wishes.comment, course.told, display)
        elif execution.waiting:
            _say_how(site, execution, course.told, display)
        else:
            _look_ahead(site, execution, course, display, wishes)
            if course.stood is not None and course.stood.standing.gates and wishes.until_approval:
                return


def _lost(site: Site, display: Display, error: EnvironmentFailure) -> None:
    """Say that no answer came; ``OutcomeError`` if that is so because the sandbox has ended."""
    if site.world.sandboxed:
        refuse_without_sandbox(site.world.config, "the sandbox was stopped, and the pipeline with it")
    display.note(f"no answer, trying again: {error}")


def _look_ahead(site: Site, execution: Execution, course: Course, display: Display, wishes: Wishes) -> None:
    """Say what keeps the execution out of its next stage, and if that is a gate of the same commit, answer it as
    wished.

    Raises ``OutcomeError`` if all gates are to be approved and the one in the way lets another commit through.
    """
    if course.still == 0 or not stands(execution):
        course.stood = None
        return
    # Looks become rare; so that each costs no further call, only every second, fourth, eighth … asks again.
    if course.still == 1 or course.still & (course.still - 1):
        return
    course.stood = found = held(site, execution)
    if found is None:
        return
    for line in held_lines(site, found):
        if line not in course.told:
            course.told.add(line)
            display.note(line)
    if not wishes.approve or not found.standing.gates:
        return
    if not _same(found.runs, execution.revisions):
        raise _behind(site, execution, found)
    display.note(f"execution {found.standing.behind} runs the same commit, so --approve answers for it too")
    course.approved += _approve(site, found.standing.gates, wishes.comment, course.told, display)


def _same(some: tuple[Revision, ...], others: tuple[Revision, ...]) -> bool:
    """Whether two executions run on the same commits, as far as these are known."""
    return bool(some) and {(one.artifact, one.id) for one in some} == {(one.artifact, one.id) for one in others}


def _behind(site: Site, execution: Execution, found: Held) -> OutcomeError:
    """Nobody who approves one commit has thereby looked at another."""
    behind, stage = found.standing.behind or "", found.standing.stage
    return OutcomeError(
        f"execution {execution.id} waits behind {named(behind, found.runs)}, which waits for approval in {stage}; "
        "--approve answers for its own commit only",
        "BehindAnother",
        site.place.account,
        f"crosslane approve {stage} --execution {behind}{site.flags}, or reject; then "
        f"crosslane status --follow --approve --execution {execution.id}{site.flags}",
    )


def _approve(
    site: Site, gates: list[Gate] | tuple[Gate, ...], comment: str, told: set[str], display: Display
) -> list[Given]:
    """Approve the gates as the sign-in; each once, and said before it is done."""
    given = []
    for gate in gates:
        if gate.token in told:
            continue
        told.add(gate.token)
        who = str(site.person.call("sts", "GetCallerIdentity")["Arn"])
        display.note(f"approving {gate.path} as {who}, without a person looking (--approve)")
        try:
            answer_gate(site.person, site.place.name, gate, Answer.APPROVED, comment)
        except OutcomeError as error:
            if error.code not in ANSWERED:
                raise
            display.note(str(error))
            continue
        given.append(Given(gate, comment, who))
    return given


def _say_how(site: Site, execution: Execution, told: set[str], display: Display) -> None:
    for action in execution.waiting:
        if action.declared.path not in told:
            told.add(action.declared.path)
            display.note(approval_hint(site, action.declared.stage))
