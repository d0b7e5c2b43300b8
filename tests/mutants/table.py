"""docs/mutants.md, written by the full form: mutants, killed, survived with reasons, and what ran where."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from tests.mutants.calls import Record
from tests.mutants.end_to_end import WENT_ON
from tests.mutants.generate import Mutant
from tests.mutants.judge import Failure
from tests.mutants.scenario import ACTS
from tests.mutants.survivors import Reason

_HEAD = """\
# Mutants

The set-up that works, broken one change at a time, to see that the sandbox can fail and that every right is needed.
`make mutants` writes this page; `tests/mutants/` has the parts. Mutants are generated from the rendered policies and
from the calls of a good run, never listed.

- **Recorded once**: a good run of mode `least` with a deployer in every account ({acts}): {calls} authorizations, with
  the request context and every policy that was asked.
- **Replayed**: each mutant is applied to the policies of the recorded calls, and the policy engine decides them again.
  The first that is denied is the expected failure. All numbers under "killed" are from the replay.
- **Run end to end**: {ran} of the {distinct} mutants that differ in the call that fails, on a sandbox in a process of
  its own: the same commands, until one is denied something. The call, the kind of policy and AWS's sentence have to be
  the expected ones.
- The set-up as it is must pass, and a change of nothing must kill nothing: both are tests.
- Not in the numbers: a Deny that is narrowed lets more through, which a good run cannot show. Changed conditions of a
  Deny are tried all the same, because some widen it. Calls that a Deny must stop are not part of this suite yet.
- Sessions that crosslane or a service makes are made anew when they end; expiry is tried on the sign-ins.
"""


def page(
    mutants: Sequence[Mutant],
    killed: Mapping[str, Failure],
    outcomes: Mapping[str, str | None],
    survivors: Mapping[str, Reason | None],
    record: Record,
    distinct: Sequence[Mutant],
) -> str:
    """The whole page."""
    acts = ", ".join(act.name for act in ACTS)
    parts = [_HEAD.format(acts=acts, calls=len(record.calls), ran=len(outcomes), distinct=len(distinct))]
    parts.append(_counts(mutants, killed, outcomes))
    parts.append(_runs(outcomes))
    parts.append(_survivors(mutants, survivors))
    parts.append(_tolerated(record))
    return "\n".join(part for part in parts if part)


def _counts(mutants: Sequence[Mutant], killed: Mapping[str, Failure], outcomes: Mapping[str, str | None]) -> str:
    rows = [
        "| change | mutants | killed (replayed) | survived | run end to end | as expected |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for group in sorted({one.group for one in mutants if one.allows}):
        mine = [one for one in mutants if one.group == group and one.allows]
        dead = sum(one.what in killed for one in mine)
        ran = [outcomes[one.what] for one in mine if one.what in outcomes]
        right = sum(told in (None, WENT_ON) for told in ran)
        rows.append(f"| {group} | {len(mine)} | {dead} | {len(mine) - dead} | {len(ran)} | {right} |")
    return "\n".join(["## Numbers", "", *rows, ""])


def _runs(outcomes: Mapping[str, str | None]) -> str:
    rows = ["## End to end, not failed as plainly as expected", ""]
    other = {what: told for what, told in outcomes.items() if told is not None}
    for told, listed in _grouped(other).items():
        rows += [f"**{told}**", "", *(f"- {what}" for what in listed), ""]
    return "\n".join([*rows, *([] if other else ["None.", ""])])


def _grouped(outcomes: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for what, told in outcomes.items():
        found[told.splitlines()[0][:200] if told else ""].append(what)
    return found


_KINDS: Mapping[str, str] = {
    "real AWS": "Survived: only real AWS needs it",
    "another run": "Survived: not exercised by the sample app's run",
    "no right": "Survived: cannot be denied",
    "": "Survived: no reason found; to be removed or given one",
}


def _survivors(mutants: Sequence[Mutant], survivors: Mapping[str, Reason | None]) -> str:
    allowing = {one.what for one in mutants if one.allows}
    rows: list[str] = []
    for kind, title in _KINDS.items():
        found: Counter[tuple[str, str]] = Counter()
        for what, reason in survivors.items():
            if what in allowing and (reason.kind if reason else "") == kind:
                place, _, change = what.partition(": ")
                text = f"{reason.text}{f' ([page]({reason.url}))' if reason.url else ''}" if reason else place
                found[change, text] += 1
        rows += [f"## {title}", "", "| change | accounts or policies | reason |", "|---|--:|---|"]
        rows += [f"| {change} | {number} | {text} |" for (change, text), number in sorted(found.items())]
        rows.append("")
    return "\n".join(rows)


def _tolerated(record: Record) -> str:
    rows = ["## Denied in the good run, without harm", ""]
    told = {(call.principal, call.action, call.operation) for call in record.tolerated}
    rows += [f"- {principal}: {action} ({operation})" for principal, action, operation in sorted(told)]
    return "\n".join([*rows, ""])
