"""Setting everything up: the guide and the script by the AWS CLI against ``crosslane up``, on the same sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from bench.by_hand import by_hand
from bench.figures import Figure, NotMeasured, Result, at_least, at_most
from bench.latency import API_SECONDS, RESOURCE_SECONDS, Relay
from bench.world import BIN, Failed, Model, World, run, world
from crosslane.aws.calls import changes
from crosslane.config.model import Config
from crosslane.desired.model import Desired


@dataclass(frozen=True, slots=True)
class Sample:
    """One side of the comparison: median seconds, and its API calls."""

    seconds: float
    calls: int
    mutating: int


def main(runs: int, scale: float, say: Callable[[str], None]) -> list[Result]:
    """All figures of setting up. ``scale`` is the part of AWS's modelled latency that is really waited for."""
    results: list[Result] = []
    for name, measure in (
        ("set-up, no latency", lambda: _plain(runs, say)),
        ("set-up, modelled latency", lambda: _modelled(scale, say)),
        ("up with nothing to do", lambda: _idle(runs, say)),
    ):
        try:
            results += measure()
        except (Failed, ImportError) as error:
            results.append(NotMeasured(name, str(error)))
    return results


def desired_of(config: Config) -> Desired:
    """The desired state, as ``crosslane plan`` computes it."""
    from crosslane.desired.state import desired_state

    return desired_state(config)


def up(here: World) -> tuple[float, dict[str, int]]:
    """``crosslane up`` as one process: seconds, and the calls that it reports."""
    words = [str(BIN / "crosslane"), "up", "--sandbox", "--yes", "--json"]
    seconds, output = run([*words, "--config", str(here.config.path)], here.environment())
    return seconds, json.loads(output)["calls"]


def _plain(runs: int, say: Callable[[str], None]) -> list[Result]:
    hand, crosslane = [], []
    for number in range(runs):
        say(f"set-up without latency, {number + 1} of {runs}")
        with world() as here:
            hand.append(sum(timing.seconds for timing in by_hand(here, desired_of(here.config))))
        with world() as here:
            crosslane.append(up(here)[0])
    detail = f"AWS CLI {median(hand):.2f} s, up {median(crosslane):.2f} s; median of {runs}, CLI's pauses cut to 1/100"
    return [
        at_least("guide + script / up", median(hand) / median(crosslane), 5, detail),
        Figure("  by the AWS CLI", median(hand), "s"),
        Figure("  crosslane up", median(crosslane), "s"),
    ]


def _modelled(scale: float, say: Callable[[str], None]) -> list[Result]:
    seconds = {kind: value * scale for kind, value in RESOURCE_SECONDS.items()}
    model = Model(API_SECONDS * scale, seconds, scale)
    say(f"set-up with AWS's latency at {scale:g} of its length: AWS CLI")
    with world(model) as here:
        hand = _sample(here, sum(timing.seconds for timing in by_hand(here, desired_of(here.config))))
    say(f"set-up with AWS's latency at {scale:g} of its length: crosslane up")
    with world(model) as here:
        ours = _sample(here, up(here)[0])
    at = f"API {API_SECONDS * 1000:g} ms, role 15 s, key 5 s, bucket 20 s, pipeline 10 s, all times {scale:g}"
    return [
        at_least("guide + script / up, modelled AWS", hand.seconds / ours.seconds, 3, at),
        Figure("  by the AWS CLI", hand.seconds, "s", detail=f"at scale {scale:g}"),
        Figure("  crosslane up", ours.seconds, "s", detail=f"at scale {scale:g}"),
        Figure("  API calls by the AWS CLI", hand.calls, "calls", detail=f"{hand.mutating} mutating"),
        Figure("  API calls of crosslane up", ours.calls, "calls", detail=f"{ours.mutating} mutating"),
    ]


def _sample(here: World, seconds: float) -> Sample:
    assert here.relay is not None
    calls = here.relay.calls
    return Sample(seconds, sum(calls.values()), sum(count for call, count in calls.items() if mutates(*call)))


def mutates(service: str, operation: str) -> bool:
    """Whether a call seen by the relay changes something; of S3 only the method and the path are known."""
    if service == "s3":
        return operation.partition(" ")[0] not in ("GET", "HEAD")
    return changes(service, operation)


def _idle(runs: int, say: Callable[[str], None]) -> list[Result]:
    say("up with nothing to do")
    with world(counted=True) as here:
        up(here)
        relay: Relay | None = here.relay
        assert relay is not None
        relay.calls.clear()
        times = [up(here)[0] for _ in range(runs)]
        mutating = sum(count for call, count in relay.calls.items() if mutates(*call))
        total = sum(relay.calls.values()) / runs
    return [
        at_most("up with nothing to do", median(times), "s", 2, f"median of {runs}; {total:.0f} calls each"),
        at_most("  mutating calls", mutating, "calls", 0),
    ]
