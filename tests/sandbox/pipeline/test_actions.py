"""Actions with all that they take: deploys in every mode, variables, several artifacts, builds with several outputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.sandbox.conftest import allow, trust
from tests.sandbox.pipeline.conftest import Delivery, wait

TOPIC: Mapping[str, Any] = {
    "Parameters": {"Text": {"Type": "String", "Default": "none"}},
    "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Text"}}}},
    "Outputs": {"Name": {"Value": {"Ref": "P"}}},
}
SPEC = """\
version: 0.2
env:
  exported-variables: [MADE]
phases:
  build:
    commands:
      - MADE="made of $WHAT"
      - mkdir more
      - echo '{"Key":"from a file"}' > more/values.json
artifacts:
  files: [template.json, configuration.json]
  secondary-artifacts:
    built: {files: [template.json, configuration.json]}
    values: {files: values.json, base-directory: more}
"""

Run = Callable[..., str]


@pytest.fixture
def role(delivery: Delivery, name: str) -> str:
    """A role that may do everything in tools, for pipelines, builds and stacks."""
    iam = delivery.aws("tools", "iam")
    services = ["codepipeline.amazonaws.com", "cloudformation.amazonaws.com", "codebuild.amazonaws.com"]
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service=services))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=allow("*"))
    return str(made)


def action(category: str, provider: str, name: str, configuration: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """An action; ``reads`` and ``writes`` are names of artifacts."""
    inputs = [{"name": one} for one in more.pop("reads", ())]
    outputs = [{"name": one} for one in more.pop("writes", ())]
    return {
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": dict(configuration),
        "inputArtifacts": inputs,
        "outputArtifacts": outputs,
        **more,
    }


def deploy(name: str, mode: str, stack: str, role: str, **more: Any) -> dict[str, Any]:
    """A deploy action; capital members are of its configuration."""
    settings = {key: more.pop(key) for key in list(more) if key[0].isupper()}
    given = {"ActionMode": mode, "StackName": stack, "RoleArn": role, **settings}
    if mode not in ("CHANGE_SET_EXECUTE", "DELETE_ONLY"):
        given = {"TemplatePath": "src::template.json", **given}
        more = {"reads": ["src"], **more}
    return action("Deploy", "CloudFormation", name, given, **more)


@pytest.fixture
def run(delivery: Delivery, role: str, name: str) -> Run:
    """Runs a pipeline of these stages (lists of actions) behind a source with these files; gives the execution."""
    codecommit, s3 = delivery.aws("tools", "codecommit"), delivery.aws("tools", "s3")
    codecommit.create_repository(repositoryName=name)
    s3.create_bucket(Bucket=f"bucket-{name}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def start(*stages: list[dict[str, Any]], files: Mapping[str, str] | None = None, **more: Any) -> str:
        everything = {"template.json": json.dumps(TOPIC), "configuration.json": "{}", **(files or {})}
        puts = [{"filePath": path, "fileContent": text.encode()} for path, text in everything.items()]
        codecommit.create_commit(repositoryName=name, branchName="main", putFiles=puts, commitMessage="the message")
        source = action(
            "Source",
            "CodeCommit",
            "Pull",
            {"RepositoryName": name, "BranchName": "main"},
            writes=["src"],
            namespace="Source",
        )
        definition = {
            "name": name,
            "roleArn": role,
            "artifactStore": {"type": "S3", "location": f"bucket-{name}"},
            "pipelineType": "V2",
            "stages": [
                {"name": f"Stage{position}", "actions": actions} for position, actions in enumerate(([source], *stages))
            ],
            **more,
        }
        delivery.aws("tools", "codepipeline").create_pipeline(pipeline=definition)
        return str(wait(lambda: delivery.executions(name))[0]["pipelineExecutionId"])

    return start


def _value(delivery: Delivery, stack: str) -> str:
    """What the stack's parameter holds."""
    found = delivery.place.stack("tools", stack)["Outputs"][0]["OutputValue"]
    return str(delivery.aws("tools", "ssm").get_parameter(Name=found)["Parameter"]["Value"])


def _succeeded(delivery: Delivery, execution: str, pipeline: str) -> dict[str, dict[str, Any]]:
    actions = delivery.actions(execution, pipeline) if delivery.ended(execution, pipeline) == "Succeeded" else None
    assert actions is not None, delivery.failure(execution, pipeline)
    return actions


def test_stacks_are_made_changed_and_deleted_by_name_of_the_mode(
    delivery: Delivery, run: Run, role: str, name: str
) -> None:
    execution = run(
        [deploy("Create", "CREATE_UPDATE", name, role, ParameterOverrides='{"Text": "one"}')],
        [deploy("Same", "CREATE_UPDATE", name, role, ParameterOverrides='{"Text": "one"}')],
        [
            deploy("Change", "CHANGE_SET_REPLACE", name, role, ChangeSetName="c", ParameterOverrides='{"Text": "two"}'),
            deploy("Execute", "CHANGE_SET_EXECUTE", name, role, ChangeSetName="c", runOrder=2),
            deploy("Again", "CHANGE_SET_REPLACE", name, role, ChangeSetName="c", ParameterOverrides='{"Text": "two"}')
            | {"runOrder": 3},
            deploy("Nothing", "CHANGE_SET_EXECUTE", name, role, ChangeSetName="c", runOrder=4),
        ],
        [deploy("Replace", "REPLACE_ON_FAILURE", f"{name}-other", role)],
        [deploy("Delete", "DELETE_ONLY", f"{name}-other", role), deploy("Never", "DELETE_ONLY", "not-there", role)],
    )
    actions = _succeeded(delivery, execution, name)
    assert _value(delivery, name) == "two"
    summaries = {
        one: found["output"]["executionResult"].get("externalExecutionSummary") for one, found in actions.items()
    }
    assert summaries["Same"] == "The stack has no changes."
    assert summaries["Nothing"] == "Change set c has no changes."
    with pytest.raises(Exception, match="does not exist"):
        delivery.place.stack("tools", f"{name}-other")


def test_parameters_come_from_configuration_file_override_artifact_and_variable(
    delivery: Delivery, run: Run, role: str, name: str
) -> None:
    configuration = {"Parameters": {"Text": "from configuration"}, "Tags": {"team": "a"}}
    first = deploy(
        "A", "CREATE_UPDATE", f"{name}-a", role, TemplateConfiguration="src::configuration.json", namespace="A"
    )
    get = json.dumps({"Text": {"Fn::GetParam": ["src", "values.json", "Text"]}})
    attribute = json.dumps({"Text": {"Fn::GetArtifactAtt": ["src", "ObjectKey"]}})
    text = "#{A.Name} #{Source.CommitMessage} #{variables.color} #{codepipeline.PipelineExecutionId}"
    execution = run(
        [first],
        [
            deploy("B", "CREATE_UPDATE", f"{name}-b", role, ParameterOverrides=get),
            deploy("C", "CREATE_UPDATE", f"{name}-c", role, ParameterOverrides=attribute),
            deploy("D", "CREATE_UPDATE", f"{name}-d", role, ParameterOverrides=json.dumps({"Text": text})),
        ],
        files={"configuration.json": json.dumps(configuration), "values.json": '{"Text": 12}'},
        variables=[{"name": "color", "defaultValue": "green"}],
    )
    actions = _succeeded(delivery, execution, name)
    assert _value(delivery, f"{name}-a") == "from configuration"
    assert delivery.place.stack("tools", f"{name}-a")["Tags"] == [{"Key": "team", "Value": "a"}]
    assert _value(delivery, f"{name}-b") == "12"
    assert _value(delivery, f"{name}-c").startswith(f"{name[:20]}/src/")
    output = delivery.place.stack("tools", f"{name}-a")["Outputs"][0]["OutputValue"]
    assert _value(delivery, f"{name}-d") == f"{output} the message green {execution}"
    assert actions["D"]["input"]["resolvedConfiguration"]["ParameterOverrides"].startswith('{"Text": "' + output)
    assert actions["A"]["output"]["outputVariables"] == {"Name": output}


def test_outputs_are_handed_on_as_a_file(delivery: Delivery, run: Run, role: str, name: str) -> None:
    first = deploy("A", "CREATE_UPDATE", f"{name}-a", role, OutputFileName="out.json", writes=["outputs"])
    get = json.dumps({"Text": {"Fn::GetParam": ["outputs", "out.json", "Name"]}})
    second = deploy("B", "CREATE_UPDATE", f"{name}-b", role, ParameterOverrides=get, reads=["src", "outputs"])
    _succeeded(delivery, run([first], [second]), name)
    output = delivery.place.stack("tools", f"{name}-a")["Outputs"][0]["OutputValue"]
    assert _value(delivery, f"{name}-b") == output


def test_a_build_puts_out_several_artifacts_and_variables(delivery: Delivery, run: Run, role: str, name: str) -> None:
    delivery.aws("tools", "codebuild").create_project(
        name=name,
        source={"type": "CODEPIPELINE"},
        artifacts={"type": "CODEPIPELINE"},
        environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=role,
    )
    what = json.dumps([{"name": "WHAT", "value": "#{Source.BranchName}"}])
    settings = {"ProjectName": name, "EnvironmentVariables": what}
    build = action("Build", "CodeBuild", "Make", settings, reads=["src"], writes=["built", "values"], namespace="Made")
    overrides = {"Text": {"Fn::GetParam": ["values", "values.json", "Key"]}}
    file = deploy(
        "File",
        "CREATE_UPDATE",
        f"{name}-file",
        role,
        TemplatePath="built::template.json",
        ParameterOverrides=json.dumps(overrides),
        reads=["built", "values"],
    )
    variable = deploy("Variable", "CREATE_UPDATE", f"{name}-v", role, ParameterOverrides='{"Text": "#{Made.MADE}"}')
    _succeeded(delivery, run([build], [file, variable], files={"buildspec.yml": SPEC}), name)
    assert _value(delivery, f"{name}-file") == "from a file"
    assert _value(delivery, f"{name}-v") == "made of main"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"ParameterOverrides": "{"}, "ParameterOverrides is no JSON"),
        ({"ParameterOverrides": '{"Text": "#{Nobody.Name}"}'}, "The variable #{Nobody.Name} cannot be resolved"),
        (
            {"ParameterOverrides": '{"Text": {"Fn::GetParam": ["src", "no.json", "a"]}}'},
            "File [no.json] does not exist",
        ),
        ({"TemplatePath": "other::template.json"}, "an input artifact of the action"),
        ({"TemplateConfiguration": "src::template.json"}, "unknown key Resources"),
        ({"ActionMode": "CREATE"}, "ActionMode CREATE is none of"),
        ({"ParameterOverrides": '{"Nobody": "x"}'}, "Nobody"),
    ],
)
def test_a_wrong_configuration_is_told_by_the_action(
    delivery: Delivery, run: Run, role: str, name: str, more: dict[str, str], told: str
) -> None:
    execution = run([deploy("Deploy", "CREATE_UPDATE", name, role, **more)])
    action_name, _, message = delivery.failure(execution, name)
    assert action_name == "Deploy"
    assert told in message


def test_a_template_longer_than_a_request_takes_is_deployed(delivery: Delivery, run: Run, role: str, name: str) -> None:
    long = {**TOPIC, "Metadata": {"Text": "x" * 60_000}}
    execution = run([deploy("Deploy", "CREATE_UPDATE", name, role)], files={"template.json": json.dumps(long)})
    _succeeded(delivery, execution, name)
    assert _value(delivery, name) == "none"


def test_an_action_of_another_provider_is_refused_by_name(delivery: Delivery, run: Run, name: str) -> None:
    other = action("Invoke", "Lambda", "Call", {"FunctionName": "f"})
    _, code, message = delivery.failure(run([other]), name)
    assert (code, message) == ("NotImplemented", "The sandbox does not run actions of AWS Invoke Lambda")


def test_actions_of_one_run_order_run_side_by_side_and_the_others_end(
    delivery: Delivery, run: Run, role: str, name: str
) -> None:
    execution = run(
        [
            deploy("Good", "CREATE_UPDATE", name, role),
            deploy("Bad", "CREATE_UPDATE", f"{name}-bad", role, TemplatePath="src::nothing.json"),
            deploy("Later", "CREATE_UPDATE", f"{name}-later", role, runOrder=2),
        ]
    )
    assert delivery.failure(execution, name)[0] == "Bad"
    actions = delivery.actions(execution, name)
    assert actions["Good"]["status"] == "Succeeded"
    assert "Later" not in actions


def test_a_retry_of_failed_actions_keeps_those_that_went_well(
    delivery: Delivery, run: Run, role: str, name: str
) -> None:
    """The role of the stack that failed is let do more in between."""
    iam = delivery.aws("tools", "iam")
    document = trust(Service="cloudformation.amazonaws.com")
    weak = iam.create_role(RoleName=f"{name}-weak", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    execution = run(
        [deploy("Good", "CREATE_UPDATE", name, role), deploy("Bad", "REPLACE_ON_FAILURE", f"{name}-bad", weak)]
    )
    assert delivery.failure(execution, name)[0] == "Bad"
    good = delivery.actions(execution, name)["Good"]["actionExecutionId"]
    iam.put_role_policy(RoleName=f"{name}-weak", PolicyName="all", PolicyDocument=allow("*"))
    delivery.aws("tools", "codepipeline").retry_stage_execution(
        pipelineName=name, stageName="Stage1", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    actions = _succeeded(delivery, execution, name)
    assert actions["Good"]["actionExecutionId"] == good
    assert actions["Bad"]["status"] == "Succeeded"
