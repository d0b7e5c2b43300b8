"""From ``git push`` to the function in production, on the sandbox."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from bench.figures import NotMeasured, Result, at_most
from bench.set_up import up
from bench.world import BIN, Failed, World, run, world
from crosslane.cli.sandbox import environment

APP = Path(__file__).parents[1] / "examples" / "sample-lambda" / "app"
NAME = "git push to the function in prod"


def main(runs: int, say: Callable[[str], None]) -> list[Result]:
    """Each push is of a new commit; the first finds a sandbox that has run nothing yet. No build installs packages."""
    if shutil.which("git") is None:
        return [NotMeasured(NAME, "there is no git here")]
    with world() as here:
        up(here)
        person = here.aws_environment() | environment(here.running, here.config) | {"PYTHONPATH": ""}
        for who in ("GIT_AUTHOR", "GIT_COMMITTER"):
            person |= {f"{who}_NAME": "Bench", f"{who}_EMAIL": "bench@example.com"}
        app = here.directory / "pushed"
        shutil.copytree(APP, app, ignore=shutil.ignore_patterns("__pycache__"))
        run(["git", "-C", str(app), "init", "-q"], person)
        times = []
        for number in range(runs):
            say(f"git push to production, {number + 1} of {runs}")
            times.append(_delivery(here, app, person, number))
    detail = f"the first {times[0]:.1f} s; median of {runs}, approval by flag"
    return [at_most(NAME, median(times), "s", 20, detail)]


def _delivery(here: World, app: Path, person: Mapping[str, str], number: int) -> float:
    """Seconds from the push to the end of its execution; ``Failed`` unless the function answers with the commit."""
    git = ["git", "-C", str(app)]
    (app / "number").write_text(str(number))
    run([*git, "add", "-A"], person)
    run([*git, "commit", "-q", "-m", f"Number {number}"], person)
    commit = run([*git, "rev-parse", "HEAD"], person)[1].strip()
    options = ["--config", str(here.config.path), "--sandbox"]
    follow = [str(BIN / "crosslane"), "status", "--follow", "--approve", "--commit", commit, *options]
    began = time.perf_counter()
    run([*git, "push", "-q", f"{here.endpoint}/v1/repos/sample-lambda", "HEAD:main"], person)
    run(follow, person)
    seconds = time.perf_counter() - began
    invoke = [str(BIN / "crosslane"), "sandbox", "invoke", "Function", "--account", "prod", *options]
    answer = run(invoke, person)[1]
    if commit not in answer:
        raise Failed(f"the function in prod does not answer with the commit {commit}: {answer[:200]}")
    return seconds
