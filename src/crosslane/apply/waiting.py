"""Waiting for AWS to catch up, bounded: IAM is eventually consistent, stacks take their time.

New users, keys and roles have been seen to need 10 to 30 seconds before every part of AWS knows them
(https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency,
2026-11-24; hashicorp/terraform-provider-aws#6566).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import TypeVar

from crosslane.aws.errors import AwsError

T = TypeVar("T")


class Stopped(Exception):
    """The run was interrupted while this step was waiting; the step is left as it is and can be resumed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Pauses in seconds: ``first``, then each ``factor`` times longer up to ``longest``; ``limit`` in all."""

    first: float
    factor: float
    longest: float
    limit: float


PROPAGATION = Patience(first=0.25, factor=1.5, longest=4.0, limit=90.0)
STACK = Patience(first=0.03, factor=2.0, longest=1.5, limit=3600.0)
"""A stack of two policies is done within a second, one with a role in a quarter of a minute: ask soon, then calmly.
Three stacks come one after the other, so that each pause is waited for in vain three times: half of it on average."""


@dataclass(slots=True)
class Clock:
    """Time as the executor sees it. Tests pass their own; ``stop`` ends every sleep at once."""

    stop: Event
    now: Callable[[], float] = monotonic

    def sleep(self, seconds: float) -> None:
        """Sleep, or raise ``Stopped`` as soon as the run is interrupted."""
        if self.stop.wait(seconds):
            raise Stopped

    def pauses(self, patience: Patience) -> Iterator[float]:
        """Sleep between attempts until the limit; yields the seconds since the start, ends when time is up."""
        start = self.now()
        pause = patience.first
        while True:
            yield self.now() - start
            left = patience.limit - (self.now() - start)
            if left <= 0:
                return
            self.sleep(min(pause, left))
            pause = min(pause * patience.factor, patience.longest)


def eventually(
    attempt: Callable[[], T],
    *,
    retry: Callable[[AwsError], bool],
    clock: Clock,
    patience: Patience = PROPAGATION,
    waiting: Callable[[AwsError], None] = lambda error: None,
) -> T:
    """The result of ``attempt``, tried again while it fails as ``retry`` expects; the last error when time is up."""
    last: AwsError | None = None
    for _ in clock.pauses(patience):
        try:
            return attempt()
        except AwsError as error:
            if not retry(error):
                raise
            if last is None:
                waiting(error)
            last = error
    if last is None:
        raise AssertionError("no attempt was made")
    raise last
