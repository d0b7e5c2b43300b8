"""Mutants on the real sandbox, two at a time, each in a process of its own that may die without harm to the others."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

from tests.mutants.end_to_end import Outcome, outcome
from tests.mutants.generate import Mutant
from tests.mutants.judge import Failure, failures
from tests.mutants.result import Judged


def end_to_end(runs: Sequence[tuple[Judged, Mutant]]) -> dict[str, dict[str, Outcome]]:
    """How each run ended, by mode and mutant."""
    outcomes: dict[str, dict[str, Outcome]] = defaultdict(dict)
    with ThreadPoolExecutor(2) as two:
        given = [_given(one, mutant) for one, mutant in runs]
        for (one, mutant), told in zip(runs, two.map(_alone, given), strict=True):
            outcomes[one.mode][mutant.what] = told
            print(
                f"{told.difference or 'ok'} {told.seconds:.0f} s  {one.mode}, {mutant.what}",
                file=sys.stderr,
                flush=True,
            )
    return outcomes


_Given = tuple[Mutant, str, list[Failure], frozenset[str]]


def _given(one: Judged, mutant: Mutant) -> _Given:
    tolerated = frozenset(call.action for call in one.record.tolerated)
    return mutant, one.mode, failures(mutant, one.record.calls), tolerated


def _alone(given: _Given) -> Outcome:
    """In a process of its own, and once more if that dies."""
    for _ in range(2):
        with suppress(BrokenProcessPool), ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return pool.submit(_run, given).result()
    return Outcome("the process that ran it died, twice", "nothing", None, 0.0)


def _run(given: _Given) -> Outcome:
    mutant, mode, expected, tolerated = given
    with tempfile.TemporaryDirectory() as folder:
        try:
            return outcome(mutant, mode, Path(folder), expected, tolerated)
        except Exception as error:  # not all of botocore's can be sent to another process
            return Outcome(f"{type(error).__name__}: {error}", "nothing", None, 0.0)
