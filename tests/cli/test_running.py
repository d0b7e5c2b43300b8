"""What ``up`` says at its end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.fakes.four_accounts import four_accounts

from crosslane.cli.running import following
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
