"""Steps go in the order of the graph, side by side where they can; a failure holds up only what needs it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from crosslane.apply.executor import WORKERS, execute
from crosslane.apply.outcome import Done, Outcome, StepResult
from crosslane.apply.progress import Silent
from crosslane.apply.waiting import Clock
from crosslane.errors import OutcomeError
from crosslane.plan.model import Op, Step, VerifyProfile


def step(name: str, *after: str) -> Step:
    return Step(name, "tools", None, name, Op.VERIFY, "profile", name, "", VerifyProfile(name), after=after)


def run(steps: list[Step], carry_out: Callable[[Step], Done]) -> dict[str, StepResult]:
    results = execute(steps, carry_out, progress=Silent(), clock=Clock(threading.Event()))
    assert [result.step for result in results] == steps
    return {result.step.id: result for result in results}


def test_a_step_begins_when_all_before_it_have_ended() -> None:
    ended: list[str] = []

    def carry_out(one: Step) -> Done:
        assert set(one.after) <= set(ended)
        ended.append(one.id)
        return Done(Outcome.VERIFIED, one.id)

    results = run([step("d", "b", "c"), step("b", "a"), step("c", "a"), step("a")], carry_out)

    assert (ended[0], ended[-1]) == ("a", "d")
    assert {result.outcome for result in results.values()} == {Outcome.VERIFIED}


def test_independent_steps_are_under_way_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=10)

    def carry_out(one: Step) -> Done:
        together.wait()
        return Done(Outcome.VERIFIED, "")

    run([step(name) for name in "abcd"], carry_out)


def test_a_failure_holds_up_only_what_needs_it() -> None:
    def carry_out(one: Step) -> Done:
        if one.id == "bad":
            raise OutcomeError("it is so", "StackFailed")
        return Done(Outcome.CREATED, "")

    results = run(
        [step("bad"), step("after", "bad"), step("later", "after"), step("other"), step("x", "other")], carry_out
    )

    assert {name: result.outcome for name, result in results.items()} == {
        "bad": Outcome.FAILED,
        "after": Outcome.PENDING,
        "later": Outcome.PENDING,
        "other": Outcome.CREATED,
        "x": Outcome.CREATED,
    }
    error = results["bad"].error
    assert error is not None
    assert error.account == "tools", "the step knows the account where the error does not"
    assert results["after"].error is None


def test_a_fault_of_ours_is_not_taken_for_a_failed_step() -> None:
    def carry_out(one: Step) -> Done:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run([step("a")], carry_out)


def test_an_interruption_ends_waits_at_once_and_begins_nothing_more() -> None:
    clock = Clock(threading.Event())
    begun: list[str] = []
    lock = threading.Lock()

    def carry_out(one: Step) -> Done:
        with lock:
            begun.append(one.id)
            full = len(begun) == WORKERS
        if full:  # a moment later, when all steps have been handed to the pool
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        clock.sleep(60)
        return Done(Outcome.VERIFIED, "")

    results = execute([step(str(n)) for n in range(WORKERS * 3)], carry_out, progress=Silent(), clock=clock)

    assert len(begun) == WORKERS
    assert {(one.outcome, one.detail) for one in results} == {(Outcome.PENDING, "interrupted")}
    assert {one.error.exit_code for one in results if one.error is not None} == {130}


def test_a_step_is_told_of_when_it_begins_and_when_it_ends() -> None:
    told: list[tuple[str, str]] = []

    class Listening:
        wants_events = False

        def started(self, step: Step) -> None:
            told.append((step.id, "started"))

        def finished(self, step: Step, outcome: str, detail: str) -> None:
            told.append((step.id, outcome))

        def note(self, step: Step, text: str) -> None:
            raise AssertionError

    steps = [step("a"), replace(step("b"), after=("a",))]
    execute(steps, lambda one: Done(Outcome.CREATED, ""), progress=Listening(), clock=Clock(threading.Event()))

    assert told == [("a", "started"), ("a", "created"), ("b", "started"), ("b", "created")]
