"""docs/mutants.md, written by the full form: mutants, killed, survived with reasons, and what ran where."""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.mutants.edits import WithoutAction
from tests.mutants.end_to_end import Outcome, normal
from tests.mutants.generate import InPolicy, Mutant
from tests.mutants.reasons import Kind
from tests.mutants.result import Judged
from tests.mutants.scenario import acts_of

_HEAD = """\
# Mutants

The set-up that works, broken one change at a time, to see that the sandbox can fail and that every right is needed.
`make mutants` writes this page; `tests/mutants/` has the parts. Mutants are generated from the rendered policies and
from the calls of a good run, never listed.

{recorded}
- **Replayed**: each mutant is applied to the policies of the recorded calls, and the policy engine decides them again.
  The first that is denied is the expected failure.
- **Run end to end**: {ran} of the {distinct} mutants that differ in the call that fails, on a sandbox in a process of
  its own: the same commands, until one is denied something. The call, the kind of policy and AWS's sentence have to be
  the expected ones, and a pipeline has to stop at the stage that the denied call belongs to; where a rule may not reach
  its target AWS tells nobody, and no execution may be started. Mutants are chosen so that each kind of change, each
  kind of policy and each command that fails has one, in the first mode before the others, as far as the runs go.
  Session policies for sessions that a service makes for itself are replayed only: nobody can set them.
- **A Deny** breaks nothing when it is narrowed: it lets more through. Its mutants are judged by requests made from the
  statement itself, which the working policy stops and the mutant must let through.
- The set-up as it is must pass, and a change of nothing must kill nothing: both are tests.
- Sessions that crosslane or a service makes are made anew when they end; expiry is tried on the sign-ins.
{time}
"""


def page(found: Sequence[Judged], minutes: float) -> str:
    """The whole page."""
    ran = [told for one in found for told in one.outcomes.values()]
    distinct = sum(len(one.distinct) for one in found)
    acts = ", ".join(act.name for act in acts_of(found[0].mode))
    calls = ", ".join(f"{len(one.record.calls):,} in mode `{one.mode}`" for one in found)
    recorded = (
        f"- **Recorded once a mode**, with a deployer in every account: {acts}. Authorizations, each with its request "
        f"context and every policy that was asked: {calls}."
    )
    head = _HEAD.format(
        recorded=_wrapped(recorded),
        ran=len(ran),
        distinct=f"{distinct:,}",
        time=_wrapped(_time(ran, distinct, minutes)),
    )
    parts = [head, *(_numbers(one) for one in found), _denies(found), _pipeline(found), _runs(found), _others(found)]
    return "\n".join([*parts, *_survivors(found), _tolerated(found)]).rstrip() + "\n"


def _time(ran: Sequence[Outcome], distinct: int, minutes: float) -> str:
    seconds = sorted(told.seconds for told in ran) or [0.0]
    return (
        f"- **Time**: the {len(ran)} runs took {minutes:.0f} minutes, two at a time on two cores with other work too: "
        f"the quickest {seconds[0]:.0f} s, half of them up to {seconds[len(seconds) // 2]:.0f} s, the slowest "
        f"{seconds[-1]:.0f} s. All {distinct:,} would take {distinct * minutes / max(len(ran), 1) / 60:.0f} hours "
        "at this pace. `make mutants` runs 150, "
        "`make mutants RUNS=N` as many as you like, `RUNS=all` all of them; `python -m tests.mutants N MODE…` keeps to "
        "some modes. The short form is one of the ordinary tests: it sets up only."
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def _numbers(one: Judged) -> str:
    rows = [
        f"## Mode `{one.mode}`",
        "",
        "| change | mutants | killed | survived | run end to end | as expected |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    totals = [0] * 5
    for group in sorted({mutant.group for mutant in one.mutants}):
        mine = [mutant for mutant in one.mutants if mutant.group == group]
        dead = sum(mutant.what in one.killed or mutant.what in one.stopped for mutant in mine)
        ran = [one.outcomes[mutant.what] for mutant in mine if mutant.what in one.outcomes]
        numbers = [len(mine), dead, len(mine) - dead, len(ran), sum(told.as_expected for told in ran)]
        totals = [sum(pair) for pair in zip(totals, numbers, strict=True)]
        rows.append(f"| {group} | {' | '.join(f'{number:,}' for number in numbers)} |")
    rows.append(f"| **all** | {' | '.join(f'{number:,}' for number in totals)} |")
    return "\n".join([*rows, ""])


def _denies(found: Sequence[Judged]) -> str:
    rows = [
        "## What a broken Deny lets through",
        "",
        "`only lock`: an Allow of the same policy reaches the request, and the Deny alone stops it. Of the others no",
        "Allow reaches that far today, and the Deny is a second lock.",
        "",
        "| statement | policies | mutants | killed | by the only lock | for example |",
        "|---|--:|--:|--:|--:|---|",
    ]
    mutants = [(one, mutant) for one in found for mutant in one.mutants if not mutant.allows]
    by_sid: dict[str, list[tuple[Judged, Mutant]]] = defaultdict(list)
    for one, mutant in mutants:
        by_sid[_sid(mutant)].append((one, mutant))
    for sid, listed in sorted(by_sid.items()):
        stopped = [one.stopped[mutant.what] for one, mutant in listed if mutant.what in one.stopped]
        first = next((told for told in stopped if not told.otherwise), stopped[0] if stopped else None)
        example = "" if first is None else f"{first.action} on {normal(first.resource)}"
        policies = len({(one.mode, mutant.what.partition(": ")[0]) for one, mutant in listed})
        only = sum(not told.otherwise for told in stopped)
        rows.append(f"| {sid} | {policies} | {len(listed)} | {len(stopped)} | {only} | {example} |")
    return "\n".join([*rows, ""])


def _pipeline(found: Sequence[Judged]) -> str:
    rows = [
        "## Where the pipeline stops",
        "",
        "The runs in which the command that failed was the pushing or the running: the call that was denied, and the",
        "pipeline's action that failed with AWS's sentence, or – where it was the call of a person that failed.",
        "",
        "| denied | stopped at | runs |",
        "|---|---|--:|",
    ]
    number = next(position for position, act in enumerate(acts_of("least")) if act.name == "push and run")
    counted: Counter[tuple[str, str]] = Counter()
    for one in found:
        for what, told in one.outcomes.items():
            if one.killed[what].call.act == number and told.as_expected:
                counted[told.stopped or "–", told.denied] += 1
    rows += [f"| {denied} | {stopped} | {times} |" for (stopped, denied), times in sorted(counted.items())]
    return "\n".join([*rows, ""])


def _runs(found: Sequence[Judged]) -> str:
    rows = ["## How the runs ended", "", "| mode | command | ended | runs | denied |", "|---|---|---|--:|---|"]
    for one in found:
        grouped: dict[tuple[int, str], list[str]] = defaultdict(list)
        for what, told in one.outcomes.items():
            ended = (
                "failed as expected"
                if told.difference is None
                else told.difference
                if told.as_expected
                else "OTHERWISE"
            )
            grouped[one.killed[what].call.act, ended].append(told.denied)
        for (act, ended), denied in sorted(grouped.items()):
            listed = ", ".join(sorted(set(denied)))
            rows.append(f"| {one.mode} | {acts_of(one.mode)[act].name} | {ended} | {len(denied)} | {listed} |")
    return "\n".join([*rows, ""])


def _others(found: Sequence[Judged]) -> str:
    wrong: list[tuple[str, str, Outcome]] = [
        (one.mode, what, told) for one in found for what, told in one.outcomes.items() if not told.as_expected
    ]
    rows = ["## Runs that ended otherwise", "", *([] if wrong else ["None."])]
    rows += [f"- {mode}, {what}: {' '.join((told.difference or '').split())[:300]}" for mode, what, told in wrong]
    return "\n".join([*rows, ""])


def _survivors(found: Sequence[Judged]) -> Iterator[str]:
    for kind in Kind:
        rows = list(_of_kind(found, kind))
        if rows:
            yield "\n".join(
                [
                    f"## Survived: {kind}",
                    "",
                    "| statement | without | mutants | reason |",
                    "|---|---|--:|---|",
                    *rows,
                    "",
                ]
            )
    rows = [f"- {one.mode}: {what}" for one in found for what in one.unexplained]
    yield "\n".join(["## Survived without a reason", "", *(rows or ["None."]), ""])


def _of_kind(found: Sequence[Judged], kind: Kind) -> Iterator[str]:
    """One row for a statement and a reason, over accounts, policies and modes."""
    grouped: dict[tuple[str, str, str | None], Counter[str]] = defaultdict(Counter)
    for one in found:
        by_name: Mapping[str, Mutant] = {mutant.what: mutant for mutant in one.mutants}
        for what, reason in one.survivors.items():
            if reason is not None and reason.kind is kind:
                mutant = by_name[what]
                grouped[_sid(mutant), reason.text, reason.where][_change(mutant)] += 1
    for (sid, text, where), changes in sorted(grouped.items(), key=lambda one: (one[0][0], one[0][1])):
        place = "" if where is None else f" ([page]({where}))" if where.startswith("http") else f" (`{where}`)"
        yield f"| {sid} | {', '.join(sorted(changes))} | {changes.total()} | {text}{place} |"


def _sid(mutant: Mutant) -> str:
    change = mutant.change
    return getattr(change.edit, "sid", "(any)") if isinstance(change, InPolicy) else "(any)"


def _change(mutant: Mutant) -> str:
    change = mutant.change
    if not isinstance(change, InPolicy):
        return "sts:GetCallerIdentity" if "sts:GetCallerIdentity" in mutant.what else mutant.group
    edit = change.edit
    if isinstance(edit, WithoutAction):
        return edit.action
    action = getattr(edit, "action", None)
    return str(action) if action is not None else "its principals" if "principal" in mutant.group else "its conditions"


def _tolerated(found: Sequence[Judged]) -> str:
    rows = ["## Denied in the good run, without harm", ""]
    told = {(call.principal, call.action, call.operation) for one in found for call in one.record.tolerated}
    rows += [f"- {principal}: {action} ({operation})" for principal, action, operation in sorted(told)]
    return "\n".join([*rows, ""])
