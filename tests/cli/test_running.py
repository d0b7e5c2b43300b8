"""What ``up`` says at its end."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from tests.fakes.four_accounts import four_accounts

from crosslane.apply.hands import PipelineFacts
from crosslane.cli.planning import agree
from crosslane.cli.running import following, latest_run
from crosslane.errors import OutcomeError
from crosslane.live.model import Absent, LiveRepository, Unreadable

ARN = "arn:aws:codecommit:eu-west-1:222222222222:sample-lambda"


@pytest.mark.parametrize(
    ("repository", "first"),
    [
        (Absent(), "push the app to branch main of the repository sample-lambda in account dev"),
        (Unreadable("denied", "AccessDenied"), "push the app to branch main of the repository"),
        (LiveRepository(ARN, (), has_branch=False), "push the app to branch main of the repository"),
        (LiveRepository(ARN, (), has_branch=True), "crosslane run   starts the pipeline with what is on branch main"),
    ],
)
def test_an_app_that_was_pushed_is_not_asked_for_again(repository: Any, first: str) -> None:
    world: Any = SimpleNamespace(config=four_accounts(), kept_sandbox=None, sandboxed=False)
    live: Any = SimpleNamespace(repository=repository)
    assert following(world, live)[0].startswith(first)


@pytest.mark.parametrize(
    ("repository", "first_run", "told"),
    [
        (Absent(), "InProgress in stage Source", "starts by itself and ends in Source: nothing is on branch main yet"),
        (LiveRepository(ARN, (), has_branch=False), "Failed in stage Source: no branch", "starts by itself"),
        (LiveRepository(ARN, (), has_branch=True), "Failed in stage Source: denied", "Failed in stage Source: denied"),
        (LiveRepository(ARN, (), has_branch=True), "InProgress in stage Build", "InProgress in stage Build"),
        (Unreadable("denied", "AccessDenied"), "InProgress in stage Source", "InProgress in stage Source"),
    ],
)
def test_a_first_run_that_finds_no_branch_is_told_as_what_it_is(repository: Any, first_run: str, told: str) -> None:
    world: Any = SimpleNamespace(config=four_accounts())
    hands: Any = SimpleNamespace(found=SimpleNamespace(pipeline=PipelineFacts("arn", ("Source", "Build"), first_run)))
    found = latest_run(world, SimpleNamespace(repository=repository), hands)  # type: ignore[arg-type]
    assert found is not None
    assert found.startswith(told)


def test_a_no_is_told_as_a_no_and_not_as_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    with pytest.raises(OutcomeError, match="nothing was removed") as raised:
        agree("Remove all of this?", "nothing was removed, as you said")
    assert (raised.value.code, raised.value.exit_code) == ("Declined", 1)

    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    agree("Remove all of this?", "nothing was removed, as you said")
