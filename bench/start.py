"""What it costs to start the program at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from statistics import median

from bench.figures import Figure, Result, at_most
from bench.world import BIN, run


def main(runs: int, say: Callable[[str], None]) -> list[Result]:
    """``crosslane --help`` as a whole process, against a Python that does nothing."""
    say("crosslane --help")
    environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
    commands = {"help": [str(BIN / "crosslane"), "--help"], "python": [sys.executable, "-c", "pass"]}
    for words in commands.values():
        run(words, environment)  # fills the bytecode cache
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(max(runs, 3) * 5):
        for name, words in commands.items():
            times[name].append(run(words, environment)[0])
    cost, bare = median(times["help"]), median(times["python"])
    return [
        at_most("crosslane --help", cost * 1000, "ms", 150, f"median of {len(times['help'])} processes"),
        Figure("  against python -c pass", cost / bare, "x", detail=f"{bare * 1000:.1f} ms"),
    ]
