"""The sandbox itself: how soon it answers, and what enforcing IAM costs a call."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from statistics import median, quantiles
from typing import Any

from bench.figures import Result, at_most
from bench.world import BIN, run, world
from crosslane.sandbox import Sandbox

ACCOUNT = "main"
CALLS = 40
"""Calls of each kind in a round, with and without enforcement in turn."""
ROUNDS = 5
"""Each gives a ratio, and the middle one counts: what else runs on the machine does not last that long."""


def main(runs: int, say: Callable[[str], None]) -> list[Result]:
    """Start to the first answer, setting back, the cost of enforcement, and the whole of a demo."""
    say("sandbox: start to the first answered call")
    starts = [_start() for _ in range(max(runs, 5))]
    say("sandbox: set back to its start")
    reset = _reset()
    say("sandbox: the same calls with and without enforcement")
    ratio, detail = _enforcement()
    say("crosslane up --sandbox, as make demo runs it")
    with world() as here, tempfile.TemporaryDirectory(prefix="crosslane-bench-") as name:
        words = [str(BIN / "crosslane"), "up", "--sandbox", "--config", str(here.directory / "crosslane.toml")]
        environment = here.environment() | {"XDG_STATE_HOME": name, "PYTHONPATH": ""}
        demo = median(run(words, environment)[0] for _ in range(max(runs, 3)))
    return [
        at_most("sandbox start to first answer", min(starts), "s", 1.5, f"fastest of {len(starts)}"),
        at_most("sandbox reset", reset, "s", 0.1, "lower quartile of 20"),
        at_most("sandbox calls, enforced / not", ratio, "x", 1.2, detail),
        at_most("up --sandbox, sandbox included", demo, "s", 10, "whole process, with the sample's config"),
    ]


def _start() -> float:
    began = time.perf_counter()
    with Sandbox({ACCOUNT: "111111111111"}) as aws:
        aws.client(ACCOUNT, "sts").get_caller_identity()
        return time.perf_counter() - began


def _reset() -> float:
    with Sandbox({ACCOUNT: "111111111111"}) as aws:
        taken = []
        for _ in range(20):
            began = time.perf_counter()
            aws.reset()
            taken.append(time.perf_counter() - began)
    return quantiles(taken)[0]


def _enforcement() -> tuple[float, str]:
    """The ratio, and what it is made of. ``Sandbox`` keeps an audit where it enforces: its cost is in the ratio."""
    with ExitStack() as stack:
        places = [stack.enter_context(Sandbox({ACCOUNT: "111111111111"}, enforce=enforce)) for enforce in (True, False)]
        pairs = list(zip(*(list(_calls(place)) for place in places), strict=True))
        for pair in pairs:
            for call in pair:
                call()
        rounds = []
        for _ in range(ROUNDS):
            each = [_undisturbed(pair) for pair in pairs]
            rounds.append((sum(enforced for enforced, _ in each), sum(free for _, free in each)))
    enforced, free = sorted(rounds, key=lambda sums: sums[0] / sums[1])[ROUNDS // 2]
    detail = f"{enforced * 1000:.1f} ms / {free * 1000:.1f} ms for one call of each kind; middle of {ROUNDS} rounds"
    return enforced / free, detail


def _undisturbed(pair: tuple[Callable[[], Any], Callable[[], Any]]) -> tuple[float, float]:
    """Seconds of the two calls, made in turn: the lower tenth, since what disturbs a call only makes it longer."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(CALLS):
        for side in (0, 1) if turn % 2 else (1, 0):
            began = time.perf_counter()
            pair[side]()
            times[side].append(time.perf_counter() - began)
    return quantiles(times[0], n=10)[0], quantiles(times[1], n=10)[0]


def _calls(place: Sandbox) -> Iterator[Callable[[], Any]]:
    """One call each of the services that a set-up uses most."""
    client = partial(place.client, ACCOUNT)
    s3, iam, sts = client("s3"), client("iam"), client("sts")
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="k", Body=b"x")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", **trust}))
    yield sts.get_caller_identity
    yield lambda: iam.get_role(RoleName="bench")
    yield lambda: s3.get_object(Bucket="bench", Key="k")
    yield lambda: s3.put_object(Bucket="bench", Key="k", Body=b"x")
    yield client("kms").list_keys
    yield client("cloudformation").list_stacks
    yield client("codepipeline").list_pipelines
    yield lambda: sts.assume_role(RoleArn="arn:aws:iam::111111111111:role/bench", RoleSessionName="bench")
