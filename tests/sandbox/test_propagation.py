"""What was just made is not known everywhere at once, if asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crosslane.sandbox.propagation import Propagation, Thing
from tests.sandbox.conftest import Accounts, attached, code, trust

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """Time that stands until it is moved."""

    now = START

    def __call__(self) -> datetime:
        return self.now


def _seconds_until_known(seconds: float, seed: int, name: str) -> int:
    clock = Clock()
    propagation = Propagation(seconds, seed, clock)
    propagation.made(Thing.ROLE, name, name)
    waited = 0
    while not propagation.known(Thing.ROLE, name):
        waited += 1
        clock.now = START + timedelta(seconds=waited)
    return waited


def test_delays_lie_between_a_third_and_the_whole_and_depend_on_the_seed() -> None:
    delays = {seed: [_seconds_until_known(30, seed, f"role-{number}") for number in range(20)] for seed in (1, 2)}
    for found in delays.values():
        assert all(10 <= delay <= 30 for delay in found)
        assert len(set(found)) > 5
    assert delays[1] != delays[2]
    assert delays[1] == [_seconds_until_known(30, 1, f"role-{number}") for number in range(20)]


def test_without_a_delay_everything_is_known_at_once() -> None:
    assert _seconds_until_known(0, 1, "role") == 0


def test_what_nobody_made_is_known() -> None:
    assert Propagation(30, 1, Clock()).known(Thing.USER, "arn:aws:iam::111111111111:user/old")


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Accounts, Path]]:
    folder = tmp_path_factory.mktemp("slow")
    clock = folder / "clock"
    clock.write_text("0")
    with attached(folder, propagation_seconds=30, seed=3, clock_file=clock) as found:
        yield found, clock


@pytest.fixture
def later(slow: tuple[Accounts, Path]) -> Any:
    """Lets half a minute pass."""

    def pass_time() -> None:
        slow[1].write_text(str(float(slow[1].read_text()) + 31))

    return pass_time


def test_a_new_user_is_no_principal_yet(slow: tuple[Accounts, Path], later: Any, name: str) -> None:
    iam = slow[0].client("tools", "iam")
    user = iam.create_user(UserName=name)["User"]["Arn"]
    made = {"RoleName": name, "AssumeRolePolicyDocument": trust(AWS=user)}
    assert code(lambda: iam.create_role(**made)) == "MalformedPolicyDocument"
    later()
    iam.create_role(**made)


def test_a_new_key_is_not_known_yet(slow: tuple[Accounts, Path], later: Any, name: str) -> None:
    iam = slow[0].client("tools", "iam")
    iam.create_user(UserName=name)
    later()
    sts = slow[0].with_credentials(iam.create_access_key(UserName=name)["AccessKey"], "sts")
    assert code(sts.get_caller_identity) == "InvalidClientTokenId"
    later()
    assert sts.get_caller_identity()["Arn"].endswith(f":user/{name}")


def test_a_new_role_cannot_be_assumed_yet(slow: tuple[Accounts, Path], later: Any, name: str) -> None:
    iam, sts = slow[0].client("tools", "iam"), slow[0].client("tools", "sts")
    document = trust(AWS="arn:aws:iam::111111111111:root")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    assume = {"RoleArn": arn, "RoleSessionName": "abc"}
    assert code(lambda: sts.assume_role(**assume)) == "AccessDenied"
    later()
    sts.assume_role(**assume)
