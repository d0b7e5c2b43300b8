"""The policy engine: decisions a second, alone and against another evaluator in the same run.

``IAM_ORACLE`` is the other evaluator's command (it reads cases; ``--engine simulate|core --bench N FILE`` times it),
``IAM_CASES`` a file of cases. Without a file, cases are generated; without a command, only our own figures are taken.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.figures import Figure, NotMeasured, Result, at_least
from bench.world import BIN, run
from crosslane.iam import Layers, Principal, Request, decide, parse_policy

ROUNDS = 3
PASSES = 7


def main() -> list[Result]:
    """The figures; ratios are medians over rounds in which both sides take turns. ``Failed`` if a command fails."""
    with tempfile.TemporaryDirectory() as folder:
        named = os.environ.get("IAM_CASES", "").split(":")[0]
        cases = Path(named) if named else _generated(Path(folder))
        ours = [str(BIN / "crosslane"), "iam", "decide"]
        oracle = shlex.split(os.environ.get("IAM_ORACLE", ""))
        count = sum(1 for line in cases.read_text().splitlines() if line.strip())
        results: list[Result] = []
        if oracle:
            results += _against(oracle, ours, cases)
        else:
            rate = median(_rate([*ours, "--bench", str(PASSES), str(cases)]) for _ in range(ROUNDS))
            results.append(Figure("iam decisions", rate, "/s", detail=f"{count} cases, policies compiled once"))
            reason = "set IAM_ORACLE to the other evaluator's command"
            results.append(NotMeasured("iam decisions against another evaluator", reason))
        results.append(_one_set())
    return results


def _against(oracle: list[str], ours: list[str], cases: Path) -> list[Result]:
    rates: dict[str, list[float]] = {"ours": [], "simulate": [], "core": []}
    times: dict[str, list[float]] = {"ours": [], "oracle": []}
    for _ in range(ROUNDS):
        rates["ours"].append(_rate([*ours, "--bench", str(PASSES), str(cases)]))
        for engine in ("simulate", "core"):
            rates[engine].append(_rate([*oracle, "--engine", engine, "--bench", str(PASSES), str(cases)]))
        times["ours"].append(run([*ours, str(cases)], os.environ)[0])
        times["oracle"].append(run([*oracle, str(cases)], os.environ)[0])
    rate = {name: median(found) for name, found in rates.items()}
    cold = {name: median(found) for name, found in times.items()}
    return [
        Figure("iam decisions", rate["ours"], "/s", detail="policies compiled once"),
        at_least(
            "  against runSimulation", rate["ours"] / rate["simulate"], 10, f"its best pass {rate['simulate']:,.0f}/s"
        ),
        at_least("  against its inner core", rate["ours"] / rate["core"], 4, f"its best pass {rate['core']:,.0f}/s"),
        at_least(
            "  whole process, cold", cold["oracle"] / cold["ours"], 1, f"{cold['ours'] * 1000:.0f} ms for the file"
        ),
    ]


def _rate(command: list[str]) -> float:
    """Decisions a second as a command reports them: our median pass, the other's best."""
    found = json.loads(run(command, os.environ)[1])
    return float(found.get("decisions_per_second") or found["best"])


def _one_set() -> Figure:
    """Many requests against one set of policies, as a proof asks them."""
    actions = [
        f"s3:{verb}{noun}" for verb in ("Get", "Put", "Delete") for noun in ("Object", "ObjectTagging", "BucketAcl")
    ]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": actions[:4], "Resource": f"arn:aws:s3:::bucket-{number}/*"}
        for number in range(20)
    ]
    statements.append(
        {
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
    layers = Layers.of([parse_policy({"Version": "2012-10-17", "Statement": statements})])
    principal = Principal.parse("arn:aws:sts::111111111111:assumed-role/app/build")
    context = {"aws:SecureTransport": "true", **principal.context()}
    asked = [(action, f"arn:aws:s3:::bucket-{number % 25}/key") for action in actions for number in range(500)]
    rates = []
    for _ in range(PASSES):
        start = perf_counter()
        for action, resource in asked:
            decide(Request(principal, action, resource, "111111111111", context), layers)
        rates.append(len(asked) / (perf_counter() - start))
    return Figure("  many requests, one set of policies", median(rates), "/s", detail=f"{len(statements)} statements")


def _generated(folder: Path) -> Path:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.differential.generate import Generator

    file = folder / "cases.jsonl"
    file.write_text("".join(json.dumps(case) + "\n" for case in Generator(1).cases(2_000)))
    return file
