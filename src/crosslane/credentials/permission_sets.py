"""Which permission set to use in each account: asked only where there is a choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from crosslane.errors import CrosslaneError, OutcomeError, UsageError

Ask = Callable[[Sequence[str], Sequence[str]], str]
"""Asks the person for one of the permission sets (second) for these accounts (first)."""


def choose(
    offered: Mapping[str, Sequence[str]],
    *,
    wanted: str | None,
    kept: Mapping[str, str],
    ask: Ask | None,
) -> dict[str, str | CrosslaneError]:
    """The permission set of each account, or why there is none.

    ``offered`` are the sets by account; ``wanted`` the one that flag or config names; ``kept`` what the accounts'
    profiles use already; ``ask`` is None where nobody can be asked. Accounts with the same choice are asked for once.
    ``UsageError`` if it would have to ask and cannot.
    """
    chosen: dict[str, str | CrosslaneError] = {}
    open_choices: dict[tuple[str, ...], list[str]] = {}
    for account, sets in offered.items():
        if not sets:
            chosen[account] = OutcomeError(
                "the portal offers no permission set in this account",
                code="NoPermissionSet",
                account=account,
                next="ask whoever runs IAM Identity Center to assign you one",
            )
        elif wanted is not None:
            chosen[account] = wanted if wanted in sets else _not_offered(account, wanted, sets)
        elif len(sets) == 1:
            chosen[account] = sets[0]
        elif kept.get(account) in sets:
            chosen[account] = kept[account]
        else:
            open_choices.setdefault(tuple(sorted(sets)), []).append(account)
    for sets, accounts in open_choices.items():
        if ask is None:
            raise UsageError(
                f"{', '.join(accounts)}: there is a choice of permission sets: {', '.join(sets)}",
                code="PermissionSetNeeded",
                account=accounts[0] if len(accounts) == 1 else None,
                next=f"add --permission-set {sets[0]}, or permission_set under [sign_in] in the config",
            )
        answer = ask(accounts, sets)
        chosen.update(dict.fromkeys(accounts, answer))
    return {account: chosen[account] for account in offered}


def _not_offered(account: str, wanted: str, sets: Sequence[str]) -> OutcomeError:
    return OutcomeError(
        f"the portal does not offer permission set {wanted} in this account, but {', '.join(sets)}",
        code="NoPermissionSet",
        account=account,
        next=f"choose another: crosslane sign-in {account} --permission-set {sets[0]}",
    )
