"""Which account plays which part: the one place that knows that tools can be source or target as well.

Accounts are compared by id, since two names of the config may stand for one account.
"""

from __future__ import annotations

from dataclasses import dataclass

from crosslane.config.model import Account, Config, Mode, Stage


@dataclass(frozen=True, slots=True)
class Target:
    """An account that the app is deployed to, with its ``stages`` in order."""

    account: Account
    stages: tuple[Stage, ...]


def source_account(config: Config) -> Account:
    return config.account(config.pipeline.source.account)


def is_tools(config: Config, account: Account) -> bool:
    return account.id == config.tools.id


def source_is_elsewhere(config: Config) -> bool:
    """Whether events of the repository have to be forwarded from another account's bus."""
    return not is_tools(config, source_account(config))


def targets(config: Config) -> tuple[Target, ...]:
    """The distinct target accounts, in the order of their first stage."""
    found: dict[str, Target] = {}
    for stage in config.stages:
        account = config.account(stage.account)
        before = found.get(account.id)
        if before is None:
            found[account.id] = Target(account, (stage,))
        else:
            found[account.id] = Target(before.account, (*before.stages, stage))
    return tuple(found.values())


def bootstrapped(config: Config) -> tuple[Account, ...]:
    """The accounts that get a deployer, in the config's order, each once."""
    found: dict[str, Account] = {}
    for name in config.bootstrap.accounts:
        account = config.account(name)
        found.setdefault(account.id, account)
    return tuple(found.values())


def has_boundary(config: Config, account: Account) -> bool:
    """Whether the account has the permissions boundary: roles of stacks there carry it."""
    if config.bootstrap.mode is Mode.GUIDE:
        return False
    return any(account.id == other.id for other in bootstrapped(config))


def account_parameters(config: Config) -> tuple[tuple[str, Account], ...]:
    """Template parameters for the ids of the other accounts: (name, account), tools left out.

    The source account's parameter is named after the config's word for it, a target's after its first stage; for
    the guide's four accounts these are the script's own ``DevAccount``, ``TestAccount`` and ``ProductionAccount``.
    """
    wanted = [(source_account(config).name, source_account(config))]
    wanted += [(target.stages[0].name, target.account) for target in targets(config)]
    chosen: dict[str, tuple[str, Account]] = {}
    taken: set[str] = set()
    for word, account in wanted:
        if is_tools(config, account) or account.id in chosen:
            continue
        name = unused(f"{capitalised(word)}Account", taken)
        taken.add(name)
        chosen[account.id] = (name, account)
    return tuple(chosen.values())


def capitalised(word: str) -> str:
    """``word`` with a capital first letter and without what logical ids cannot hold."""
    letters = "".join(character for character in word if character.isalnum() and character.isascii())
    return letters[:1].upper() + letters[1:]


def unused(name: str, taken: set[str]) -> str:
    """``name``, with the first number from 2 on behind it that makes it differ from all in ``taken``."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}{number}", number + 1
    return candidate
