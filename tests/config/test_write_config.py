"""What is written is read back as it was meant."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.config.build import default_names
from crosslane.config.load import parse_config
from crosslane.config.model import Account, Bootstrap, Config, Mode, Pipeline, SignIn, Source, Stage
from crosslane.config.rules import BRANCH, PROFILE, broken
from crosslane.config.write import config_text, toml_string

FILE = Path("/project/crosslane.toml")
WORDS = st.from_regex(r"[a-z][a-z0-9]{1,7}", fullmatch=True)
IDS = st.from_regex(r"[0-9]{12}", fullmatch=True)
REGIONS = st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1", "ap-southeast-7"])
APPS = st.sampled_from(["/project", "/project/app", "/project/a b/ü", "/project/\t'\"", "/elsewhere/app", "/"])


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Valid configs of every shape."""
    names = draw(st.lists(WORDS, unique=True, max_size=4))
    accounts = [*names, "tools"] if "tools" not in names else names
    ids = draw(st.lists(IDS, unique=True, min_size=len(accounts), max_size=len(accounts)))
    profiles = draw(
        st.lists(
            st.none() | st.text(min_size=1, max_size=8).filter(lambda value: not broken(PROFILE, value)),
            min_size=len(accounts),
            max_size=len(accounts),
            unique_by=lambda value: value or object(),
        )
    )
    stages = draw(st.lists(WORDS.filter(lambda word: word != "pipeline"), unique=True, min_size=1, max_size=3))
    name = draw(WORDS)
    some_names = draw(st.booleans())
    return Config(
        path=FILE,
        pipeline=Pipeline(
            name,
            draw(REGIONS),
            Source(
                draw(st.sampled_from(accounts)),
                draw(WORDS),
                draw(st.just("main") | st.text(min_size=1, max_size=6).filter(lambda value: not broken(BRANCH, value))),
            ),
            Path(draw(APPS)),
        ),
        accounts=tuple(Account(*parts) for parts in zip(accounts, ids, profiles, strict=True)),
        stages=tuple(Stage(stage, draw(st.sampled_from(accounts)), draw(st.booleans())) for stage in stages),
        bootstrap=Bootstrap(
            mode=draw(st.sampled_from(Mode)),
            accounts=tuple(draw(st.lists(st.sampled_from(accounts), unique=True, min_size=1))),
            user=draw(st.sampled_from(["admin", "a+b=c,d.e@f_g-h"])),
            key_max_age_days=draw(st.integers(1, 3650)),
        ),
        sign_in=SignIn(
            draw(st.none() | st.just("https://d-1.awsapps.com/start")),
            draw(st.none() | REGIONS),
            draw(st.none() | st.just("AdministratorAccess")),
        ),
        names=replace(default_names(name), bucket=f"{name}-artifacts", source_stack=f"{name}-source-of-it")
        if some_names
        else default_names(name),
    )


@settings(max_examples=300, deadline=None)
@given(config=configs())
def test_a_written_config_is_read_back_as_the_same_config(config: Config) -> None:
    assert parse_config(config_text(config), FILE) == config


@given(st.text())
def test_any_string_survives(value: str) -> None:
    assert tomllib.loads(f"a = {toml_string(value)}") == {"a": value}


def test_only_what_is_not_the_default_is_written() -> None:
    config = Config(
        path=FILE,
        pipeline=Pipeline("sample-lambda", "eu-west-1", Source("dev", "sample-lambda"), Path("/project/app")),
        accounts=(Account("tools", "111111111111", "tools"), Account("dev", "222222222222")),
        stages=(Stage("production", "dev", True),),
        names=default_names("sample-lambda"),
    )
    keys = [line.split("=")[0].strip() for line in config_text(config).splitlines() if line and line[0] != "#"]
    assert keys == [
        "version", "[pipeline]", "name", "region", "source", "[accounts]", "tools", "dev",
        "[[stages]]", "name", "account", "approval",
    ]  # fmt: skip
