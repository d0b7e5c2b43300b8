"""Waiting is bounded, grows, and ends at once when the run is interrupted."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from crosslane.apply.waiting import PROPAGATION, Clock, Patience, Stopped, eventually
from crosslane.aws.errors import AccessDenied, AwsError


@dataclass
class Time:
    """A clock whose sleeps take no time and are noted."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> bool:
        self.slept.append(seconds)
        self.seconds += seconds
        return False

    @property
    def clock(self) -> Clock:
        event = threading.Event()
        event.wait = self.wait  # type: ignore[method-assign,assignment]
        return Clock(event, lambda: self.seconds)


def denied() -> AwsError:
    return AccessDenied("not yet", code="AccessDenied", operation="sts:AssumeRole")


def test_it_tries_again_until_it_works_and_says_once_that_it_waits() -> None:
    time, attempts = Time(), iter([denied(), denied(), denied()])
    told: list[AwsError] = []

    def attempt() -> str:
        if (error := next(attempts, None)) is not None:
            raise error
        return "done"

    assert eventually(attempt, retry=lambda error: True, clock=time.clock, waiting=told.append) == "done"
    assert len(told) == 1
    assert time.slept == sorted(time.slept)
    assert len(time.slept) == 3


def test_it_gives_the_last_error_when_time_is_up() -> None:
    time = Time()

    def attempt() -> str:
        raise denied()

    with pytest.raises(AccessDenied):
        eventually(attempt, retry=lambda error: True, clock=time.clock)
    assert PROPAGATION.limit <= time.seconds <= PROPAGATION.limit + PROPAGATION.longest


def test_another_error_is_not_waited_out() -> None:
    time = Time()

    def attempt() -> str:
        raise denied()

    with pytest.raises(AccessDenied):
        eventually(attempt, retry=lambda error: error.code == "InvalidClientTokenId", clock=time.clock)
    assert time.slept == []


def test_pauses_grow_to_the_longest_and_the_last_one_ends_on_time() -> None:
    time = Time()

    list(time.clock.pauses(Patience(first=1, factor=2, longest=5, limit=20)))

    assert time.slept == [1, 2, 4, 5, 5, 3]


def test_an_interrupted_wait_ends_at_once() -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(Stopped):
        Clock(stop).sleep(60)


def test_a_new_role_is_waited_for_as_long_as_iam_has_been_seen_to_take() -> None:
    assert PROPAGATION.limit >= 60
