"""The config of the guide and the script, and variations of it."""

from __future__ import annotations

from pathlib import Path

from crosslane.config.model import Account, Bootstrap, Config, Mode, Pipeline, Source, Stage
from crosslane.plan.up import Place

SAMPLE = Path(__file__).parents[2] / "examples" / "sample-lambda" / "crosslane.toml"
"""The same config as a file."""

MARK = "sample-lambda@111111111111"
ACCOUNTS = (
    Account("tools", "111111111111", "tools"),
    Account("dev", "222222222222", "dev"),
    Account("test", "333333333333", "test"),
    Account("prod", "444444444444", "prod"),
)
STAGES = (Stage("test", "test"), Stage("production", "prod", approval=True))


def four_accounts(
    mode: Mode = Mode.LEAST,
    *,
    region: str = "eu-west-1",
    bootstrapped: tuple[str, ...] = ("tools",),
    accounts: tuple[Account, ...] = ACCOUNTS,
    stages: tuple[Stage, ...] = STAGES,
) -> Config:
    """The config of ``examples/sample-lambda``, changed where a test says so."""
    return Config(
        path=Path("/somewhere/crosslane.toml"),
        pipeline=Pipeline("sample-lambda", region, Source("dev", "sample-lambda"), Path("/somewhere/app")),
        accounts=accounts,
        stages=stages,
        bootstrap=Bootstrap(mode=mode, accounts=bootstrapped),
    )


def places_of(config: Config) -> tuple[Place, ...]:
    """Every account of the config with its profile."""
    return tuple(Place(account.name, account.id, account.profile) for account in config.accounts)
