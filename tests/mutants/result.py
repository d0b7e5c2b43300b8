"""What one mode's mutants came to: replayed, judged by what a Deny must stop, and run end to end."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.mutants.calls import Record, decision_of
from tests.mutants.end_to_end import Outcome
from tests.mutants.generate import Expired, InOrganization, InPolicy, InSession, Mutant
from tests.mutants.judge import Failure, first_failure
from tests.mutants.reasons import Reason
from tests.mutants.refusals import Stopped, let_through
from tests.mutants.setup import Setup
from tests.mutants.survivors import reason_of


@dataclass(frozen=True, slots=True)
class Judged:
    """All mutants of a mode. The mappings are by what a mutant is called.

    ``killed`` has the first call that a mutant denies, ``stopped`` the request that a mutant of a Deny lets through,
    ``survivors`` the reasons for what is in neither, ``outcomes`` the runs end to end.
    """

    mode: str
    record: Record
    mutants: tuple[Mutant, ...]
    killed: Mapping[str, Failure]
    stopped: Mapping[str, Stopped]
    survivors: Mapping[str, Reason | None]
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def distinct(self) -> list[Mutant]:
        """One mutant for each call that fails and kind of policy behind it."""
        found: dict[tuple[str, str, str, str | None], Mutant] = {}
        for one in self.mutants:
            if one.what in self.killed and self._can_run(one):
                found.setdefault(self.killed[one.what].key, one)
        return list(found.values())

    def _can_run(self, mutant: Mutant) -> bool:
        """Nobody can give a session policy to the sessions that a service makes for itself."""
        if not isinstance(mutant.change, InSession):
            return True
        made = [call for call in self.record.calls if call.action == "sts:AssumeRole"]
        role = mutant.change.principal
        people = (":user/", "/aws-reserved/")
        return any(call.resource == role and any(one in call.principal for one in people) for call in made)

    @property
    def unexplained(self) -> list[str]:
        """What survived without a reason."""
        return sorted(what for what, reason in self.survivors.items() if reason is None)

    def cells(self) -> dict[tuple[str, str, int], list[Mutant]]:
        """The killed mutants by kind of change, kind of policy, and the command that fails."""
        found: dict[tuple[str, str, int], list[Mutant]] = {}
        for one in self.mutants:
            if one.what in self.killed and self._can_run(one):
                found.setdefault((one.group, _kind(one), self.killed[one.what].call.act), []).append(one)
        return found


def judged(mode: str, setup: Setup, record: Record) -> Judged:
    """Every mutant of the set-up, without running any. AssertionError if the good run is not allowed when replayed."""
    denied = [call.action for call in record.calls if not decision_of(call, call.policies).allowed]
    assert not denied, f"the set-up as it is is denied {denied}"
    mutants = setup.mutants(record)
    killed = {one.what: found for one in mutants if (found := first_failure(one, record.calls)) is not None}
    refusing = [one for one in mutants if not one.allows]
    stopped = {one.what: request for one in refusing if (request := let_through(one, record.calls)) is not None}
    survivors = {
        one.what: reason_of(one, setup.desired, setup.written)
        for one in mutants
        if one.what not in killed and one.what not in stopped
    }
    return Judged(mode, record, mutants, killed, stopped, survivors)


def _kind(mutant: Mutant) -> str:
    match mutant.change:
        case InPolicy(written=written):
            return written.kind
        case InOrganization(kind=kind):
            return kind
        case InSession():
            return "session policy"
        case Expired():
            return "credentials"


def chosen(judgements: Sequence[Judged], limit: int | None, seed: int) -> list[tuple[Judged, Mutant]]:
    """Those that are run: one of each cell, all of the first mode's before the others'; then the rest of the distinct.

    Always the same ones for the same seed. ``limit`` is how many, None for all.
    """
    chance = random.Random(seed)
    cells = [[(one, chance.choice(listed)) for listed in one.cells().values()] for one in judgements]
    for listed in cells[1:]:
        chance.shuffle(listed)
    first = list(cells[0])
    for dealt in itertools.zip_longest(*cells[1:]):
        first += [pair for pair in dealt if pair is not None]
    taken = {(one.mode, mutant.what) for one, mutant in first}
    rest = [(one, mutant) for one in judgements for mutant in one.distinct if (one.mode, mutant.what) not in taken]
    chance.shuffle(rest)
    return [*first, *rest][:limit]
