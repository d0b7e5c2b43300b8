"""``python -m bench``: every measurement, one table; ``--json`` gives one document."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable

from bench import credentials, delivery, iam, sandbox, set_up, start
from bench.figures import Figure, NotMeasured, Result, to_json, to_table
from bench.world import Failed


def main() -> int:
    """Exit code 0, or 1 with ``--check`` if a budget is missed or a figure could not be measured."""
    measures: dict[str, Callable[[], list[Result]]] = {
        "start": lambda: start.main(options.runs, _say),
        "set-up": lambda: set_up.main(options.runs, options.scale, _say),
        "iam": iam.main,
        "credentials": lambda: credentials.main(options.runs, _say),
        "sandbox": lambda: sandbox.main(options.runs, _say),
        "delivery": lambda: delivery.main(options.runs, _say),
    }
    options = _options(measures)
    results: list[Result] = []
    before = os.getloadavg()[0]
    for name in options.only or measures:
        try:
            results += measures[name]()
        except Failed as error:
            results.append(NotMeasured(name, str(error)))
    machine = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load": before,
    }
    if options.json:
        print(json.dumps({"machine": machine, "results": to_json(results)}, indent=2))
    else:
        print(to_table(results))
        print(f"\nPython {machine['python']}, {machine['cores']} cores, load {before:.1f}, {machine['system']}")
        if before > 0.5 * (os.cpu_count() or 1):
            print("The machine was busy before it began; measure again when it is idle.")
    good = all(isinstance(result, Figure) and result.met is not False for result in results)
    return 0 if good or not options.check else 1


def _options(measures: Iterable[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--check", action="store_true", help="exit code 1 if a budget is missed or not measured")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="processes per median (default 3)")
    parser.add_argument(
        "--scale", type=float, default=0.2, metavar="PART", help="part of AWS's latency that is waited for (0.2)"
    )
    parser.add_argument("--only", action="append", choices=tuple(measures), help="this measurement only")
    return parser.parse_args()


def _say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
