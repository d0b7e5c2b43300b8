"""The sample app holds what the pipeline asks of an app, and its own tests can fail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from crosslane.config.load import load_config
from crosslane.desired.stacks.stages import PACKAGED_TEMPLATE

SAMPLE = Path(__file__).parents[2] / "examples" / "sample-lambda"
APP = SAMPLE / "app"


def run_tests(app: Path) -> subprocess.CompletedProcess[str]:
    """The test command of the buildspec, as the build runs it."""
    spec = yaml.safe_load((app / "buildspec.yml").read_text())
    (command,) = spec["phases"]["pre_build"]["commands"]
    python = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **spec["env"]["variables"]}
    return subprocess.run(["/bin/sh", "-c", command], cwd=app, env=python, capture_output=True, text=True, timeout=60)


def test_its_config_is_that_of_the_guide() -> None:
    config = load_config(SAMPLE / "crosslane.toml")
    assert [account.name for account in config.accounts] == ["tools", "dev", "test", "prod"]
    assert [(stage.name, stage.account, stage.approval) for stage in config.stages] == [
        ("test", "test", False),
        ("production", "prod", True),
    ]
    assert config.pipeline.app == APP


def test_its_tests_pass_with_python_alone() -> None:
    done = run_tests(APP)
    assert done.returncode == 0, done.stderr
    assert "Ran 6 tests" in done.stderr


def test_its_tests_fail_when_the_app_is_wrong(tmp_path: Path) -> None:
    shutil.copytree(APP, tmp_path / "app")
    handler = tmp_path / "app" / "src" / "handler.py"
    handler.write_text(handler.read_text().replace("celsius * 9 / 5", "celsius * 5 / 9"))
    assert run_tests(tmp_path / "app").returncode != 0


def test_its_template_passes_cfn_lint() -> None:
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [cfn_lint, APP / "template.yaml"],
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_build_hands_on_the_template_and_the_parameters_of_every_stage() -> None:
    spec = yaml.safe_load((APP / "buildspec.yml").read_text())
    stages = [f"{stage.name}.json" for stage in load_config(SAMPLE / "crosslane.toml").stages]
    assert spec["artifacts"]["files"] == [PACKAGED_TEMPLATE, *stages]
    assert f"--output-template-file {PACKAGED_TEMPLATE}" in spec["phases"]["build"]["commands"][-1]
    for stage in stages:
        parameters = json.loads((APP / stage).read_text())["Parameters"]
        assert parameters["Stage"] == Path(stage).stem
        for parameter in parameters:
            assert f"\n  {parameter}:\n    Type: " in (APP / "template.yaml").read_text()
