"""What a ``credential_process`` costs the tools that call it: a warm cache, one caller and fifty at once."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from unittest import mock

from bench.figures import Figure, NotMeasured, Result
from bench.world import BIN, Failed, run
from crosslane.cli.state import state_folder
from crosslane.credentials.secret import Keys, Secret
from crosslane.credentials.session_cache import SessionCache

PROFILE = "tools_admin_deployer"
CALLERS = 50


def main(runs: int, say: Callable[[str], None]) -> list[Result]:
    """Whole processes, against the AWS CLI's own ``configure export-credentials`` where it has that command."""
    say("crosslane credentials from a warm cache")
    with tempfile.TemporaryDirectory(prefix="crosslane-bench-") as name:
        config = Path(name) / "crosslane.toml"
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": name, "XDG_STATE_HOME": name, "LANG": "C.UTF-8"}
        with mock.patch.dict(os.environ, environment):
            keys = Keys("ASIAEXAMPLE", Secret("s"), Secret("t"), datetime.now(UTC) + timedelta(hours=1))
            SessionCache(state_folder(config) / "sessions").write(PROFILE, keys)
        words = [str(BIN / "crosslane"), "credentials", PROFILE, "--config", str(config)]
        run(words, environment)
        one = median(run(words, environment)[0] for _ in range(max(runs, 3) * 5))
        began = time.perf_counter()
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(lambda _: run(words, environment), range(CALLERS)))
        all_of_them = time.perf_counter() - began
        return [
            Figure("crosslane credentials, warm", one * 1000, "ms", detail="whole process"),
            Figure(f"  {CALLERS} callers at once", all_of_them, "s", detail="until the last has its answer"),
            _against_the_cli(one, environment),
        ]


def _against_the_cli(one: float, environment: dict[str, str]) -> Result:
    name = "  aws configure export-credentials / it"
    given = {**environment, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s"}
    try:
        seconds = [run([str(BIN / "aws"), "configure", "export-credentials"], given)[0] for _ in range(5)]
    except Failed:
        return NotMeasured(name, "the AWS CLI on the package index is version 1, which lacks the command")
    return Figure(name, median(seconds) / one, "x")
