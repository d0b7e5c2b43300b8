"""``make demo``: from nothing to the app's answer in production, for somebody who has set up nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples" / "demo.sh"


def test_the_demo_ends_with_the_apps_answer_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    path = os.pathsep.join((str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"))
    environment = {"HOME": str(tmp_path / "home"), "PATH": path, "TMPDIR": str(tmp_path / "tmp")}
    done = subprocess.run([DEMO], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "$ crosslane up --sandbox" in lines
    answer = json.loads(next(line for line in lines if line.startswith('{"stage"')))
    assert answer["stage"] == "production"
    assert len(answer["version"]) == 40
    assert not list((tmp_path / "home").iterdir())
    assert not list((tmp_path / "tmp").iterdir())
