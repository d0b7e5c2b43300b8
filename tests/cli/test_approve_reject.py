"""``crosslane approve`` and ``reject``: the person answers, what waits is told, and nothing else is ever answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.pipeline_at_work import COMMIT
from tests.fakes.pipeline_command import Desk, desk_in

from crosslane.report.schema import Printed


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An execution waits."""
    found = desk_in(tmp_path, monkeypatch)
    found.remote.wait_for_approval(found.remote.begin())
    return found


def answer_of(desk: Desk) -> dict[str, str]:
    """What CodePipeline was told."""
    (asked,) = [asked for _, _, operation, asked in desk.remote.calls if operation == "PutApprovalResult"]
    found: dict[str, str] = asked["result"]
    return found


def test_approve(desk: Desk) -> None:
    result = desk.run("approve", "--comment", "looked at in test")

    assert result.code == 0
    assert result.out.startswith("approved ApproveDeployProd/ApproveDeployProd of execution 0000")
    assert f"{COMMIT[:8]} Say hello" in result.out
    assert answer_of(desk) == {"summary": "looked at in test", "status": "Approved"}


def test_reject(desk: Desk) -> None:
    document = desk.document(Printed.APPROVAL, "reject", "ApproveDeployProd", "--comment", "no")

    assert document["answer"] == "Rejected"
    assert document["revisions"][0]["id"] == COMMIT
    assert answer_of(desk) == {"summary": "no", "status": "Rejected"}
    assert [one["status"] for one in desk.remote.executions.values()] == ["Failed"]


def test_the_answer_is_the_persons_and_never_the_deployers(desk: Desk) -> None:
    desk.has_a_deployer()

    assert desk.run("approve").code == 0

    assert {who for operation, who in desk.callers if operation == "PutApprovalResult"} == {"tools"}


def test_who_may_not_is_told_so_and_it_goes_on_waiting(desk: Desk) -> None:
    desk.remote.denied.add(("tools", "PutApprovalResult"))

    result = desk.run("approve")

    assert result.code == 1
    assert "you may not approve ApproveDeployProd" in result.err
    assert desk.remote.tokens


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_where_nothing_waits_code_1(desk: Desk, command: str) -> None:
    desk.remote.tokens.clear()

    result = desk.run(command, "--json")

    assert result.code == 1
    assert result.document["error"]["code"] == "NothingWaits"
    assert desk.remote.count("PutApprovalResult") == 0


def test_another_execution_than_the_named_one_is_not_answered(desk: Desk) -> None:
    result = desk.run("approve", "--execution", "00000000-0000-0000-0000-0000000000ff")

    assert result.code == 1
    assert desk.remote.tokens


def test_an_unknown_stage(desk: Desk) -> None:
    result = desk.run("approve", "ApproveDeployProb")

    assert result.code == 2
    assert "did you mean ApproveDeployProd?" in result.err


def test_a_comment_that_is_too_long_calls_nothing(desk: Desk) -> None:
    assert desk.run("reject", "--comment", "x" * 513).code == 2
    assert not desk.remote.calls


def test_a_sign_in_of_another_account_answers_nothing(desk: Desk) -> None:
    desk.remote.misplaced = True

    assert desk.run("approve").code == 3
    assert desk.remote.tokens
