"""What an action said while it worked: a build's log, a stack's events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import partial
from typing import Any

from crosslane.aws.errors import AwsError
from crosslane.errors import OutcomeError, UsageError
from crosslane.iam.arn import parse_arn
from crosslane.pipeline.calling import Caller
from crosslane.pipeline.model import Action, ActionStatus, Execution

SLACK = timedelta(seconds=2)
"""How far the clocks of CodePipeline and CloudFormation are taken to be apart."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log, or one event of a stack."""

    time: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Build:
    """A build of CodeBuild. ``problems`` are what its phases say of themselves when they fail.

    ``group`` and ``stream`` are None until it has a log; ``link`` is the log's page in the console.
    """

    id: str
    status: str
    group: str | None
    stream: str | None
    link: str
    problems: tuple[str, ...]

    @property
    def over(self) -> bool:
        """Whether its log will not grow any more."""
        return self.status != "IN_PROGRESS"


def read_build(caller: Caller, build_id: str) -> Build:
    """The build. ``OutcomeError`` if there is none of that id.

    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html
    """
    builds = caller.call("codebuild", "BatchGetBuilds", {"ids": [build_id]}).get("builds", [])
    if not builds:
        raise OutcomeError(
            f"there is no build {build_id}",
            code="BuildNotFound",
            account=caller.account,
            next="crosslane status --json has the ids of an execution's builds",
        )
    found = builds[0]
    logs = found.get("logs", {})
    contexts = [context for phase in found.get("phases", []) for context in phase.get("contexts", [])]
    return Build(
        found["id"],
        found.get("buildStatus", "IN_PROGRESS"),
        logs.get("groupName"),
        logs.get("streamName"),
        logs.get("deepLink", ""),
        tuple(context["message"] for context in contexts if context.get("message")),
    )


def last_lines(caller: Caller, build: Build, count: int) -> tuple[Line, ...]:
    """The last lines of the build's log; none if it has no log."""
    if build.group is None or build.stream is None:
        return ()
    asked = {"logGroupName": build.group, "logStreamName": build.stream, "limit": count, "startFromHead": False}
    try:
        events = caller.call("logs", "GetLogEvents", asked).get("events", [])
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        return ()
    return tuple(_line(event) for event in events)[-count:]


def log_of(
    caller: Caller,
    build_id: str,
    *,
    following: bool,
    patiently: Callable[[Callable[[], Any]], Any],
    pauses: Iterator[float],
) -> Iterator[tuple[Line, ...]]:
    """The build's log from its beginning, piece by piece; if ``following``, until the build is over.

    ``patiently`` makes a read over a lost connection, ``pauses`` sleeps between looks. A stream is at its end when
    the token stays the same; an empty piece alone does not say so
    (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html,
    2026-11-24).
    """
    token: str | None = None
    build: Build = patiently(partial(read_build, caller, build_id))
    while True:
        over = build.over
        at_end = False
        while not at_end:
            before = token
            lines, token = patiently(partial(_further, caller, build, before))
            at_end = token == before
            if lines:
                yield lines
        if over or not following:
            return
        next(pauses)
        build = patiently(partial(read_build, caller, build_id))


def _further(caller: Caller, build: Build, token: str | None) -> tuple[tuple[Line, ...], str | None]:
    """The next lines of the stream and the token to go on with; no lines if there is nothing new."""
    if build.group is None or build.stream is None:
        return (), token
    asked: dict[str, Any] = {"logGroupName": build.group, "logStreamName": build.stream, "startFromHead": True}
    if token is not None:
        asked["nextToken"] = token
    try:
        answer = caller.call("logs", "GetLogEvents", asked)
    except AwsError as error:
        # A build that waits for its machine names its stream before the stream is there.
        if error.code != "ResourceNotFoundException":
            raise
        return (), token
    return tuple(_line(event) for event in answer.get("events", [])), answer.get("nextForwardToken", token)


def _line(event: dict[str, Any]) -> Line:
    time = datetime.fromtimestamp(event.get("timestamp", 0) / 1000, UTC)
    return Line(time, harmless(event.get("message", "").rstrip("\r\n")))


_ESCAPES = re.compile(
    r"\x1b\[[0-9;]*m|(\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f])"
)


def harmless(text: str) -> str:
    """The text without what would steer a terminal; colours stay."""
    return _ESCAPES.sub(lambda found: "" if found.group(1) else found.group(), text)


def uncoloured(text: str) -> str:
    """The text without colours either."""
    return re.sub(r"\x1b\[[0-9;]*m", "", harmless(text))


def account_of(action: Action) -> str | None:
    """The id of the account in which the action works, if it has a role of its own; else it is the pipeline's."""
    arn = parse_arn(action.declared.role_arn or "")
    return arn.account if arn is not None else None


def stack_events(caller: Caller, action: Action) -> tuple[Line, ...]:
    """The events of the action's stack from the action's beginning to its end, oldest first.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
    """
    return tuple(Line(event["Timestamp"], _event_text(event)) for event in _events(caller, action))


def first_failed_event(caller: Caller, action: Action) -> str | None:
    """The first resource that failed while the action worked, and why; those cancelled because of it do not count."""
    for event in _events(caller, action):
        reason = event.get("ResourceStatusReason", "")
        own = event.get("PhysicalResourceId") == event["StackId"]
        if event["ResourceStatus"].endswith("_FAILED") and not own and "cancelled" not in reason:
            return _event_text(event)
    return None


def _events(caller: Caller, action: Action) -> list[dict[str, Any]]:
    """Oldest first. AWS gives the newest first, so reading stops at the first one before the action."""
    stack = action.declared.setting("StackName")
    if stack is None or action.started is None:
        return []
    since = action.started - SLACK
    over = action.status is not ActionStatus.IN_PROGRESS
    until = action.updated + SLACK if over and action.updated is not None else None
    found: list[dict[str, Any]] = []
    asked = {"StackName": stack}
    while True:
        try:
            answer = caller.call("cloudformation", "DescribeStackEvents", asked)
        except AwsError as error:
            if error.code == "ValidationError" and "does not exist" in error.text:
                return []
            raise
        events = answer.get("StackEvents", [])
        found += [event for event in events if event["Timestamp"] >= since]
        if not answer.get("NextToken") or len(found) == 0 or events[-1]["Timestamp"] < since:
            break
        asked["NextToken"] = answer["NextToken"]
    found.reverse()
    return [event for event in found if until is None or event["Timestamp"] <= until]


def _event_text(event: dict[str, Any]) -> str:
    reason = event.get("ResourceStatusReason", "")
    what = f"{event['LogicalResourceId']} ({event['ResourceType']}) {event['ResourceStatus']}"
    return uncoloured(what + (f": {reason}" if reason else ""))


def has_log(action: Action) -> bool:
    """Whether the action is of a kind that leaves lines, and has begun."""
    return action.started is not None and (action.declared.is_build or action.declared.is_stack)


def logged_action(execution: Execution, name: str | None, account: str) -> Action:
    """The action whose lines are meant: ``ACTION`` or ``STAGE/ACTION``, or without a name the build that began last.

    ``OutcomeError`` if it has none, or none yet.
    """
    if name is None:
        builds = [action for action in execution.actions if action.declared.is_build]
        begun = [action for action in builds if action.started is not None]
        if not begun:
            raise OutcomeError(
                f"execution {execution.id} has built nothing" + (" yet" if not execution.status.final else ""),
                code="NoLog",
                account=account,
                next="crosslane status shows how far it came",
            )
        return begun[-1]
    named = [action for action in execution.actions if name in (action.declared.name, action.declared.path)]
    if not named:
        stages = [action for action in execution.actions if action.declared.stage == name and has_log(action)]
        named = stages[-1:]
    if not named:
        raise unknown_action(execution, name)
    if not has_log(named[0]):
        kind = "has not begun" if named[0].started is None else f"is of {named[0].declared.provider}, which keeps none"
        raise OutcomeError(
            f"there is no log of {named[0].declared.path}: it {kind}",
            code="NoLog",
            account=account,
            next="crosslane status shows how far the execution came",
        )
    return named[0]


def unknown_action(execution: Execution, name: str) -> UsageError:
    """The error for a name that no action has."""
    names = [action.declared.path for action in execution.actions]
    short = {action.declared.name: action.declared.path for action in execution.actions}
    near = get_close_matches(name, [*names, *short], n=1)
    return UsageError(
        f"the pipeline has no action {name}, but {', '.join(names)}",
        code="UnknownAction",
        next=f"did you mean {short.get(near[0], near[0])}?" if near else "name one of these",
    )
