"""Starting a pipeline once, and answering the gate that is meant."""

from __future__ import annotations

import pytest

from crosslane.aws.errors import AccessDenied, CredentialsFailure, Unreachable
from crosslane.errors import EnvironmentFailure, OutcomeError, UsageError
from crosslane.pipeline.approvals import Answer, answer_gate, check_comment, choose, read_state
from crosslane.pipeline.calling import Checked, FirstThatMay
from crosslane.pipeline.read import read_definition
from crosslane.pipeline.start import check_commit, start, tip_of
from tests.fakes.pipeline_at_work import COMMIT, NAME, As, Remote

OTHER = "f" * 40


def waits(*stages: str) -> Remote:
    remote = Remote()
    execution = remote.begin()
    for stage in stages:
        remote.wait_for_approval(execution, stage)
    return remote


def test_a_start_whose_answer_is_lost_is_one_start() -> None:
    remote = Remote()
    definition = read_definition(As(remote), NAME)
    remote.lost = 2

    start(As(remote), definition, commit=None, token=lambda: "one-token")

    assert len(remote.executions) == 1
    assert remote.count("StartPipelineExecution") == 3


def test_a_start_that_never_gets_an_answer_is_given_up() -> None:
    remote = Remote()
    definition = read_definition(As(remote), NAME)
    remote.lost = 100

    with pytest.raises(Unreachable):
        start(As(remote), definition, commit=None, token=lambda: "one-token")

    assert remote.count("StartPipelineExecution") == 3


def test_a_commit_overrides_the_source() -> None:
    remote = Remote()

    start(As(remote), read_definition(As(remote), NAME), commit=OTHER, token=lambda: "t")

    assert remote.started[0]["revisions"] == [
        {"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": OTHER}
    ]


def test_a_commit_says_nothing_to_two_sources() -> None:
    remote = Remote()
    remote.stages = [("Source", remote.stages[0][1] + [{**remote.stages[0][1][0], "name": "Other"}])]

    with pytest.raises(UsageError, match="2 sources"):
        start(As(remote), read_definition(As(remote), NAME), commit=OTHER, token=lambda: "t")

    assert not remote.started


@pytest.mark.parametrize("commit", ["", "main", COMMIT[:7], COMMIT + "0", "g" * 40, COMMIT + "\n"])
def test_only_a_whole_commit_id_is_one(commit: str) -> None:
    with pytest.raises(UsageError):
        check_commit(commit)


def test_the_tip_of_a_branch() -> None:
    remote = Remote()
    remote.branches["topic/a"] = OTHER

    assert tip_of(As(remote, "dev", "dev"), "sample-lambda", "topic/a") == OTHER


def test_an_unknown_branch_is_named() -> None:
    with pytest.raises(OutcomeError, match="no branch topic in the repository sample-lambda"):
        tip_of(As(Remote(), "dev", "dev"), "sample-lambda", "topic")


def test_a_pipeline_that_is_not_there() -> None:
    remote = Remote(exists=False)

    with pytest.raises(OutcomeError, match=f"no pipeline {NAME}") as raised:
        read_definition(As(remote), NAME)

    assert raised.value.next is not None
    assert "crosslane up" in raised.value.next
    with pytest.raises(OutcomeError, match=f"no pipeline {NAME}"):
        read_state(As(remote), NAME)


def test_the_one_gate_that_waits_is_meant() -> None:
    state = read_state(As(waits("ApproveDeployProd")), NAME)

    assert choose(state, stage=None, execution=None, account="tools").path == "ApproveDeployProd/ApproveDeployProd"


@pytest.mark.parametrize("stage", [None, "ApproveDeployProd", "Build"])
def test_where_nothing_waits_there_is_nothing_to_answer(stage: str | None) -> None:
    remote = Remote()
    remote.run(remote.begin(), "Build/Build")

    with pytest.raises(OutcomeError, match="nothing waits for approval") as raised:
        choose(read_state(As(remote), NAME), stage=stage, execution=None, account="tools")

    assert raised.value.exit_code == 1


def test_another_stage_that_waits_is_named_and_not_taken() -> None:
    state = read_state(As(waits("ApproveDeployProd")), NAME)

    with pytest.raises(OutcomeError, match="in stage DeployToTest, but ApproveDeployProd"):
        choose(state, stage="DeployToTest", execution=None, account="tools")


def test_another_execution_that_waits_is_named_and_not_taken() -> None:
    state = read_state(As(waits("ApproveDeployProd")), NAME)

    with pytest.raises(OutcomeError, match="nothing of execution 42 waits"):
        choose(state, stage=None, execution="42", account="tools")


def test_an_unknown_stage_is_corrected() -> None:
    state = read_state(As(waits("ApproveDeployProd")), NAME)

    with pytest.raises(UsageError, match="no stage AproveDeployProd") as raised:
        choose(state, stage="AproveDeployProd", execution=None, account="tools")

    assert raised.value.next == "did you mean ApproveDeployProd?"


def test_of_several_gates_one_has_to_be_named() -> None:
    remote = Remote()
    second = {**remote.stages[3][1][0], "name": "ApproveAgain"}
    remote.stages.append(("ApproveAgain", [second]))
    execution = remote.begin()
    remote.wait_for_approval(execution)
    remote.wait_for_approval(execution, "ApproveAgain")
    state = read_state(As(remote), NAME)

    with pytest.raises(UsageError, match="ApproveDeployProd, ApproveAgain"):
        choose(state, stage=None, execution=None, account="tools")
    assert choose(state, stage="ApproveAgain", execution=None, account="tools").action == "ApproveAgain"


def test_an_answer_carries_the_token_and_the_comment() -> None:
    remote = waits("ApproveDeployProd")
    gate = read_state(As(remote), NAME).gates[0]

    answer_gate(As(remote), NAME, gate, Answer.APPROVED, "looked at")

    asked = remote.calls[-1][3]
    assert asked["token"] == gate.token
    assert asked["result"] == {"summary": "looked at", "status": "Approved"}
    assert not read_state(As(remote), NAME).gates


def test_who_may_not_approve_is_told_so() -> None:
    remote = waits("ApproveDeployProd")
    remote.denied.add(("tools", "PutApprovalResult"))
    gate = read_state(As(remote), NAME).gates[0]

    with pytest.raises(OutcomeError, match="you may not approve ApproveDeployProd") as raised:
        answer_gate(As(remote), NAME, gate, Answer.APPROVED, "")

    assert raised.value.exit_code == 1
    assert "codepipeline:PutApprovalResult" in str(raised.value.next)


def test_a_gate_that_somebody_else_answered_meanwhile() -> None:
    remote = waits("ApproveDeployProd")
    gate = read_state(As(remote), NAME).gates[0]
    answer_gate(As(remote), NAME, gate, Answer.REJECTED, "no")

    with pytest.raises(OutcomeError, match="no longer waits"):
        answer_gate(As(remote), NAME, gate, Answer.APPROVED, "yes")

    assert remote.runs[0]["status"] == "Failed"


def test_a_comment_fits_codepipeline() -> None:
    assert check_comment("x" * 512)
    with pytest.raises(UsageError):
        check_comment("x" * 513)


def test_the_sign_in_asks_where_the_deployer_may_not_and_stays_with_it() -> None:
    remote = Remote()
    remote.denied.add(("deployer", "GetPipeline"))
    caller = FirstThatMay([As(remote, profile="deployer"), As(remote)])

    read_definition(caller, NAME)
    read_definition(caller, NAME)
    read_state(caller, NAME)

    assert [(profile, operation) for _, profile, operation, _ in remote.calls] == [
        ("deployer", "GetPipeline"),
        ("tools", "GetPipeline"),
        ("tools", "GetPipeline"),
        ("deployer", "GetPipelineState"),
    ]


def test_where_nobody_may_the_last_refusal_is_told() -> None:
    remote = Remote()
    remote.expired.add("deployer")
    remote.denied.add(("tools", "GetPipeline"))
    caller = FirstThatMay([As(remote, profile="deployer"), As(remote)])

    with pytest.raises(AccessDenied):
        read_definition(caller, NAME)
    remote.expired.add("tools")
    with pytest.raises(CredentialsFailure):
        read_definition(caller, NAME)


def test_a_sign_in_of_another_account_calls_nothing() -> None:
    remote = Remote(misplaced=True)

    def check(account_id: str, arn: str) -> None:
        if account_id != "111111111111":
            raise EnvironmentFailure("wrong account", "WrongAccount")

    caller = Checked(As(remote), check)
    for _ in range(2):
        with pytest.raises(EnvironmentFailure, match="wrong account"):
            start(caller, read_definition(caller, NAME), commit=None, token=lambda: "t")

    assert {operation for _, _, operation, _ in remote.calls} == {"GetCallerIdentity"}
