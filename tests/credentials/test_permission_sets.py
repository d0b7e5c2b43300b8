"""Where there is a choice of permission sets, and who makes it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crosslane.credentials.permission_sets import choose
from crosslane.errors import CrosslaneError, UsageError


def chosen(
    offered: dict[str, Sequence[str]], wanted: str | None = None, kept: dict[str, str] | None = None
) -> dict[str, str | CrosslaneError]:
    return choose(offered, wanted=wanted, kept=kept or {}, ask=None)


def test_a_single_set_is_no_choice() -> None:
    assert chosen({"tools": ["Admin"], "dev": ["PowerUser"]}) == {"tools": "Admin", "dev": "PowerUser"}


def test_the_wanted_set_is_used_where_it_is_offered_and_an_error_elsewhere() -> None:
    found = chosen({"tools": ["Admin", "Look"], "dev": ["Look"]}, wanted="Admin")

    assert found["tools"] == "Admin"
    error = found["dev"]
    assert isinstance(error, CrosslaneError)
    assert (error.code, error.account) == ("NoPermissionSet", "dev")
    assert "Look" in str(error)


def test_an_account_without_any_is_an_error_of_its_own() -> None:
    found = chosen({"tools": ["Admin"], "dev": []})

    assert found["tools"] == "Admin"
    assert isinstance(found["dev"], CrosslaneError)


def test_what_the_profile_uses_already_is_kept_while_it_is_offered() -> None:
    assert chosen({"tools": ["Admin", "Look"]}, kept={"tools": "Look"}) == {"tools": "Look"}
    with pytest.raises(UsageError):
        chosen({"tools": ["Admin", "Other"]}, kept={"tools": "Look"})


def test_accounts_with_the_same_choice_are_asked_for_once_and_the_others_not() -> None:
    asked: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def ask(accounts: Sequence[str], sets: Sequence[str]) -> str:
        asked.append((tuple(accounts), tuple(sets)))
        return sets[-1]

    offered = {"tools": ["Look", "Admin"], "dev": ["Admin", "Look"], "test": ["Admin"], "prod": ["Admin", "Break"]}
    found = choose(offered, wanted=None, kept={}, ask=ask)

    assert asked == [(("tools", "dev"), ("Admin", "Look")), (("prod",), ("Admin", "Break"))]
    assert found == {"tools": "Look", "dev": "Look", "test": "Admin", "prod": "Break"}
    assert list(found) == list(offered)


def test_where_nobody_can_be_asked_the_error_names_the_flag_and_the_sets() -> None:
    with pytest.raises(UsageError) as caught:
        chosen({"tools": ["Admin", "Look"]})

    assert "--permission-set Admin" in str(caught.value.next)
    assert "Admin, Look" in str(caught.value)
