"""Following an execution to its end, over lost connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from crosslane.aws.errors import AwsError, Unreachable
from crosslane.errors import EnvironmentFailure, OutcomeError
from crosslane.pipeline.calling import Caller
from crosslane.pipeline.model import Definition, Execution
from crosslane.pipeline.read import read_again, read_execution

PASSING_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "RequestTimeout",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes of answers that may be another one soon.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/CommonErrors.html (2026-11-24)
"""


KNOWN_WITHIN = 10.0
"""Seconds until a new execution is known to reads (a guess, on the safe side)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks: ``first`` after a change, then longer and longer up to ``longest``.

    ``outage`` is how long nothing but failures to get an answer is put up with, ``starts`` how long a push may take
    to start an execution.
    """

    first: float
    longest: float
    outage: float
    starts: float
    factor: float = 1.5

    def after(self, pause: float) -> float:
        """The pause after that one."""
        return min(pause * self.factor, self.longest)


ON_AWS = Pace(first=1.0, longest=5.0, outage=600.0, starts=15.0)
OFFLINE = Pace(first=0.1, longest=0.5, outage=10.0, starts=3.0)


class TimedOut(Exception):
    """The time that was given to follow is over; the execution goes on."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What following needs of the world."""

    pace: Pace
    now: Callable[[], float]
    """A monotonic clock in seconds."""
    sleep: Callable[[float], None]
    limit: float | None = None
    """Seconds to follow at most; None is without end."""
    lost: Callable[[EnvironmentFailure], None] = lambda error: None
    """Told each time no answer came."""


T = TypeVar("T")


def follow(caller: Caller, definition: Definition, first: Execution, watch: Watch) -> Iterator[Execution]:
    """The execution whenever it was looked at, ``first`` to begin with; ends with its final state.

    Raises ``TimedOut``, what the calls raise, and the last failure to get an answer once ``pace.outage`` is over.
    """
    end = None if watch.limit is None else watch.now() + watch.limit
    execution, pause = first, watch.pace.first
    while True:
        yield execution
        if execution.status.final:
            return
        if end is not None and watch.now() >= end:
            raise TimedOut
        watch.sleep(pause if end is None else max(0.0, min(pause, end - watch.now())))
        before = execution
        execution = patiently(partial(read_again, caller, definition, before), watch)
        pause = watch.pace.after(pause) if execution == before else watch.pace.first


def first_look(caller: Caller, definition: Definition, execution_id: str, watch: Watch, *, fresh: bool) -> Execution:
    """The execution to begin with. One that was started just now (``fresh``) may take some seconds to be known."""
    since = watch.now()
    while True:
        try:
            return patiently(partial(read_execution, caller, definition, execution_id), watch)
        except OutcomeError:
            if not fresh or watch.now() - since >= KNOWN_WITHIN:
                raise
        watch.sleep(watch.pace.first)


def patiently(read: Callable[[], T], watch: Watch) -> T:
    """The result of ``read``, tried again for ``pace.outage`` seconds while no answer comes."""
    since, pause = watch.now(), watch.pace.first
    while True:
        try:
            return read()
        except (Unreachable, AwsError) as error:
            if isinstance(error, AwsError) and error.code not in PASSING_CODES:
                raise
            if watch.now() - since >= watch.pace.outage:
                raise
            watch.lost(error)
        watch.sleep(pause)
        pause = watch.pace.after(pause)
