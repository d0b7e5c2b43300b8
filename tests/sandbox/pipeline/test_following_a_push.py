"""A person who pushes and then follows sees what the push started, and is never left waiting without a word."""

from __future__ import annotations

import pytest

from tests.sandbox.pipeline.conftest import PIPELINE, Delivery, wait


@pytest.fixture(autouse=True)
def _nothing_under_way(delivery: Delivery) -> None:
    """Ends what earlier tests left waiting at the gate."""
    codepipeline = delivery.aws("tools", "codepipeline")
    for one in delivery.executions():
        if one["status"] == "InProgress":
            chosen = {"pipelineName": PIPELINE, "pipelineExecutionId": one["pipelineExecutionId"]}
            codepipeline.stop_pipeline_execution(**chosen, abandon=True)
    wait(lambda: all(one["status"] != "InProgress" for one in delivery.executions()))


def runs_of(delivery: Delivery, commit: str) -> list[str]:
    """The executions of a commit."""
    return [
        one["pipelineExecutionId"]
        for one in delivery.executions()
        if commit in [revision["revisionId"] for revision in one["sourceRevisions"]]
    ]


def test_run_right_after_a_push_follows_that_execution_to_production(delivery: Delivery) -> None:
    commit = delivery.push()
    result = delivery.place.run("run", "--approve", "--timeout", "1")
    assert result.code == 0, result.err
    assert f"runs commit {commit[:8]} already" in result.err
    assert len(runs_of(delivery, commit)) == 1


def test_status_right_after_a_push_follows_that_execution(delivery: Delivery) -> None:
    delivery.ended(delivery.execution_of(delivery.push({"buildspec.yml": "version: 0.2"})))
    commit = delivery.push()
    document = delivery.place.run("status", "--follow", "--until-approval", "--timeout", "1", "--json").document
    assert document["execution"]["revisions"][0]["id"] == commit
    assert document["waiting"][0]["stage"] == "ApproveDeployProd"


def test_behind_another_commits_gate_approve_ends_with_the_command_that_answers_it(delivery: Delivery) -> None:
    older = delivery.execution_of(delivery.push())
    delivery.approval(older)
    commit = delivery.push()
    result = delivery.place.run("status", "--follow", "--approve", "--commit", commit, "--timeout", "1")
    assert result.code == 1
    assert f"waits behind {older}" in result.err
    flags = f"--config {delivery.place.config} --sandbox"
    assert f"next: crosslane approve ApproveDeployProd --execution {older} {flags}, or reject" in result.err
    assert delivery.status(older) == "InProgress"
    assert delivery.place.run("approve", "ApproveDeployProd", "--execution", older).code == 0
    assert delivery.place.run("status", "--follow", "--approve", "--commit", commit, "--timeout", "1").code == 0
    assert delivery.status(older) == "Succeeded"
