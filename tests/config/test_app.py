"""The app's folder: what is found in it, and what is missed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crosslane.config.app import app_problems, configured_stages
from crosslane.config.load import load_config, parse_config
from crosslane.config.model import Config

from .test_load_config import MINIMAL

SAMPLE = Path(__file__).parents[2] / "examples" / "sample-lambda" / "crosslane.toml"


def config_with(app: Path) -> Config:
    config = parse_config(MINIMAL, Path("/project/crosslane.toml"))
    return replace(config, pipeline=replace(config.pipeline, app=app))


def test_the_sample_app_lacks_nothing_and_configures_both_stages() -> None:
    config = load_config(SAMPLE)
    assert app_problems(config) == ()
    assert configured_stages(config) == {"test", "production"}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    config = config_with(tmp_path / "app")
    assert app_problems(config) == (f"there is no folder {tmp_path / 'app'} (pipeline.app)",)
    assert configured_stages(config) == frozenset()


def test_an_empty_folder_lacks_both_files(tmp_path: Path) -> None:
    said = app_problems(config_with(tmp_path))
    assert [line.split(" has no ")[1].split(":")[0] for line in said] == ["template.yaml", "buildspec.yml"]


def test_parameters_of_one_stage_only(tmp_path: Path) -> None:
    (tmp_path / "production.json").write_text("{}")
    (tmp_path / "staging.json").write_text("{}")
    (tmp_path / "test.json").mkdir()
    assert configured_stages(config_with(tmp_path)) == {"production"}


def test_either_ending_of_the_template_will_do(tmp_path: Path) -> None:
    (tmp_path / "template.yml").touch()
    (tmp_path / "buildspec.yml").touch()
    assert app_problems(config_with(tmp_path)) == ()
