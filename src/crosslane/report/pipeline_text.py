"""An execution of a pipeline → lines for people, at most 80 columns wide where AWS's own texts allow it."""

from __future__ import annotations

import textwrap
from datetime import datetime

from crosslane.pipeline.failure import Failure
from crosslane.pipeline.logs import uncoloured
from crosslane.pipeline.model import SHORT_ID, Action, ActionStatus, Execution, Revision
from crosslane.report.pipeline_document import PipelineIn

WIDTH = 80
NAME = 34
STATE = 12


def execution_text(place: PipelineIn, execution: Execution, now: datetime, failure: Failure | None = None) -> str:
    """What runs, how far it is, and why it failed."""
    seconds = execution.seconds(now)
    took = f" after {duration(seconds)}" if seconds is not None else ""
    word = "for" if not execution.status.final else "after"
    lines = [
        f"pipeline   {place.name}",
        f"execution  {execution.id} {execution.status}{took.replace('after', word)}",
    ]
    lines += [cut(f"source     {revision_text(one)}", WIDTH) for one in execution.revisions]
    if execution.trigger:
        lines.append(cut(f"trigger    {execution.trigger}", WIDTH))
    if execution.summary:
        lines += _wrapped("summary", uncoloured(execution.summary))
    if (link := place.console_of(execution.id)) is not None:
        lines.append(f"console    {link}")
    lines += ["", *table(execution, now)]
    if failure is not None:
        lines += ["", *failure_lines(place, failure)]
    return "\n".join(lines)


def table(execution: Execution, now: datetime) -> list[str]:
    """One line for each stage and, indented, each of its actions; never wider than 80 columns."""
    lines: list[str] = []
    for stage in dict.fromkeys([*execution.stages, *(one.declared.stage for one in execution.actions)]):
        lines.append(cut(stage, WIDTH))
        lines += [action_line(action, now) for action in execution.of_stage(stage)]
    return lines


def action_line(action: Action, now: datetime) -> str:
    """Name, state, time, and what it says of itself, in columns."""
    name = cut(action.declared.name, NAME)
    line = f"  {name:<{NAME}} {state(action):<{STATE}} {_took(action, now):>10}  {_said(action)}"
    return cut(line.rstrip(), WIDTH)


def change_line(action: Action, now: datetime) -> str:
    """The same for a log: with the stage, whole names, and nothing cut."""
    over = action.status not in (ActionStatus.NOT_RUN, ActionStatus.IN_PROGRESS)
    took = f" ({_took(action, now)})" if over else ""
    said = _said(action)
    return f"{action.declared.path}: {state(action)}{took}" + (f" {said}" if said else "")


def _took(action: Action, now: datetime) -> str:
    seconds = action.seconds(now)
    return "" if seconds is None else duration(seconds)


def state(action: Action) -> str:
    """The state in CodePipeline's word; for one that has not begun, and one that waits for a person, in ours."""
    if action.status is ActionStatus.NOT_RUN:
        return "-"
    if action.was_rejected:
        return "Rejected"
    return "waits" if action.waits_for_approval else str(action.status)


def _said(action: Action) -> str:
    if action.waits_for_approval:
        return "for approval"
    said = action.error_message if action.status is ActionStatus.FAILED else action.summary
    return uncoloured(" ".join((said or action.summary).split()))


def failure_lines(place: PipelineIn, failure: Failure) -> list[str]:
    """Why the first action failed, with the evidence."""
    rejected = failure.action.was_rejected
    reason = failure.reason.removeprefix("rejected ") if rejected else failure.reason
    lines = _wrapped("rejected" if rejected else "failed", f"{failure.action.declared.path}: {reason}")
    if failure.event and failure.event.partition(": ")[2] not in reason:
        lines += _wrapped("event", failure.event)
    for problem in (one for one in failure.problems if one not in reason):
        lines += _wrapped("build", uncoloured(problem))
    lines += [f"  | {line}" for line in failure.log]
    if failure.unread:
        lines += _wrapped("unread", f"its log could not be read: {failure.unread}")
    if failure.link and not place.offline:
        lines.append(f"link       {failure.link}")
    return lines


def _wrapped(head: str, text: str) -> list[str]:
    """The text beside its head; what is one word, such as an ARN, is never broken."""
    return textwrap.wrap(
        " ".join(text.split()),
        WIDTH,
        initial_indent=f"{head:<10} ",
        subsequent_indent=" " * 11,
        break_long_words=False,
        break_on_hyphens=False,
    )


def revision_text(revision: Revision) -> str:
    """The commit, and the first line of what it says."""
    summary = uncoloured(revision.summary.strip().split("\n", 1)[0])
    return f"{revision.id[:SHORT_ID]} {summary}".strip()


def duration(seconds: float) -> str:
    """``4.2 s``, ``41 s``, ``3 min 7 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def cut(text: str, width: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= width else text[: width - 1] + "…"
