"""The full form: ``python -m tests.mutants [RUNS|all] [MODE…]`` writes docs/mutants.md; it fails if it finds a fault.

``RUNS`` is how many mutants are run on the real sandbox, of all modes together: ``SOME`` if it is not said.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.end_to_end.place import ROOT
from tests.mutants.calls import Record, load
from tests.mutants.result import Judged, chosen, judged
from tests.mutants.running import end_to_end
from tests.mutants.setup import setup_in
from tests.mutants.table import page

MODES = ("least", "keyless", "guide")
SOME = 150
SEED = 20261125


def main(limit: int | None, modes: Sequence[str]) -> int:
    """The exit code: 0 if every run ended as expected and every survivor has a reason."""
    found = [_judged(mode) for mode in modes]
    began = time.monotonic()
    outcomes = end_to_end(chosen(found, limit, SEED))
    minutes = (time.monotonic() - began) / 60
    found = [replace(one, outcomes=outcomes[one.mode]) for one in found]
    (ROOT / "docs" / "mutants.md").write_text(page(found, minutes), encoding="utf-8")
    wrong = [one for told in outcomes.values() for one in told.values() if not one.as_expected]
    unknown = [f"{one.mode}: {what}" for one in found for what in one.unexplained]
    for what in unknown:
        print(f"NO REASON  {what}", file=sys.stderr)
    print(f"docs/mutants.md written; {len(wrong)} runs were not as expected", file=sys.stderr)
    print(f"{len(unknown)} survivors have no reason: remove these rights or give one in reasons.py", file=sys.stderr)
    return 1 if wrong or unknown else 0


def _judged(mode: str) -> Judged:
    with tempfile.TemporaryDirectory() as folder:
        record = recorded(mode, Path(folder) / "calls.json")
        setup = setup_in(Path(folder), mode)
    one = judged(mode, setup, record)
    print(f"{mode}: {len(one.mutants)} mutants, {len(one.killed)} killed when replayed", file=sys.stderr)
    return one


def recorded(mode: str, file: Path) -> Record:
    """The good run, heard in a process of its own."""
    subprocess.run([sys.executable, "-m", "tests.mutants.record", mode, str(file)], check=True, timeout=900)
    return load(file)


if __name__ == "__main__":
    asked = sys.argv[1:]
    count = [one for one in asked if one not in MODES]
    sys.exit(
        main(
            SOME if not count else None if count[0] == "all" else int(count[0]),
            [one for one in asked if one in MODES] or MODES,
        )
    )
