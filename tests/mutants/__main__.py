"""The full form: ``python -m tests.mutants [END_TO_END]`` writes docs/mutants.md and fails where it finds a fault.

``END_TO_END`` is how many mutants are run on the real sandbox, a seeded sample; without it all that differ in the
call that fails.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.end_to_end.place import ROOT
from tests.mutants.calls import Record, decision_of, load
from tests.mutants.end_to_end import WENT_ON, agrees, run
from tests.mutants.generate import Mutant
from tests.mutants.judge import Failure, failures, first_failure
from tests.mutants.setup import setup_in
from tests.mutants.survivors import reason_of
from tests.mutants.table import page

MODE = "least"
SEED = 20261125


def main(limit: int | None) -> int:
    """The exit code: 0 if every run ended as expected and every survivor has a reason."""
    with tempfile.TemporaryDirectory() as folder:
        record = recorded(Path(folder) / "calls.json")
        setup = setup_in(Path(folder), MODE)
    denied = [call.action for call in record.calls if not decision_of(call, call.policies).allowed]
    assert not denied, f"the set-up as it is is denied {denied}"
    mutants = setup.mutants(record)
    killed = {one.what: found for one in mutants if (found := first_failure(one, record.calls)) is not None}
    chosen = sample(mutants, killed, limit)
    print(f"{len(mutants)} mutants, {len(killed)} killed when replayed; {len(chosen)} go end to end", file=sys.stderr)
    outcomes = end_to_end(chosen, record)
    survivors = {one.what: reason_of(one, setup.desired, setup.written) for one in mutants if one.what not in killed}
    text = page(mutants, killed, outcomes, survivors, record, distinct(mutants, killed))
    (ROOT / "docs" / "mutants.md").write_text(text, encoding="utf-8")
    wrong = {what: told for what, told in outcomes.items() if told not in (None, WENT_ON)}
    for what, told in wrong.items():
        print(f"WRONG  {what}: {told}", file=sys.stderr)
    print(f"docs/mutants.md written; {len(wrong)} of {len(outcomes)} runs were not as expected", file=sys.stderr)
    allowing = {one.what for one in mutants if one.allows}
    unknown = sorted(what for what, reason in survivors.items() if reason is None and what in allowing)
    print(f"{len(unknown)} survivors have no reason: remove these rights or give one in survivors.py", file=sys.stderr)
    return 1 if wrong or unknown else 0


def recorded(file: Path) -> Record:
    """The good run, heard in a process of its own."""
    subprocess.run([sys.executable, "-m", "tests.mutants.record", MODE, str(file)], check=True, timeout=900)
    return load(file)


def distinct(mutants: Sequence[Mutant], killed: Mapping[str, Failure]) -> list[Mutant]:
    """One mutant for each call that fails and kind of policy behind it."""
    found: dict[tuple[str, str, str, str | None], Mutant] = {}
    for one in mutants:
        if one.what in killed:
            found.setdefault(killed[one.what].key, one)
    return list(found.values())


def sample(mutants: Sequence[Mutant], killed: Mapping[str, Failure], limit: int | None) -> list[Mutant]:
    """Those that run end to end: all distinct ones, or so many of them, from every group in turn."""
    found = distinct(mutants, killed)
    if limit is None:
        return found
    chance = random.Random(SEED)
    groups: dict[str, list[Mutant]] = defaultdict(list)
    for one in found:
        groups[one.group].append(one)
    for listed in groups.values():
        chance.shuffle(listed)
    out: list[Mutant] = []
    while len(out) < limit and any(groups.values()):
        out += [listed.pop() for listed in groups.values() if listed][: limit - len(out)]
    return out


def end_to_end(chosen: Sequence[Mutant], record: Record) -> dict[str, str | None]:
    """How each run ended: None if as expected."""
    tolerated = frozenset(call.action for call in record.tolerated)
    with ProcessPoolExecutor(2) as pool:
        expected = [failures(one, record.calls) for one in chosen]
        given = zip(chosen, expected, [tolerated] * len(chosen), strict=True)
        outcomes: dict[str, str | None] = {}
        for one, told in zip(chosen, pool.map(_try, given), strict=True):
            outcomes[one.what] = told
            print(f"{'ok' if told is None else told}  {one.what}", file=sys.stderr, flush=True)
    return outcomes


def _try(given: tuple[Mutant, list[Failure], frozenset[str]]) -> str | None:
    mutant, expected, tolerated = given
    with tempfile.TemporaryDirectory() as folder:
        seen = run(mutant, MODE, Path(folder), until=expected[0].call.act, tolerated=tolerated)
        return agrees(seen, expected)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else None))
