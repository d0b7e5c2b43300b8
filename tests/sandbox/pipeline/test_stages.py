"""Executions that meet: superseded, stopped, retried, held back; and approvals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.conftest import allow, code, trust
from tests.sandbox.pipeline.conftest import Delivery, wait


@pytest.fixture
def codepipeline(delivery: Delivery) -> Any:
    return delivery.aws("tools", "codepipeline")


@pytest.fixture
def role(delivery: Delivery, name: str) -> str:
    """A role that may do everything in tools, for pipelines and stacks."""
    iam = delivery.aws("tools", "iam")
    document = trust(Service=["codepipeline.amazonaws.com", "cloudformation.amazonaws.com"])
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=allow("*"))
    return str(made)


def approval(name: str, **more: Any) -> dict[str, Any]:
    """A stage that waits for a person."""
    kind = {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
    return {"name": name, "actions": [{"name": "Ask", "actionTypeId": kind, **more}]}


@pytest.fixture
def gates(delivery: Delivery, codepipeline: Any, role: str, name: str) -> Iterator[str]:
    """A pipeline of its own repository with two approvals, One and Two, and nothing else; it has run its first time."""
    codecommit = delivery.aws("tools", "codecommit")
    codecommit.create_repository(repositoryName=name)
    codecommit.put_file(repositoryName=name, branchName="main", fileContent=b"1", filePath="one")
    s3 = delivery.aws("tools", "s3")
    s3.create_bucket(Bucket=f"bucket-{name}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    kind = {"category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1"}
    source = {
        "name": "Pull",
        "actionTypeId": kind,
        "configuration": {"RepositoryName": name, "BranchName": "main"},
        "outputArtifacts": [{"name": "src"}],
    }
    stages = [{"name": "Source", "actions": [source]}, approval("One"), approval("Two")]
    codepipeline.create_pipeline(
        pipeline={
            "name": name,
            "roleArn": role,
            "artifactStore": {"type": "S3", "location": f"bucket-{name}"},
            "pipelineType": "V2",
            "stages": stages,
        }
    )
    delivery.approval(_first(delivery, name), "One", name)
    yield name
    codepipeline.delete_pipeline(name=name)


def _first(delivery: Delivery, pipeline: str) -> str:
    return str(delivery.executions(pipeline)[-1]["pipelineExecutionId"])


def _start(codepipeline: Any, pipeline: str) -> str:
    return str(codepipeline.start_pipeline_execution(name=pipeline)["pipelineExecutionId"])


def _inbound(delivery: Delivery, stage: str, pipeline: str) -> str:
    return str(delivery.stage(stage, pipeline).get("inboundExecution", {}).get("pipelineExecutionId"))


def test_of_those_that_wait_for_a_stage_the_newest_goes_on(delivery: Delivery, codepipeline: Any, gates: str) -> None:
    first = _first(delivery, gates)
    second = _start(codepipeline, gates)
    wait(lambda: _inbound(delivery, "One", gates) == second)
    third = _start(codepipeline, gates)
    assert delivery.ended(second, gates) == "Superseded"
    assert _inbound(delivery, "One", gates) == third
    delivery.decide(first, "Approved", "One", gates)
    delivery.approval(first, "Two", gates)
    delivery.approval(third, "One", gates)
    assert delivery.status(first, gates) == "InProgress"


def test_a_rejection_fails_the_stage_and_says_who_and_why(delivery: Delivery, codepipeline: Any, gates: str) -> None:
    first = _first(delivery, gates)
    asked = delivery.approval(first, "One", gates)
    given = {"pipelineName": gates, "stageName": "One", "result": {"status": "Rejected", "summary": "not today"}}
    wrong = code(
        lambda: codepipeline.put_approval_result(
            **given, actionName="Ask", token="00000000-0000-0000-0000-000000000000"
        )
    )
    assert wrong == "InvalidApprovalTokenException"
    codepipeline.put_approval_result(**given, **asked)
    action, _, message = delivery.failure(first, gates)
    assert action == "Ask"
    assert "not today" in message
    again = code(lambda: codepipeline.put_approval_result(**given, **asked))
    assert again == "ApprovalAlreadyCompletedException"


def test_only_who_may_approve_does(delivery: Delivery, codepipeline: Any, gates: str, name: str) -> None:
    iam = delivery.aws("tools", "iam")
    iam.create_user(UserName=f"{name}-user")
    key = iam.create_access_key(UserName=f"{name}-user")["AccessKey"]
    asked = delivery.approval(_first(delivery, gates), "One", gates)
    with delivery.place.running.credentials_file.open("a") as file:
        secret = key["SecretAccessKey"]
        file.write(f"[{name}-user]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {secret}\n")
    person = delivery.place.client_of(f"{name}-user", "codepipeline")
    given = {"pipelineName": gates, "result": {"status": "Approved", "summary": "me"}, **asked}
    assert code(lambda: person.put_approval_result(stageName="One", **given)) == "AccessDeniedException"
    action = f"arn:aws:codepipeline:eu-west-1:111111111111:{gates}/One/Ask"
    document = allow("codepipeline:PutApprovalResult", resource=action)
    iam.put_user_policy(UserName=f"{name}-user", PolicyName="one", PolicyDocument=document)
    person.put_approval_result(stageName="One", **given)
    found = wait(lambda: delivery.stage("One", gates)["actionStates"][0]["latestExecution"])
    assert found["lastUpdatedBy"] == f"arn:aws:iam::111111111111:user/{name}-user"


def test_an_approval_that_nobody_gives_fails_in_time(delivery: Delivery, codepipeline: Any, gates: str) -> None:
    definition = codepipeline.get_pipeline(name=gates)["pipeline"]
    definition["stages"][1]["actions"][0]["timeoutInMinutes"] = 5
    codepipeline.update_pipeline(pipeline=definition)
    codepipeline.stop_pipeline_execution(pipelineName=gates, pipelineExecutionId=_first(delivery, gates), abandon=True)
    assert delivery.failure(_start(codepipeline, gates), gates)[1] == "JobTimedOut"


def test_stopping_waits_for_the_action_that_runs(delivery: Delivery, codepipeline: Any, gates: str) -> None:
    first = _first(delivery, gates)
    stop = {"pipelineName": gates, "pipelineExecutionId": first, "reason": "enough"}
    codepipeline.stop_pipeline_execution(**stop)
    assert delivery.status(first, gates) == "Stopping"
    assert code(lambda: codepipeline.stop_pipeline_execution(**stop)) == "DuplicatedStopRequestException"
    state = delivery.stage("One", gates)
    assert state["latestExecution"]["status"] == "Stopping"
    codepipeline.stop_pipeline_execution(**stop, abandon=True)
    wait(lambda: delivery.status(first, gates) == "Stopped")
    assert delivery.actions(first, gates)["Ask"]["status"] == "Abandoned"
    assert delivery.executions(gates)[0]["stopTrigger"]["reason"] == "enough"
    assert code(lambda: codepipeline.stop_pipeline_execution(**stop)) == "PipelineExecutionNotStoppableException"


def test_an_execution_that_waits_is_stopped_at_once(delivery: Delivery, codepipeline: Any, gates: str) -> None:
    second = _start(codepipeline, gates)
    wait(lambda: _inbound(delivery, "One", gates) == second)
    codepipeline.stop_pipeline_execution(pipelineName=gates, pipelineExecutionId=second)
    wait(lambda: delivery.status(second, gates) == "Stopped")
    assert "inboundExecution" not in delivery.stage("One", gates)


def test_a_failed_stage_is_retried_in_the_same_execution(delivery: Delivery, codepipeline: Any, gates: str) -> None:
    first = _first(delivery, gates)
    retry = {"pipelineName": gates, "stageName": "One", "pipelineExecutionId": first, "retryMode": "FAILED_ACTIONS"}
    assert code(lambda: codepipeline.retry_stage_execution(**retry)) == "StageNotRetryableException"
    delivery.decide(first, "Rejected", "One", gates)
    assert delivery.ended(first, gates) == "Failed"
    codepipeline.retry_stage_execution(**retry)
    delivery.decide(first, "Approved", "One", gates)
    delivery.decide(first, "Approved", "Two", gates)
    assert delivery.ended(first, gates) == "Succeeded"
    assert delivery.stage("One", gates)["retryStageMetadata"]["manualStageRetryAttempt"] == 1


def test_a_stage_that_a_later_execution_went_through_is_not_retried(
    delivery: Delivery, codepipeline: Any, gates: str
) -> None:
    first = _first(delivery, gates)
    delivery.decide(first, "Rejected", "One", gates)
    delivery.approval(_start(codepipeline, gates), "One", gates)
    retry = {"pipelineName": gates, "stageName": "One", "pipelineExecutionId": first, "retryMode": "ALL_ACTIONS"}
    assert code(lambda: codepipeline.retry_stage_execution(**retry)) == "NotLatestPipelineExecutionException"


def test_a_transition_that_is_disabled_holds_executions_back(delivery: Delivery, codepipeline: Any, gates: str) -> None:
    first = _first(delivery, gates)
    place = {"pipelineName": gates, "stageName": "Two", "transitionType": "Inbound"}
    codepipeline.disable_stage_transition(**place, reason="freeze")
    delivery.decide(first, "Approved", "One", gates)
    wait(lambda: _inbound(delivery, "Two", gates) == first)
    state = delivery.stage("Two", gates)["inboundTransitionState"]
    assert (state["enabled"], state["disabledReason"]) == (False, "freeze")
    codepipeline.enable_stage_transition(**place)
    delivery.approval(first, "Two", gates)


def test_long_lists_come_in_pages(delivery: Delivery, codepipeline: Any, gates: str) -> None:
    for _ in range(3):
        _start(codepipeline, gates)
    pages = list(
        codepipeline.get_paginator("list_pipeline_executions").paginate(
            pipelineName=gates, PaginationConfig={"PageSize": 2}
        )
    )
    found = [one["pipelineExecutionId"] for page in pages for one in page["pipelineExecutionSummaries"]]
    assert (len(pages), len(found), len(set(found))) == (2, 4, 4)
    bad = code(lambda: codepipeline.list_pipeline_executions(pipelineName=gates, nextToken="x"))
    assert bad == "InvalidNextTokenException"


def test_a_pipeline_that_is_deleted_stops(delivery: Delivery, codepipeline: Any, gates: str) -> None:
    codepipeline.delete_pipeline(name=gates)
    assert code(lambda: codepipeline.get_pipeline_state(name=gates)) == "PipelineNotFoundException"
