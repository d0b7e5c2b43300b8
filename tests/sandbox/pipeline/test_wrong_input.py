"""What goes wrong in an app, a repository or a machine ends the run where it goes wrong, with its reason."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.end_to_end.place import place_in
from tests.sandbox.conftest import trust
from tests.sandbox.pipeline.conftest import SPEC, TEMPLATE, Delivery, wait


def _spec(*commands: str, files: str = "packaged-template.yml", more: str = "") -> str:
    listed = "".join(f"      - {json.dumps(command)}\n" for command in commands)
    return f"version: 0.2\nphases:\n  build:\n    commands:\n{listed}{more}artifacts:\n  files: [{files}]\n"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (None, "YAML_FILE_ERROR, Message: YAML file does not exist: buildspec.yml"),
        ("version: [0.2", "YAML_FILE_ERROR, Message: the buildspec is no YAML at line"),
        ("phases: {build: {commands: [a]}}", "version is missing"),
        ("version: 0.2\nphases: {buidl: {commands: [a]}}", "unknown phase buidl"),
        ("version: 0.2\nphases: {build: {commands: [echo: a]}}", "phases/build/commands[0] is a mapping"),
    ],
)
def test_a_buildspec_with_an_error_fails_the_build_before_any_command(
    delivery: Delivery, spec: str | None, told: str
) -> None:
    execution = delivery.execution_of(delivery.push({"buildspec.yml": spec}))
    action, code, message = delivery.failure(execution)
    assert (action, code) == ("Build", "JobFailed")
    assert message.startswith("Build terminated with state: FAILED. Phase: DOWNLOAD_SOURCE, Code: YAML_FILE_ERROR")
    assert told in message


def test_a_command_that_fails_is_named_with_its_exit_status(delivery: Delivery) -> None:
    spec = _spec("echo before", "sh -c 'exit 7'", "echo after")
    execution = delivery.execution_of(delivery.push({"buildspec.yml": spec}))
    action, _, message = delivery.failure(execution)
    assert action == "Build"
    assert "Phase: BUILD, Code: COMMAND_EXECUTION_ERROR" in message
    assert message.endswith("Error while executing command: sh -c 'exit 7'. Reason: exit status 7")
    build = delivery.actions(execution)["Build"]["output"]["executionResult"]["externalExecutionId"]
    lines = delivery.log(build).splitlines()
    assert "before" in lines
    assert "after" not in lines
    assert delivery.stage("Build")["latestExecution"]["status"] == "Failed"


def test_an_artifact_file_that_is_missing_fails_where_it_is_looked_for(delivery: Delivery) -> None:
    execution = delivery.execution_of(delivery.push({"buildspec.yml": _spec("true")}))
    assert "no matching artifact paths found" in delivery.failure(execution)[2]
    other = _spec("true", files="packaged-template.yml, number")
    execution = delivery.execution_of(delivery.push({"buildspec.yml": other}))
    action, _, message = delivery.failure(execution)
    assert action == "CreateChangeSetTest"
    assert message == "File [packaged-template.yml] does not exist in artifact [BuildOutput]"


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{", "Template format error"),
        (json.dumps({"Resources": {"A": {"Type": "AWS::Nothing::Here"}}}), "AWS::Nothing::Here"),
        (json.dumps({**TEMPLATE, "Outputs": {"O": {"Value": {"Ref": "Nobody"}}}}), "Nobody"),
    ],
)
def test_a_template_that_does_not_validate_fails_its_change_set(delivery: Delivery, template: str, told: str) -> None:
    execution = delivery.execution_of(delivery.push({"template.json": template}))
    action, _, message = delivery.failure(execution)
    assert action == "CreateChangeSetTest"
    assert told in message


def test_a_stack_that_rolls_back_tells_which_resource_was_to_blame(delivery: Delivery) -> None:
    forbidden = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "elsewhere"}}
    template = {**TEMPLATE, "Resources": {**TEMPLATE["Resources"], "Forbidden": forbidden}}
    execution = delivery.execution_of(delivery.push({"template.json": json.dumps(template)}))
    action, code, message = delivery.failure(execution)
    if delivery.place.stack("test", "sample-lambda-test")["StackStatus"] == "ROLLBACK_COMPLETE":
        # It takes no update any more, as on AWS.
        delivery.aws("test", "cloudformation").delete_stack(StackName="sample-lambda-test")
    assert (action, code) == ("DeployChangeSetTest", "JobFailed"), message
    assert "Stack sample-lambda-test is" in message
    assert "ROLLBACK_COMPLETE" in message
    assert "Reason: Forbidden (AWS::SNS::Topic)" in message
    assert "assumed-role/cloudformationdeployer-role/AWSCloudFormation is not authorized to perform: SNS:" in message


def test_a_branch_that_is_not_there_fails_the_source_stage(delivery: Delivery, name: str) -> None:
    """Pushed to another branch, the pipeline does not start at all; started by hand it says what is missing."""
    codepipeline = delivery.aws("tools", "codepipeline")
    before = len(delivery.executions())
    delivery.push(branch="other")
    definition = codepipeline.get_pipeline(name="sample-lambda-pipeline")["pipeline"]
    definition["name"] = name
    definition["stages"][0]["actions"][0]["configuration"]["BranchName"] = "nowhere"
    codepipeline.create_pipeline(pipeline=definition)
    execution = wait(lambda: delivery.executions(name))[0]["pipelineExecutionId"]
    action, code, message = delivery.failure(execution, name)
    assert (action, code) == ("App", "ConfigurationError")
    assert message.startswith(
        "The action failed because no branch named nowhere was found in the selected AWS CodeCommit"
    )
    assert delivery.stage("Source", name)["latestExecution"]["status"] == "Failed"
    assert "latestExecution" not in delivery.stage("Build", name)
    assert len(delivery.executions()) == before
    codepipeline.delete_pipeline(name=name)


def test_a_build_that_hangs_is_ended_at_its_time_limit(delivery: Delivery) -> None:
    codebuild = delivery.aws("tools", "codebuild")
    codebuild.update_project(name="sample-lambda", timeoutInMinutes=5)
    try:
        started = time.monotonic()
        execution = delivery.execution_of(delivery.push({"buildspec.yml": _spec("echo $$ > pid; cat pid; sleep 600")}))
        _, _, message = delivery.failure(execution)
    finally:
        codebuild.update_project(name="sample-lambda", timeoutInMinutes=30)
    assert message.startswith("Build terminated with state: TIMED_OUT. Phase: BUILD, Code: BUILD_TIMED_OUT")
    assert time.monotonic() - started < 90


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_sandbox_that_ends_in_the_middle_takes_the_build_with_it(tmp_path: Path, way: signal.Signals) -> None:
    mark = tmp_path / "pid"
    spec = _spec(f"sleep 600 & echo $! > {mark}; wait")
    with place_in(tmp_path, enforce=False) as place:
        iam, codebuild = place.aws("tools", "iam"), place.aws("tools", "codebuild")
        document = trust(Service="codebuild.amazonaws.com")
        role = iam.create_role(RoleName="builder", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        codebuild.create_project(
            name="project",
            source={"type": "NO_SOURCE", "buildspec": spec},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=role,
        )
        codebuild.start_build(projectName="project")
        process = int(wait(lambda: mark.exists() and mark.read_text().strip()))
        os.kill(process, 0)
        os.kill(place.running.pid, way)
        wait(lambda: not _alive(process))
        if way is signal.SIGTERM:
            wait(lambda: not place.running.directory.exists(), 5)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_role_that_lost_a_right_stops_the_pipeline_at_the_action_that_needs_it(delivery: Delivery) -> None:
    iam = delivery.aws("tools", "iam")
    role, policy = "sample-lambda-codepipeline-role", "sample-lambda-codepipeline-rights"
    whole = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    without = {**whole, "Statement": [one for one in whole["Statement"] if one["Sid"] != "Build"]}
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(without))
    try:
        action, code, message = delivery.failure(delivery.execution_of(delivery.push({"buildspec.yml": SPEC})))
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(whole))
    assert (action, code) == ("Build", "PermissionError")
    assert message.startswith("Error calling startBuild")
    assert "is not authorized to perform: codebuild:StartBuild" in message
