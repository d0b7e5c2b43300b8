"""What a ``credential_process`` costs the tools that call it: a warm cache, one caller and fifty at once.

What it should be held against is ``aws configure export-credentials``, which only version 2 of the AWS CLI has. That is
not on the package index, so two others stand in for it: botocore alone doing the same work, on which both versions are
built, and the cheapest command of version 1, which looks for no credentials at all. Where ``aws`` is version 2, the
command itself is measured.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from unittest import mock

from bench.figures import Figure, Result
from bench.world import BIN, Failed, run
from crosslane.cli.state import state_folder
from crosslane.credentials.secret import Keys, Secret
from crosslane.credentials.session_cache import SessionCache

PROFILE = "tools_admin_deployer"
CALLERS = 50

_BY_BOTOCORE = """\
import json, botocore.session
found = botocore.session.Session(profile="static").get_credentials().get_frozen_credentials()
print(json.dumps({"Version": 1, "AccessKeyId": found.access_key, "SecretAccessKey": found.secret_key}))
"""


def main(runs: int, say: Callable[[str], None]) -> list[Result]:
    """Whole processes, by turns: ours, and each that it is held against."""
    say("crosslane credentials from a warm cache")
    with tempfile.TemporaryDirectory(prefix="crosslane-bench-") as name:
        config = Path(name) / "crosslane.toml"
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": name, "XDG_STATE_HOME": name, "LANG": "C.UTF-8"}
        with mock.patch.dict(os.environ, environment):
            keys = Keys("ASIAEXAMPLE", Secret("s"), Secret("t"), datetime.now(UTC) + timedelta(hours=1))
            SessionCache(state_folder(config) / "sessions").write(PROFILE, keys)
        (Path(name) / ".aws").mkdir()
        (Path(name) / ".aws" / "credentials").write_text(
            "[static]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s\n"
        )
        ours = [str(BIN / "crosslane"), "credentials", PROFILE, "--config", str(config)]
        others = _others(environment)
        seconds: dict[str, list[float]] = {}
        for words in (ours, *others.values()):
            run(words, environment)
        for _ in range(max(runs, 3) * 3):
            for label, words in {"ours": ours, **others}.items():
                seconds.setdefault(label, []).append(run(words, environment)[0])
        one = median(seconds["ours"])
        all_of_them = _at_once(ours, environment)
        theirs_at_once = {label: _at_once(words, environment) for label, words in others.items()}
        return [
            Figure("crosslane credentials, warm", one * 1000, "ms", detail="whole process"),
            *(Figure(f"  {label} / it", median(seconds[label]) / one, "x", detail=_WHY[label]) for label in others),
            Figure(f"{CALLERS} callers at once", all_of_them, "s", detail="until the last has its answer"),
            *(
                Figure(f"  {label} / it", theirs / all_of_them, "x", detail=f"{CALLERS} at once")
                for label, theirs in theirs_at_once.items()
            ),
        ]


_EXPORT, _BOTOCORE, _CHEAPEST = "aws configure export-credentials", "botocore alone", "aws configure get"
_WHY = {
    _EXPORT: "AWS CLI version 2",
    _BOTOCORE: "keys of a profile found and printed; version 2's export-credentials does that and more",
    _CHEAPEST: "AWS CLI version 1's cheapest command; it has no export-credentials",
}


def _others(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """What to hold it against: the command itself where there is a version 2, else what stands in for it."""
    for aws in filter(None, (shutil.which("aws"), str(BIN / "aws"))):
        words = [aws, "configure", "export-credentials", "--profile", "static"]
        try:
            run(words, environment)
        except Failed:
            continue
        return {_EXPORT: words}
    cheapest = [str(BIN / "aws"), "configure", "get", "aws_access_key_id", "--profile", "static"]
    return {_BOTOCORE: [sys.executable, "-c", _BY_BOTOCORE], _CHEAPEST: cheapest}


def _at_once(words: list[str], environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(lambda _: run(words, environment), range(CALLERS)))
    return time.perf_counter() - began
