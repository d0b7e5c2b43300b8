"""Which accounts may still be catching up with IAM."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from crosslane.live.model import LivePolicy, LiveRole, LiveUser, changed_lately
from tests.fakes.four_accounts import four_accounts
from tests.fakes.remote import NOW
from tests.fakes.situation import Situation, everything_exists

SECONDS_AGO = NOW - timedelta(seconds=20)
LONG_AGO = NOW - timedelta(days=3)


def test_where_nothing_is_there_nothing_was_changed() -> None:
    assert changed_lately(Situation().remote.live(), NOW) == frozenset()


def test_what_was_made_seconds_ago_counts_for_its_own_account_only() -> None:
    situation = everything_exists(four_accounts(bootstrapped=("tools", "dev")))
    for key, role in situation.remote.roles.items():
        assert isinstance(role, LiveRole)
        situation.remote.roles[key] = replace(role, created=SECONDS_AGO if key[0] == "dev" else LONG_AGO)

    assert changed_lately(situation.remote.live(), NOW) == {"dev"}


def test_users_keys_and_policies_count_too() -> None:
    situation = everything_exists()
    name, policy = next(iter(situation.remote.policies.items()))
    assert isinstance(policy, LivePolicy)
    situation.remote.policies[name] = replace(policy, changed=SECONDS_AGO)
    assert changed_lately(situation.remote.live(), NOW) == {"tools"}

    situation = everything_exists()
    user = situation.remote.users["tools", "admin"]
    assert isinstance(user, LiveUser)
    situation.remote.users["tools", "admin"] = replace(user, created=SECONDS_AGO)
    assert changed_lately(situation.remote.live(), NOW) == {"tools"}

    keys = tuple(replace(key, created=SECONDS_AGO) for key in user.access_keys)
    assert keys
    situation.remote.users["tools", "admin"] = replace(user, access_keys=keys)
    assert changed_lately(situation.remote.live(), NOW) == {"tools"}


def test_a_machine_whose_clock_is_behind_still_waits() -> None:
    situation = everything_exists()
    role = situation.remote.roles["tools", situation.tools.role.name]
    assert isinstance(role, LiveRole)
    ahead = replace(role, created=NOW + timedelta(minutes=5))
    situation.remote.roles["tools", situation.tools.role.name] = ahead

    assert changed_lately(situation.remote.live(), NOW) == {"tools"}
