"""What the guide's config gives, to the byte: a change shows up in review.

``CROSSLANE_UPDATE_GOLDEN=1 python -m pytest tests/desired/test_desired_golden.py`` writes the files anew.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from crosslane.config.model import Mode
from crosslane.desired.build import desired_state
from crosslane.desired.document import what_is_created
from crosslane.desired.export import export_files
from tests.desired.guide_config import guide_config

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "desired"
UPDATE = os.environ.get("CROSSLANE_UPDATE_GOLDEN") == "1"


def found_in(folder: Path) -> Mapping[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("mode", list(Mode))
def test_the_exported_files_are_the_golden_ones(mode: Mode) -> None:
    folder = GOLDEN / mode.value
    files = export_files(desired_state(guide_config(mode)))
    if UPDATE:
        for old in found_in(folder):
            (folder / old).unlink()
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    golden = found_in(folder)
    assert set(files) == set(golden)
    for path, text in files.items():
        assert text == golden[path], path


def test_the_page_of_what_is_created_is_in_step() -> None:
    page = ROOT / "docs" / "what-is-created.md"
    config = guide_config()
    text = what_is_created(config, desired_state(config))
    if UPDATE:
        page.write_text(text)
    assert page.read_text() == text


def test_two_processes_make_the_same_bytes() -> None:
    code = (
        "from tests.desired.guide_config import EVERYWHERE, guide_config\n"
        "from crosslane.desired.build import desired_state\n"
        "from crosslane.desired.export import export_files\n"
        "import hashlib\n"
        "desired = desired_state(guide_config(bootstrapped=EVERYWHERE))\n"
        "text = repr(desired) + repr(export_files(desired))\n"
        "print(hashlib.sha256(text.encode()).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
