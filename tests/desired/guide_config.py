"""The guide's config, and variations of it, for the tests of this room."""

from __future__ import annotations

from pathlib import Path

from crosslane.config.model import Account, Bootstrap, Config, Mode, Names, Pipeline, SignIn, Source, Stage

ACCOUNTS = (
    Account("tools", "111111111111", "tools"),
    Account("dev", "222222222222", "dev"),
    Account("test", "333333333333", "test"),
    Account("prod", "444444444444", "prod"),
)
STAGES = (Stage("test", "test"), Stage("production", "prod", approval=True))
EVERYWHERE = ("tools", "dev", "test", "prod")


def guide_config(
    mode: Mode = Mode.LEAST,
    bootstrapped: tuple[str, ...] = ("tools",),
    *,
    source: str = "dev",
    stages: tuple[Stage, ...] = STAGES,
    accounts: tuple[Account, ...] = ACCOUNTS,
    region: str = "eu-west-1",
    pipeline: str = "sample-lambda",
    names: Names | None = None,
    sign_in: SignIn | None = None,
) -> Config:
    return Config(
        path=Path("/project/crosslane.toml"),
        pipeline=Pipeline(pipeline, region, Source(source, "sample-lambda"), Path("/project/app")),
        accounts=accounts,
        stages=stages,
        bootstrap=Bootstrap(mode=mode, accounts=bootstrapped),
        sign_in=sign_in or SignIn(),
        names=names or Names(),
    )
