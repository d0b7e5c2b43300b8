"""CodePipeline, CodeBuild, CodeCommit and EventBridge: what the stacks make, and what the API answers of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.conftest import Accounts, code, error, trust


def _action(
    name: str, category: str, provider: str, owner: str = "AWS", reads: str = "", writes: str = "", **more: Any
) -> dict[str, Any]:
    kind = {"category": category, "owner": owner, "provider": provider, "version": "1"}
    return {
        "name": name,
        "actionTypeId": kind,
        "inputArtifacts": [{"name": reads}] if reads else [],
        "outputArtifacts": [{"name": writes}] if writes else [],
        **more,
    }


def _source(**more: Any) -> dict[str, Any]:
    return {"name": "Source", "actions": [_action("Pull", "Source", "CodeCommit", writes="src", **more)]}


def _build(name: str = "Build", reads: str = "src") -> dict[str, Any]:
    return {"name": name, "actions": [_action("Package", "Build", "CodeBuild", reads=reads, writes="built")]}


@pytest.fixture
def codepipeline(accounts: Accounts) -> Any:
    return accounts.client("tools", "codepipeline")


@pytest.fixture
def role(accounts: Accounts, name: str) -> str:
    document = trust(Service=["codepipeline.amazonaws.com", "codebuild.amazonaws.com"])
    made = accounts.client("tools", "iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def _definition(name: str, role: str, *stages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "roleArn": role,
        "artifactStore": {"type": "S3", "location": "some-bucket"},
        "pipelineType": "V2",
        "stages": list(stages) or [_source(), _build()],
        **more,
    }


def test_a_pipeline_keeps_all_of_its_definition(codepipeline: Any, name: str, role: str) -> None:
    trigger = {
        "providerType": "CodeStarSourceConnection",
        "gitConfiguration": {"sourceActionName": "Pull", "push": [{"branches": {"includes": ["main"]}}]},
    }
    given = _definition(
        name,
        role,
        _source(roleArn="arn:aws:iam::222222222222:role/in-dev", namespace="Src"),
        _build(),
        {"name": "Approve", "actions": [_action("Ask", "Approval", "Manual")]},
        executionMode="QUEUED",
        variables=[{"name": "v", "defaultValue": "1"}],
        triggers=[trigger],
    )
    codepipeline.create_pipeline(pipeline=given, tags=[{"key": "a", "value": "b"}])
    found = codepipeline.get_pipeline(name=name)
    pipeline = found["pipeline"]
    assert pipeline["version"] == 1
    assert pipeline["stages"][0]["actions"][0]["roleArn"] == "arn:aws:iam::222222222222:role/in-dev"
    assert pipeline["stages"][0]["actions"][0]["namespace"] == "Src"
    for member in ("executionMode", "variables", "triggers", "pipelineType", "artifactStore"):
        assert pipeline[member] == given[member]
    arn = found["metadata"]["pipelineArn"]
    assert arn == f"arn:aws:codepipeline:eu-west-1:111111111111:{name}"
    assert codepipeline.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "b"}]
    codepipeline.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert codepipeline.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_updates_count_versions_and_state_shows_the_stages(codepipeline: Any, name: str, role: str) -> None:
    codepipeline.create_pipeline(pipeline=_definition(name, role))
    codepipeline.update_pipeline(pipeline=_definition(name, role, _source(), _build("Make")))
    state = codepipeline.get_pipeline_state(name=name)
    assert state["pipelineVersion"] == 2
    assert [stage["stageName"] for stage in state["stageStates"]] == ["Source", "Make"]
    first = codepipeline.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]
    assert [one["trigger"]["triggerType"] for one in first] == ["CreatePipeline"]
    assert codepipeline.get_pipeline(name=name, version=1)["pipeline"]["stages"][1]["name"] == "Build"
    codepipeline.delete_pipeline(name=name)
    codepipeline.delete_pipeline(name=name)
    assert code(lambda: codepipeline.get_pipeline(name=name)) == "PipelineNotFoundException"


def test_a_name_is_taken_once(codepipeline: Any, name: str, role: str) -> None:
    codepipeline.create_pipeline(pipeline=_definition(name, role))
    again = code(lambda: codepipeline.create_pipeline(pipeline=_definition(name, role)))
    assert again == "PipelineNameInUseException"


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([_source()], "minimum of 2 stages"),
        ([_source(), _build("Source")], "used more than once"),
        ([_build(), _source()], "Pipeline should start with"),
        ([_source(), _build(reads="other")], "Input Artifact Bundle other"),
        ([_source(), _build(), _build("Again")], "must be unique"),
    ],
)
def test_a_definition_that_does_not_hold_together_is_refused(
    codepipeline: Any, name: str, role: str, stages: list[dict[str, Any]], message: str
) -> None:
    told = error(lambda: codepipeline.create_pipeline(pipeline=_definition(name, role, *stages)))
    assert told[0] == "InvalidStructureException"
    assert message in told[1]


def test_variables_and_queues_need_the_new_pipeline_type(codepipeline: Any, name: str, role: str) -> None:
    for more in ({"variables": [{"name": "v"}]}, {"executionMode": "QUEUED"}):
        old = _definition(name, role, pipelineType="V1", **more)
        assert code(lambda given=old: codepipeline.create_pipeline(pipeline=given)) == "InvalidStructureException"  # type: ignore[misc]


def test_a_role_that_does_not_exist_is_refused(codepipeline: Any, accounts: Accounts, name: str) -> None:
    told = error(lambda: codepipeline.create_pipeline(pipeline=_definition(name, "arn:aws:iam::111111111111:role/no")))
    assert told[0] == "InvalidStructureException"
    assert "not authorized to perform AssumeRole on role" in told[1]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"executionMode": "QUEUED"}, "the execution mode QUEUED"),
        ({"executionMode": "PARALLEL"}, "the execution mode PARALLEL"),
        (
            {
                "triggers": [
                    {
                        "providerType": "CodeStarSourceConnection",
                        "gitConfiguration": {"sourceActionName": "Pull", "push": [{"branches": {"includes": ["x"]}}]},
                    }
                ]
            },
            "triggers with filters",
        ),
        ({"stages": [_source(), {**_build(), "onFailure": {"result": "ROLLBACK"}}]}, "rollback"),
        ({"stages": [_source(), {**_build(), "beforeEntry": {"conditions": [{"result": "FAIL"}]}}]}, "conditions"),
    ],
)
def test_what_is_not_run_here_is_kept_and_refused_by_name_when_started(
    codepipeline: Any, name: str, role: str, more: dict[str, Any], named: str
) -> None:
    codepipeline.create_pipeline(pipeline=_definition(name, role, **more))
    told = error(lambda: codepipeline.start_pipeline_execution(name=name))
    assert told[0] == "NotImplemented"
    assert named in told[1]
    assert codepipeline.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"] == []


def test_a_build_project_is_kept_changed_and_removed(accounts: Accounts, name: str, role: str) -> None:
    codebuild = accounts.client("tools", "codebuild")
    variable = {"name": "BUCKET", "value": "b", "type": "PLAINTEXT"}
    given = {
        "name": name,
        "source": {"type": "CODEPIPELINE", "buildspec": "buildspec.yml"},
        "artifacts": {"type": "CODEPIPELINE"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [variable],
        },
        "serviceRole": role,
        "encryptionKey": "arn:aws:kms:eu-west-1:111111111111:key/k",
        "logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "/g"}},
        "tags": [{"key": "a", "value": "b"}],
    }
    codebuild.create_project(**given)
    assert code(lambda: codebuild.create_project(**given)) == "ResourceAlreadyExistsException"
    found = codebuild.batch_get_projects(names=[name, "none"])
    project = found["projects"][0]
    assert found["projectsNotFound"] == ["none"]
    assert project["environment"]["environmentVariables"] == [variable]
    for member in ("source", "artifacts", "serviceRole", "encryptionKey", "logsConfig", "tags"):
        assert project[member] == given[member]
    assert project["timeoutInMinutes"] == 60
    codebuild.update_project(name=name, timeoutInMinutes=20)
    assert codebuild.batch_get_projects(names=[project["arn"]])["projects"][0]["timeoutInMinutes"] == 20
    assert name in codebuild.list_projects()["projects"]
    assert codebuild.list_builds_for_project(projectName=name)["ids"] == []
    codebuild.delete_project(name=name)
    assert name not in codebuild.list_projects()["projects"]
    missing = {**given, "serviceRole": "arn:aws:iam::111111111111:role/none"}
    assert code(lambda: codebuild.create_project(**missing)) == "InvalidInputException"


def test_a_repository_is_kept_with_its_tags(accounts: Accounts, name: str) -> None:
    codecommit = accounts.client("dev", "codecommit")
    made = codecommit.create_repository(repositoryName=name, repositoryDescription="d", tags={"a": "b"})
    arn = made["repositoryMetadata"]["Arn"]
    assert arn == f"arn:aws:codecommit:eu-west-1:222222222222:{name}"
    assert code(lambda: codecommit.create_repository(repositoryName=name)) == "RepositoryNameExistsException"
    assert codecommit.get_repository(repositoryName=name)["repositoryMetadata"]["repositoryDescription"] == "d"
    codecommit.tag_resource(resourceArn=arn, tags={"c": "d"})
    assert codecommit.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b", "c": "d"}
    assert name in [one["repositoryName"] for one in codecommit.list_repositories()["repositories"]]
    tools = accounts.client("tools", "codecommit")
    assert code(lambda: tools.get_repository(repositoryName=name)) == "RepositoryDoesNotExistException"
    missing = code(lambda: codecommit.get_branch(repositoryName=name, branchName="main"))
    assert missing == "BranchDoesNotExistException"
    assert codecommit.delete_repository(repositoryName=name)["repositoryId"]
    assert "repositoryId" not in codecommit.delete_repository(repositoryName=name)


def test_a_bus_lets_accounts_in_statement_by_statement(accounts: Accounts) -> None:
    events = accounts.client("prod", "events")
    for sid in ("one", "two"):
        events.put_permission(StatementId=sid, Action="events:PutEvents", Principal="222222222222")
    told = json.loads(events.describe_event_bus()["Policy"])["Statement"]
    assert [statement["Sid"] for statement in told] == ["one", "two"]
    condition = {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/x"}, "Bool": {"a:b": "true"}}
    whole = {"Sid": "three", **told[0], "Condition": condition}
    whole["Sid"] = "three"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [whole]})
    events.put_permission(Policy=policy)
    assert json.loads(events.describe_event_bus()["Policy"])["Statement"] == [whole]
    assert code(lambda: events.remove_permission(StatementId="one")) == "ResourceNotFoundException"
    events.remove_permission(StatementId="three")
    assert "Policy" not in events.describe_event_bus()


def test_a_rule_sends_to_the_bus_of_another_account_with_a_role(accounts: Accounts, name: str) -> None:
    events = accounts.client("dev", "events")
    pattern = json.dumps({"source": ["aws.codecommit"]})
    events.put_rule(Name=name, EventPattern=pattern, Tags=[{"Key": "a", "Value": "b"}])
    bus = "arn:aws:events:eu-west-1:111111111111:event-bus/default"
    assert code(lambda: events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": bus}])) == "ValidationException"
    target = {"Id": "1", "Arn": bus, "RoleArn": "arn:aws:iam::222222222222:role/x"}
    events.put_targets(Rule=name, Targets=[target])
    assert events.list_targets_by_rule(Rule=name)["Targets"] == [target]
    pipeline = {**target, "Arn": "arn:aws:codepipeline:eu-west-1:111111111111:p"}
    assert code(lambda: events.put_targets(Rule=name, Targets=[pipeline])) == "ValidationException"
    assert code(lambda: events.delete_rule(Name=name)) == "ValidationException"
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)


def test_log_groups_are_kept_with_retention_and_tags(accounts: Accounts, name: str) -> None:
    logs = accounts.client("tools", "logs")
    logs.create_log_group(logGroupName=f"/aws/codebuild/{name}", tags={"a": "b"})
    logs.put_retention_policy(logGroupName=f"/aws/codebuild/{name}", retentionInDays=30)
    group = logs.describe_log_groups(logGroupNamePrefix=f"/aws/codebuild/{name}")["logGroups"][0]
    assert group["retentionInDays"] == 30
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"a": "b"}
