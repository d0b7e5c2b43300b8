"""Carries out a plan: each step as soon as the steps before it have succeeded, independent ones side by side.

A failed step holds up only what depends on it; those steps are ``pending``. This is the only way to change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from time import monotonic

from crosslane.apply.outcome import Done, Outcome, StepResult
from crosslane.apply.progress import Progress
from crosslane.apply.waiting import Clock, Stopped
from crosslane.errors import CrosslaneError, CutShort, Terminated
from crosslane.plan.model import Step

WORKERS = 12
"""Steps under way at once; most of a step's time is waiting for AWS."""


def execute(
    steps: Sequence[Step], carry_out: Callable[[Step], Done], *, progress: Progress, clock: Clock
) -> tuple[StepResult, ...]:
    """Carry out all steps; returns their results in the order of ``steps``, failed and pending ones included.

    ``KeyboardInterrupt`` (and ``Terminated``) sets ``clock.stop`` and waits for the calls under way: nothing is left
    half-known. What is not done then is pending, with ``CutShort`` as its error, and running the same command again
    goes on from there.
    """
    results: dict[str, StepResult] = {}
    waiting = list(steps)
    running: dict[Future[StepResult], Step] = {}
    cut: CutShort | None = None
    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="step") as pool:
        try:
            while waiting or running:
                waiting = _launch(waiting, results, running, pool, carry_out, progress)
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    step = running.pop(future)
                    results[step.id] = future.result()
        except (KeyboardInterrupt, Terminated) as cause:
            cut = CutShort(cause)
            clock.stop.set()
            pool.shutdown(cancel_futures=True)
            ended = {step.id: future for future, step in running.items() if not future.cancelled()}
            results |= {name: one.result() for name, one in ended.items() if not isinstance(one.exception(), Stopped)}
        except BaseException:
            clock.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return tuple(results.get(step.id) or _not_done(step, cut) for step in steps)


def _not_done(step: Step, cut: CutShort | None) -> StepResult:
    return StepResult(step, Outcome.PENDING, cut.message if cut else "a step before it did not succeed", error=cut)


def _launch(
    waiting: list[Step],
    results: dict[str, StepResult],
    running: dict[Future[StepResult], Step],
    pool: ThreadPoolExecutor,
    carry_out: Callable[[Step], Done],
    progress: Progress,
) -> list[Step]:
    """Submit every step whose predecessors succeeded; returns those that still wait."""
    still = []
    for step in waiting:
        befores = [results.get(name) for name in step.after]
        if all(before is not None and before.error is None for before in befores):
            running[pool.submit(_run, step, carry_out, progress)] = step
        elif not any(before is not None and before.error is not None for before in befores):
            still.append(step)
    return still


def _run(step: Step, carry_out: Callable[[Step], Done], progress: Progress) -> StepResult:
    start = monotonic()
    progress.started(step)
    try:
        done = carry_out(step)
        result = StepResult(step, done.outcome, done.detail, monotonic() - start)
    except Stopped:
        progress.finished(step, Outcome.PENDING, "interrupted")
        raise
    except CrosslaneError as error:
        if error.account is None:
            error.account = step.account
        result = StepResult(step, Outcome.FAILED, str(error), monotonic() - start, error)
    progress.finished(step, result.outcome, result.detail)
    return result
