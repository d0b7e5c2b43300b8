"""The set-up that is broken: config, desired state, every policy, and the mutants of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crosslane.config.load import load_config
from crosslane.config.model import Config
from crosslane.desired.build import desired_state
from crosslane.desired.model import Desired
from crosslane.desired.written import Written, written_policies
from tests.mutants.calls import Record
from tests.mutants.generate import Mutant, mutants_of
from tests.mutants.scenario import config_of


@dataclass(frozen=True, slots=True)
class Setup:
    """One config and what follows from it."""

    config: Config
    desired: Desired
    written: tuple[Written, ...]

    def mutants(self, record: Record) -> tuple[Mutant, ...]:
        return mutants_of(self.config, self.written, record.calls)


def setup_in(folder: Path, mode: str) -> Setup:
    """The set-up of this mode, its config written into the folder."""
    file = folder / "crosslane.toml"
    file.write_text(config_of(mode).format(region="eu-west-1"))
    config = load_config(file)
    desired = desired_state(config)
    return Setup(config, desired, written_policies(config, desired))
