"""Values → lines for people, at most 80 columns wide where names allow it."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from crosslane.apply.hands import PipelineFacts
from crosslane.apply.outcome import Outcome, StepResult
from crosslane.desired.model import Caution
from crosslane.plan.model import CHANGING, Change, Op, Plan, Step

WIDTH = 80
SIGNS = {Op.CREATE: "+", Op.UPDATE: "~", Op.REPLACE: "!", Op.DELETE: "-", Op.ADOPT: "="}
WORDS = {
    Op.CREATE: "to create",
    Op.UPDATE: "to change",
    Op.REPLACE: "to replace",
    Op.DELETE: "to delete",
    Op.ADOPT: "to adopt",
}
MOST_CHANGES = 12
"""Property changes shown for one thing; ``-v`` and ``--json`` show all."""


def plan_text(plan: Plan, accounts: Sequence[tuple[str, str]], *, verbose: bool = False) -> str:
    """The plan by account: what happens to each thing, and why. ``accounts`` are names with their ids."""
    lines: list[str] = []
    for name, account_id in accounts:
        steps = [step for step in plan.changing if step.account == name]
        if steps:
            lines.append(f"{name} ({account_id})")
            for step in steps:
                lines += _step_lines(step, verbose)
            lines.append("")
    lines += _obstacles(plan)
    lines += caution_lines(plan.cautions)
    lines.append(summary(plan))
    return "\n".join(lines)


def summary(plan: Plan) -> str:
    """One line: how many things of each kind of change."""
    counts = Counter(step.op for step in plan.changing)
    if not counts:
        waits = sum(step.op is Op.WAIT for step in plan.steps)
        return "Nothing to do." if not waits else f"Nothing is known to differ; {waits} stacks are busy."
    return "Plan: " + ", ".join(f"{counts[op]} {WORDS[op]}" for op in WORDS if counts[op]) + "."


def caution_lines(cautions: Iterable[Caution]) -> list[str]:
    """What to know before saying yes, wrapped."""
    lines: list[str] = []
    for caution in cautions:
        where = f"{caution.account}: " if caution.account else ""
        lines += textwrap.wrap(
            f"{where}{caution.message}",
            WIDTH,
            initial_indent="! ",
            subsequent_indent="  ",
            break_on_hyphens=False,
            break_long_words=False,
        )
    return [*lines, ""] if lines else []


def run_text(
    results: Sequence[StepResult],
    *,
    seconds: float,
    total_calls: int,
    mutating_calls: int,
    profiles: Sequence[str],
    pipeline: PipelineFacts | None,
    console: str | None,
    latest_run: str | None = None,
    following: Sequence[str],
) -> str:
    """What exists now, what failed, and what to run next."""
    counts = Counter(result.outcome for result in results)
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    lines = [f"{told} in {seconds:.1f} s; {total_calls} API calls, {mutating_calls} of them changed something."]
    if pipeline is not None:
        lines += ["", f"pipeline  {' → '.join(pipeline.stages)}", *([f"          {console}"] if console else [])]
    if latest_run:
        lines += _beside("its run", latest_run)
    if profiles:
        lines += _beside("profiles", ", ".join(profiles))
    for result in results:
        if result.outcome is not Outcome.FAILED:
            continue
        lines.append(f"failed    {result.step.account}: {result.step.title}: {result.detail}")
    pending = [result for result in results if result.outcome is Outcome.PENDING]
    if pending:
        lines.append(f"pending   {', '.join(f'{one.step.account}: {one.step.title}' for one in pending)}")
    if following and all(result.error is None for result in results):
        lines += ["", "next:", *(f"  {line}" for line in following)]
    return "\n".join(lines)


def _beside(head: str, text: str) -> list[str]:
    """The text in lines beside its head; what is one word, such as an ARN, is never broken."""
    return textwrap.wrap(
        f"{head:<9} {text}", WIDTH, subsequent_indent=" " * 10, break_long_words=False, break_on_hyphens=False
    )


def _step_lines(step: Step, verbose: bool) -> list[str]:
    guide = f" [{step.guide}]" if step.guide else ""
    reason = textwrap.wrap(step.reason, WIDTH - 6, break_on_hyphens=False, break_long_words=False) or [""]
    lines = [f"  {SIGNS[step.op]} {step.kind} {step.name}{guide}", *(f"      {line}" for line in reason)]
    shown = step.changes if verbose else step.changes[:MOST_CHANGES]
    if step.op in CHANGING - {Op.CREATE} or step.kind == "stack":
        lines += [f"      {_change_text(change)}" for change in shown]
        if len(step.changes) > len(shown):
            lines.append(f"      … {len(step.changes) - len(shown)} more; -v shows them")
    return lines


def _change_text(change: Change) -> str:
    if change.before is None and change.path.startswith("Resources.") and change.path.count(".") == 1:
        return f"+ {change.path.removeprefix('Resources.')} ({change.after})"
    return f"{change.path}: {_value(change.before)} → {_value(change.after)}"


def _value(value: str | None) -> str:
    return "(none)" if value is None else value


def _obstacles(plan: Plan) -> list[str]:
    lines = [
        f"x {conflict.account}: {conflict.kind} {conflict.name}: {conflict.reason}"
        + ("; --adopt takes it over" if conflict.adoptable else f"; {conflict.next}" if conflict.next else "")
        for conflict in plan.conflicts
    ]
    lines += [
        f"? {block.account}: {block.kind} {block.name} could not be read: {block.reason}" for block in plan.blocked
    ]
    return [*lines, ""] if lines else []
