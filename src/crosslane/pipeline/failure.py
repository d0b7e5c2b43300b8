"""Why an execution did not succeed: the first action that failed, with what its log or its stack says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from crosslane.errors import EnvironmentFailure, OutcomeError
from crosslane.pipeline.calling import Caller
from crosslane.pipeline.logs import account_of, first_failed_event, last_lines, read_build, uncoloured
from crosslane.pipeline.model import Action, Execution, ExecutionStatus

LINES = 15
"""Lines of a failed build's log that are shown."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The action that failed first, the ``reason`` that CodePipeline gives, and what was found behind it.

    ``event`` is the first failing resource of its stack, ``log`` the end of its build's log, ``unread`` why one of
    these could not be read.
    """

    action: Action
    reason: str
    event: str | None = None
    log: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """What the build's phases say."""
    link: str = ""
    unread: str | None = None


def find_failure(execution: Execution, tools: Caller, others: Callable[[str], Caller | None]) -> Failure | None:
    """The failure of an execution, or None if no action failed. ``others`` gives the caller of an account's id.

    Never raises because evidence could not be read: that is part of the answer.
    """
    action = execution.first_failed
    if action is None:
        return None
    plain = Failure(action, _reason(action), link=action.external_url)
    try:
        if action.declared.is_build and action.external_id:
            return _of_build(plain, tools)
        if action.declared.is_stack:
            account = account_of(action)
            caller = tools if account is None else others(account)
            if caller is not None:
                return Failure(action, plain.reason, first_failed_event(caller, action), link=plain.link)
    except (EnvironmentFailure, OutcomeError) as error:
        return Failure(action, plain.reason, link=plain.link, unread=str(error))
    return plain


def _of_build(plain: Failure, tools: Caller) -> Failure:
    build = read_build(tools, plain.action.external_id)
    lines = tuple(uncoloured(line.text) for line in last_lines(tools, build, LINES))
    return Failure(plain.action, plain.reason, None, lines, build.problems, build.link or plain.link)


def _reason(action: Action) -> str:
    if action.was_rejected:
        return f"rejected by {action.updated_by}" + (f": {action.summary}" if action.summary else "")
    said = action.error_message or action.summary
    if action.error_code and action.error_code not in said:
        said = f"{action.error_code}: {said}" if said else action.error_code
    return uncoloured(" ".join(said.split())) or "no reason given"


def lacks_branch(failure: Failure) -> bool:
    """Whether the source action found its repository and not its branch, in CodePipeline's words (as users report
    them; unverified against a live account).

    A pipeline that is made starts itself, before anything was pushed
    (https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-about-starting.html, 2026-11-25).
    """
    declared = failure.action.declared
    return declared.category == "Source" and "no branch named" in failure.reason


def dead_stack(failure: Failure) -> str | None:
    """The name of the stack whose creation failed and was rolled back: empty, and all it takes is to be deleted.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html (2026-11-25): its statuses
    """
    declared = failure.action.declared
    dead = declared.is_stack and re.search(r"(?<!UPDATE_)\bROLLBACK_COMPLETE\b", failure.reason)
    return declared.setting("StackName") if dead else None


def verdict(execution: Execution, failure: Failure | None, account: str, flags: str) -> OutcomeError | None:
    """The error that an execution which is over stands for, or None if it succeeded.

    ``flags`` are the common options of the commands that it names.
    """
    match execution.status:
        case ExecutionStatus.SUCCEEDED | ExecutionStatus.IN_PROGRESS | ExecutionStatus.STOPPING:
            return None
        case ExecutionStatus.FAILED:
            return _failed(execution, failure, account, flags)
        case ExecutionStatus.STOPPED | ExecutionStatus.CANCELLED | ExecutionStatus.SUPERSEDED:
            why = f": {execution.summary}" if execution.summary else ""
            next_ = (
                "crosslane status shows the newer execution" if execution.status is ExecutionStatus.SUPERSEDED else None
            )
            word = str(execution.status)
            return OutcomeError(f"execution {execution.id} was {word.lower()}{why}", f"Execution{word}", account, next_)


def _failed(execution: Execution, failure: Failure | None, account: str, flags: str) -> OutcomeError:
    if failure is None:
        why = f": {execution.summary}" if execution.summary else ""
        return OutcomeError(f"execution {execution.id} failed{why}", "ExecutionFailed", account)
    path, rejected = failure.action.declared.path, failure.action.was_rejected
    if rejected:
        return OutcomeError(f"{path} was {failure.reason}", "ExecutionRejected", account)
    if lacks_branch(failure):
        branch = failure.action.declared.setting("BranchName")
        next_ = f"push the app to branch {branch}, which starts the pipeline"
        return OutcomeError(f"{path} failed: {failure.reason}", "ExecutionFailed", account, next_)
    # A build that was not started has no log, and a stack that was not touched no events.
    built = failure.action.declared.is_build and bool(failure.action.external_id)
    can_show = built or failure.event is not None or failure.unread is not None
    option = f" --execution {execution.id}{flags}"
    dead = dead_stack(failure)
    if dead is not None:
        next_ = (
            f"the stack has to be deleted before the next run: aws cloudformation delete-stack --stack-name {dead} "
            f"in the account of {path}; crosslane logs {path}{option} shows what failed"
        )
        return OutcomeError(f"{path} failed: {failure.reason}", "ExecutionFailed", account, next_)
    next_ = (
        f"crosslane logs {path}{option} shows all of it"
        if can_show
        else f"correct the cause and push, or crosslane run{flags}"
    )
    return OutcomeError(f"{path} failed: {failure.reason}", "ExecutionFailed", account, next_)
