"""Setting everything up: the guide and the script by the AWS CLI against ``crosslane up``, on the same sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeVar

from bench.by_hand import by_hand
from bench.figures import Figure, NotMeasured, Result, at_least, at_most
from bench.latency import API_SECONDS, RESOURCE_SECONDS, Relay
from bench.world import BIN, Failed, Model, World, run, warm, world
from crosslane.aws.calls import changes
from crosslane.config.model import Config, Mode
from crosslane.desired.build import desired_state
from crosslane.desired.model import Desired

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds of both sides in one setting."""

    hand: float
    crosslane: float

    @property
    def ratio(self) -> float:
        """How many times faster crosslane was."""
        return self.hand / self.crosslane


def main(runs: int, scale: float, say: Callable[[str], None]) -> list[Result]:
    """All figures of setting up. ``scale`` is the part of AWS's modelled latency that is really waited for."""
    results: list[Result] = []
    plain = _tried(results, "guide + script / up", lambda: _plain(runs, say, warmed=True))
    cold = _tried(results, "  on a cold sandbox", lambda: _plain(1, say, warmed=False))
    modelled = _tried(results, "guide + script / up, modelled AWS", lambda: _modelled(scale, say, results))
    if plain is not None:
        detail = f"{_sides(plain)}; median of {runs}, pauses cut to 1/100"
        results.append(at_least("guide + script / up", plain.ratio, 5, detail))
    if cold is not None:
        results.append(Figure("  on a cold sandbox", cold.ratio, "x", detail=_sides(cold)))
    if modelled is not None:
        detail = f"{_sides(modelled)}; latencies times {scale:g}"
        results.append(at_least("guide + script / up, modelled AWS", modelled.ratio, 3, detail))
    idle = _tried(results, "up with nothing to do", lambda: _idle(runs, say))
    return results + (idle or [])


def _sides(pair: Pair) -> str:
    return f"AWS CLI {pair.hand:.2f} s, up {pair.crosslane:.2f} s"


def _tried(results: list[Result], name: str, measure: Callable[[], T]) -> T | None:
    """The measurement, or None with the reason among the results."""
    try:
        return measure()
    except Failed as error:
        results.append(NotMeasured(name, str(error)))
        return None


def by_the_guide(config: Config) -> Desired:
    """What the guide and the script create: crosslane's templates, without the boundary that only crosslane makes."""
    return desired_state(replace(config, bootstrap=replace(config.bootstrap, mode=Mode.GUIDE)))


def up(here: World) -> tuple[float, dict[str, int]]:
    """``crosslane up`` as one process: seconds, and the calls that it reports."""
    words = [str(BIN / "crosslane"), "up", "--sandbox", "--yes", "--json"]
    seconds, output = run([*words, "--config", str(here.config.path)], here.environment())
    return seconds, json.loads(output)["calls"]


def _plain(runs: int, say: Callable[[str], None], *, warmed: bool) -> Pair:
    hand: list[float] = []
    crosslane: list[float] = []
    for number in range(runs):
        say(f"set-up on a {'warm' if warmed else 'cold'} sandbox, {number + 1} of {runs}")
        for seconds, measure in ((hand, _by_hand), (crosslane, lambda here: up(here)[0])):
            with world() as here:
                if warmed:
                    warm(here)
                seconds.append(measure(here))
    return Pair(median(hand), median(crosslane))


def _modelled(scale: float, say: Callable[[str], None], results: list[Result]) -> Pair:
    """Both sides once, with AWS's latency; adds the calls of each to ``results``."""
    model = Model(API_SECONDS * scale, {kind: value * scale for kind, value in RESOURCE_SECONDS.items()}, scale)
    seconds = []
    for name, measure in (("the AWS CLI", _by_hand), ("crosslane up", lambda here: up(here)[0])):
        say(f"set-up with AWS's latency times {scale:g}: {name}")
        with world(model) as here:
            warm(here)
            seconds.append(measure(here))
            results.append(_calls(here, name))
    return Pair(*seconds)


def _by_hand(here: World) -> float:
    return sum(timing.seconds for timing in by_hand(here, by_the_guide(here.config)))


def _calls(here: World, name: str) -> Figure:
    assert here.relay is not None
    calls = here.relay.calls
    mutating = sum(count for call, count in calls.items() if mutates(*call))
    return Figure(f"API calls of {name}", sum(calls.values()), "calls", detail=f"{mutating} mutating")


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
