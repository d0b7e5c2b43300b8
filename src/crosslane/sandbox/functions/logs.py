"""A function's log in CloudWatch Logs: START, END and REPORT lines around its output.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html (2026-11-25)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crosslane.sandbox.functions.process import Outcome

_EVENT_BYTES = 260_000
_BATCH = 1000


def lines(outcome: Outcome, request_id: str, version: str, memory: int) -> list[str]:
    """The log events of one invocation; output lines are events of their own."""
    billed = math.ceil(outcome.duration)
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {outcome.duration:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {memory} MB\tInit Duration: {outcome.initialized:.2f} ms"
    )
    return [
        f"START RequestId: {request_id} Version: {version}",
        *outcome.log.splitlines(),
        f"END RequestId: {request_id}",
        report + ("\tStatus: timeout" if outcome.timed_out else ""),
    ]


def stream_name(function: str, version: str, moment: datetime, instance: str, *, own_group: bool) -> str:
    """A group shared by functions has their names in its streams."""
    return f"{moment:%Y/%m/%d}/{function if own_group else ''}[{version}]{instance}"


def write(logs: Any, group: str, stream: str, told: Sequence[str], moment: datetime) -> None:
    """Puts the events with the rights of ``logs``, a client. The group is made if there is none."""
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    except logs.exceptions.ResourceNotFoundException:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    time = int(moment.timestamp() * 1000)
    events = [{"timestamp": time, "message": line[:_EVENT_BYTES]} for line in told if line]
    for start in range(0, len(events), _BATCH):
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events[start : start + _BATCH])
