"""The repository of the source stage, and the pipeline's own check."""

from __future__ import annotations

from crosslane.apply.hands import Hands, PipelineFacts
from crosslane.apply.outcome import Done, Outcome
from crosslane.aws.errors import AwsError
from crosslane.aws.gateway import Gateway
from crosslane.errors import OutcomeError
from crosslane.plan.model import Op, PutRepository, Step, VerifyPipeline


def put_repository(task: PutRepository, step: Step, hands: Hands) -> Done:
    """Make the repository, or use the one that is there."""
    repository = task.repository
    if step.op is Op.KEEP:
        return Done(Outcome.UNCHANGED, step.reason)
    parameters = {
        "repositoryName": repository.name,
        "repositoryDescription": f"Source of the pipeline {hands.mark}",
        "tags": dict(repository.tags),
    }
    try:
        hands.deployer(repository.account).call("codecommit", "CreateRepository", parameters)
    except AwsError as error:
        if error.code == "RepositoryNameExistsException":
            return Done(Outcome.UNCHANGED, "it is there")
        if error.code == "OperationNotAllowedException":
            raise closed_to_this_account(error, repository.name, repository.account) from error
        raise
    return Done(Outcome.CREATED, repository.arn)


def closed_to_this_account(error: AwsError, name: str, account: str) -> OutcomeError:
    """CodeCommit refuses accounts that had no repository before its closure and are not let in yet.

    https://aws.amazon.com/blogs/devops/how-to-migrate-your-aws-codecommit-repository-to-another-git-provider/
    and, for its return, https://aws.amazon.com/blogs/devops/aws-codecommit-returns-to-general-availability/
    (2026-11-24; unverified against a live account).
    """
    return OutcomeError(
        f"CodeCommit does not let this account make the repository {name}: {error.text}",
        code=error.code,
        account=account,
        next="open CodeCommit once in this account's console, or ask AWS Support to enable it; "
        "an existing repository of another account works too: set pipeline.source.account to it",
    )


def verify_pipeline(task: VerifyPipeline, step: Step, hands: Hands) -> Done:
    """Read the pipeline: its stages, and how its first run goes."""
    gateway = hands.deployer(task.account)
    answer = gateway.call("codepipeline", "GetPipeline", {"name": task.name})
    stages = tuple(stage["name"] for stage in answer["pipeline"]["stages"])
    arn = answer["metadata"]["pipelineArn"]
    hands.found.pipeline = PipelineFacts(arn, stages, _latest_run(gateway, task.name))
    return Done(Outcome.VERIFIED, " → ".join(stages))


def _latest_run(gateway: Gateway, name: str) -> str | None:
    """How the latest execution goes, in a few words; a read that fails says nothing."""
    try:
        state = gateway.call("codepipeline", "GetPipelineState", {"name": name})
    except AwsError:
        return None
    for stage in state.get("stageStates", []):
        status = stage.get("latestExecution", {}).get("status")
        if status in ("Failed", "InProgress", "Stopped"):
            details = [
                action.get("latestExecution", {}).get("errorDetails", {}).get("message", "")
                for action in stage.get("actionStates", [])
            ]
            why = next((detail for detail in details if detail), "")
            return f"{status} in stage {stage['stageName']}" + (f": {why}" if why else "")
    return None
