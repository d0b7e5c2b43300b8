"""From a push to production, through the parts that the stacks made, each with its own rights."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.pipeline.conftest import Delivery, wait


def test_a_push_goes_through_build_test_and_approval_to_production(delivery: Delivery) -> None:
    commit = delivery.push({"test.json": '{"Parameters": {"Days": "3"}}'})
    execution = delivery.execution_of(commit)
    trigger = next(one for one in delivery.executions() if one["pipelineExecutionId"] == execution)["trigger"]
    assert trigger["triggerType"] == "CloudWatchEvent"
    assert trigger["triggerDetail"] == "arn:aws:events:eu-west-1:111111111111:rule/sample-lambda-start"
    delivery.decide(execution, "Approved", summary="looks good")
    assert delivery.ended(execution) == "Succeeded", delivery.failure(execution)
    for account, stack in (("test", "sample-lambda-test"), ("prod", "sample-lambda-production")):
        found = delivery.place.stack(account, stack)
        assert found["StackStatus"].endswith("_COMPLETE")
        assert found["RoleARN"].endswith(":role/cloudformationdeployer-role")
    approved = delivery.actions(execution)["ApproveDeployProd"]
    assert approved["output"]["executionResult"]["externalExecutionSummary"] == "looks good"
    assert ":assumed-role/AWSReservedSSO_AdministratorAccess_" in approved["updatedBy"]


def test_artifacts_travel_as_encrypted_zip_files_in_the_pipelines_folder(delivery: Delivery) -> None:
    commit = delivery.push({"number": "artifact"})
    execution = delivery.execution_of(commit)
    build = wait(lambda: delivery.actions(execution).get("CreateChangeSetTest"))
    place = build["input"]["inputArtifacts"][0]["s3location"]
    assert place["key"].startswith("sample-lambda-pipeli/BuildOutpu/")
    s3 = delivery.aws("tools", "s3")
    head = s3.head_object(Bucket=place["bucket"], Key=place["key"])
    key = delivery.place.stack("tools", "pre-reqs")["Outputs"]
    assert head["ServerSideEncryption"] == "aws:kms"
    assert head["SSEKMSKeyId"] in [one["OutputValue"] for one in key]
    source = delivery.actions(execution)["App"]["output"]["outputArtifacts"][0]["s3location"]
    role = delivery.actions(execution)["App"]["input"]["roleArn"]
    assert role == "arn:aws:iam::222222222222:role/ToolsAcctCodePipelineCodeCommitRole"
    with pytest.raises(ClientError, match="kms:Decrypt"):
        s3.get_object(Bucket=source["bucket"], Key=source["key"])


def test_the_builds_log_and_phases_are_told_by_the_services_own_apis(delivery: Delivery) -> None:
    commit = delivery.push({"buildspec.yml": "version: 0.2\nphases: {build: {commands: ['echo built $NOTHING here']}}"})
    execution = delivery.execution_of(commit)
    name, _, message = delivery.failure(execution)
    assert (name, "no artifacts" in message) == ("Build", True)
    build_id = delivery.actions(execution)["Build"]["output"]["executionResult"]["externalExecutionId"]
    build = delivery.aws("tools", "codebuild").batch_get_builds(ids=[build_id])["builds"][0]
    assert (build["initiator"], build["resolvedSourceVersion"]) == ("codepipeline/sample-lambda-pipeline", commit)
    statuses = {phase["phaseType"]: phase.get("phaseStatus") for phase in build["phases"]}
    assert (statuses["BUILD"], statuses["UPLOAD_ARTIFACTS"], build["buildStatus"]) == ("SUCCEEDED", "FAILED", "FAILED")
    assert "built here" in delivery.log(build_id)
    assert build_id in delivery.aws("tools", "codebuild").list_builds_for_project(projectName="sample-lambda")["ids"]


def test_a_retried_start_with_the_same_token_is_one_execution(delivery: Delivery) -> None:
    commit = delivery.push()
    delivery.execution_of(commit)
    codepipeline = delivery.aws("tools", "codepipeline")
    given = {"name": "sample-lambda-pipeline", "clientRequestToken": "once"}
    first = codepipeline.start_pipeline_execution(**given)["pipelineExecutionId"]
    assert codepipeline.start_pipeline_execution(**given)["pipelineExecutionId"] == first
    found = codepipeline.get_pipeline_execution(pipelineName="sample-lambda-pipeline", pipelineExecutionId=first)
    assert found["pipelineExecution"]["trigger"]["triggerType"] == "StartPipelineExecution"


def test_a_revision_override_builds_an_older_commit(delivery: Delivery) -> None:
    older = delivery.push({"number": "older"})
    newer = delivery.push({"number": "newer"})
    delivery.execution_of(newer)
    override = {"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": older}
    started = delivery.aws("tools", "codepipeline").start_pipeline_execution(
        name="sample-lambda-pipeline", sourceRevisions=[override]
    )["pipelineExecutionId"]
    revisions = wait(lambda: _revisions(delivery, started))
    assert [one["revisionId"] for one in revisions] == [older]


def _revisions(delivery: Delivery, execution: str) -> list[dict[str, str]]:
    found = delivery.aws("tools", "codepipeline").get_pipeline_execution(
        pipelineName="sample-lambda-pipeline", pipelineExecutionId=execution
    )
    revisions: list[dict[str, str]] = found["pipelineExecution"]["artifactRevisions"]
    return revisions


def test_the_state_of_the_pipeline_names_stages_actions_and_revision(delivery: Delivery) -> None:
    commit = delivery.push()
    execution = delivery.execution_of(commit)
    source = delivery.stage("Source")
    assert source["latestExecution"]["pipelineExecutionId"] == execution
    action = source["actionStates"][0]
    assert action["currentRevision"]["revisionId"] == commit
    assert action["latestExecution"]["summary"] == "a change"
