"""The rooms of the design: who may import whom, and that no room is forgotten in the contracts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
ROOMS = {
    path.stem
    for path in (ROOT / "src" / "crosslane").iterdir()
    if (path.is_dir() or path.suffix == ".py") and not path.name.startswith("_")
}


def test_every_import_respects_the_rooms() -> None:
    assert lint_imports(str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize(("contract", "exempt"), [("boto", {"aws", "sandbox"}), ("moto", {"sandbox"})])
def test_a_contract_about_a_library_names_every_other_room(contract: str, exempt: set[str]) -> None:
    (found,) = [one for one in CONTRACTS if one["id"] == contract]

    assert {name.removeprefix("crosslane.") for name in found["source_modules"]} == ROOMS - exempt
