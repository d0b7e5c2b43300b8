"""Builds that are started by themselves: environment, phases, limits."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from tests.end_to_end.place import place_in
from tests.forked import not_forking
from tests.sandbox.conftest import allow, error, trust
from tests.sandbox.pipeline.conftest import Delivery, wait

Build = Callable[..., dict[str, Any]]


@pytest.fixture
def role(delivery: Delivery, name: str) -> str:
    iam = delivery.aws("tools", "iam")
    document = trust(Service="codebuild.amazonaws.com")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=allow("logs:*", "ssm:GetParameter", "sts:*"))
    return str(made)


@pytest.fixture
def build(delivery: Delivery, role: str, name: str) -> Build:
    """Runs a buildspec to its end in a project of its own, with these phases."""
    codebuild = delivery.aws("tools", "codebuild")

    def run(phases: str, env: str = "", end: bool = True, **more: Any) -> dict[str, Any]:
        spec = f"version: 0.2\n{env}\nphases:\n{phases}"
        if name not in codebuild.list_projects()["projects"]:
            codebuild.create_project(
                name=name,
                source={"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {build: {commands: ['true']}}"},
                artifacts={"type": "NO_ARTIFACTS"},
                environment={
                    "type": "LINUX_CONTAINER",
                    "image": "aws/codebuild/standard:7.0",
                    "computeType": "BUILD_GENERAL1_SMALL",
                    "environmentVariables": [{"name": "FROM_PROJECT", "value": "p"}, {"name": "BOTH", "value": "p"}],
                },
                serviceRole=role,
            )
        started = codebuild.start_build(projectName=name, buildspecOverride=spec, **more)["build"]["id"]
        return ended(delivery, started) if end else {"id": started}

    return run


def ended(delivery: Delivery, build_id: str) -> dict[str, Any]:
    codebuild = delivery.aws("tools", "codebuild")

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = codebuild.batch_get_builds(ids=[build_id])["builds"][0]
        return found if found["buildComplete"] else None

    found: dict[str, Any] = wait(look)
    return found


def _statuses(build: dict[str, Any]) -> dict[str, str]:
    return {phase["phaseType"]: phase.get("phaseStatus", "") for phase in build["phases"]}


def _phase(name: str, *commands: str, more: str = "") -> str:
    listed = "".join(f"      - {command!r}\n" for command in commands)
    return f"  {name}:\n{more}    commands:\n{listed}"


def test_all_phases_run_in_order_and_are_told(delivery: Delivery, build: Build) -> None:
    phases = [_phase(name, f"echo in {name}") for name in ("post_build", "install", "build", "pre_build")]
    found = build("".join(phases))
    assert found["buildStatus"] == "SUCCEEDED"
    assert [phase["phaseType"] for phase in found["phases"]] == [
        "SUBMITTED",
        "QUEUED",
        "PROVISIONING",
        "DOWNLOAD_SOURCE",
        "INSTALL",
        "PRE_BUILD",
        "BUILD",
        "POST_BUILD",
        "UPLOAD_ARTIFACTS",
        "FINALIZING",
        "COMPLETED",
    ]
    said = re.findall(r"^in (\w+)$", delivery.log(found["id"]), re.MULTILINE)
    assert said == ["install", "pre_build", "build", "post_build"]


@pytest.mark.parametrize(
    ("phases", "expected", "said"),
    [
        (
            _phase("pre_build", "false", "echo no") + _phase("build", "echo no"),
            {"PRE_BUILD": "FAILED"},
            [],
        ),
        (
            _phase("build", "false") + _phase("post_build", "echo after $CODEBUILD_BUILD_SUCCEEDING"),
            {"BUILD": "FAILED", "POST_BUILD": "SUCCEEDED"},
            ["after 0"],
        ),
        (
            _phase("build", "false", more="    on-failure: ABORT\n") + _phase("post_build", "echo no"),
            {"BUILD": "FAILED"},
            [],
        ),
        (
            _phase("pre_build", "false", more="    on-failure: CONTINUE\n") + _phase("build", "echo on"),
            {"PRE_BUILD": "FAILED", "BUILD": "SUCCEEDED"},
            ["on"],
        ),
        (
            _phase("build", "false") + "    finally:\n      - echo finally\n",
            {"BUILD": "FAILED"},
            ["finally"],
        ),
    ],
    ids=["pre_build ends it", "post_build follows build", "abort", "continue", "finally"],
)
def test_a_failed_phase_ends_what_it_ends(
    delivery: Delivery, build: Build, phases: str, expected: dict[str, str], said: list[str]
) -> None:
    found = build(phases)
    assert found["buildStatus"] == "FAILED"
    statuses = _statuses(found)
    run = {name: status for name, status in statuses.items() if name in ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")}
    assert {name: status for name, status in run.items() if name in expected} == expected
    failed = next(phase for phase in found["phases"] if phase.get("phaseStatus") == "FAILED")
    assert failed["contexts"][0]["statusCode"] == "COMMAND_EXECUTION_ERROR"
    lines = [line for line in delivery.log(found["id"]).splitlines() if not line.startswith("[Container]")]
    assert [line for line in lines if line.strip()] == said


def test_a_build_sees_codebuilds_variables_its_role_and_nothing_of_this_machine(
    delivery: Delivery, build: Build, role: str
) -> None:
    found = build(
        _phase(
            "build",
            "env | sort",
            "aws sts get-caller-identity --query Arn --output text",
            "echo home=$(ls -a ~ | wc -l)",
        ),
        environmentVariablesOverride=[{"name": "BOTH", "value": "b"}],
    )
    assert found["buildStatus"] == "SUCCEEDED", delivery.log(found["id"])
    log = delivery.log(found["id"])
    variables = dict(line.split("=", 1) for line in log.splitlines() if re.match(r"\w+=", line))
    assert variables["CODEBUILD_BUILD_ID"] == found["id"]
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert variables["AWS_ENDPOINT_URL"] == delivery.place.running.endpoint
    assert (variables["FROM_PROJECT"], variables["BOTH"]) == ("p", "b")
    assert f":assumed-role/{role.rpartition('/')[2]}/AWSCodeBuild-{found['id'].rpartition(':')[2]}" in log
    assert str(delivery.place.running.directory) in variables["HOME"]
    assert variables["home"] == "2"
    ours = (
        "AWS_",
        "CODEBUILD_",
        "PIP_",
        "UV_",
        "npm_",
        "NPM_",
        "FROM_",
        "BOTH",
        "no_proxy",
        "NO_PROXY",
        "http",
        "HTTP",
    )
    others = {name for name in variables if not name.startswith(ours)}
    assert others <= {
        *("CI", "HOME", "TMPDIR", "PWD", "OLDPWD", "PATH", "SHLVL", "_", "LANG", "LC_ALL", "TZ", "home", "GOPROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    }


def test_secrets_of_who_starts_the_sandbox_stay_out_of_builds(tmp_path_factory: pytest.TempPathFactory) -> None:
    secrets = {"GITHUB_TOKEN": "s3cret-1", "DATABASE_PASSWORD": "s3cret-2", "SSH_AUTH_SOCK": "s3cret-3"}
    folder = tmp_path_factory.mktemp("secrets")
    with not_forking(), mock.patch.dict(os.environ, secrets), place_in(folder, enforce=False) as place:
        delivery = Delivery(place)
        iam = place.aws("tools", "iam")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(Service="codebuild.amazonaws.com"))
        codebuild = place.aws("tools", "codebuild")
        codebuild.create_project(
            name="project",
            source={"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {build: {commands: ['env | sort']}}"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=role["Role"]["Arn"],
        )
        found = ended(delivery, codebuild.start_build(projectName="project")["build"]["id"])
        log = delivery.log(found["id"])
    assert "CODEBUILD_BUILD_ID" in log
    assert "s3cret" not in log


def test_variables_come_from_the_parameter_store_with_the_roles_rights(
    delivery: Delivery, build: Build, name: str
) -> None:
    delivery.aws("tools", "ssm").put_parameter(Name=f"/{name}", Value="from the store", Type="String")
    env = f"env:\n  parameter-store:\n    STORED: /{name}\n  exported-variables: [STORED, MADE]"
    found = build(_phase("build", 'echo "it is $STORED"', "MADE=here"), env)
    assert "it is from the store" in delivery.log(found["id"])
    exported = {one["name"]: one["value"] for one in found["exportedEnvironmentVariables"]}
    assert exported == {"STORED": "from the store", "MADE": "here"}
    missing = build(_phase("build", "true"), "env:\n  parameter-store:\n    STORED: /nowhere")
    assert (missing["buildStatus"], _statuses(missing)["DOWNLOAD_SOURCE"]) == ("FAILED", "FAILED")


def test_a_build_that_hangs_times_out_and_one_that_is_stopped_stops(delivery: Delivery, build: Build) -> None:
    late = build(_phase("build", "sleep 600"), timeoutInMinutesOverride=5)
    assert (late["buildStatus"], _statuses(late)["BUILD"]) == ("TIMED_OUT", "TIMED_OUT")
    started = build(_phase("build", "echo began", "sleep 600"), end=False)["id"]
    wait(lambda: "Entering phase BUILD" in delivery.log(started))
    delivery.aws("tools", "codebuild").stop_build(id=started)
    assert ended(delivery, started)["buildStatus"] == "STOPPED"


def test_a_role_without_the_log_fails_before_anything_runs(delivery: Delivery, build: Build, name: str) -> None:
    build(_phase("build", "true"))
    delivery.aws("tools", "iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=allow("s3:*"))
    found = build(_phase("build", "true"))
    assert (found["buildStatus"], _statuses(found)["PROVISIONING"]) == ("FAILED", "FAILED")
    context = next(phase for phase in found["phases"] if phase["phaseType"] == "PROVISIONING")["contexts"][0]
    assert context["statusCode"] == "ACCESS_DENIED"
    assert "does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams" in context["message"]


def test_a_project_of_a_pipeline_is_not_started_by_hand(delivery: Delivery) -> None:
    codebuild = delivery.aws("tools", "codebuild")
    told = error(lambda: codebuild.start_build(projectName="sample-lambda"))
    assert told[0] == "InvalidInputException"
    told = error(lambda: codebuild.start_build(projectName="sample-lambda", imageOverride="x"))
    assert (told[0], "imageOverride" in told[1]) == ("NotImplemented", True)
    assert error(lambda: codebuild.start_build(projectName="nothing"))[0] == "ResourceNotFoundException"


def test_a_repository_is_built_by_itself(delivery: Delivery, role: str, name: str) -> None:
    codecommit, codebuild = delivery.aws("tools", "codecommit"), delivery.aws("tools", "codebuild")
    url = codecommit.create_repository(repositoryName=name)["repositoryMetadata"]["cloneUrlHttp"]
    spec = b"version: 0.2\nphases: {build: {commands: ['echo from $CODEBUILD_RESOLVED_SOURCE_VERSION']}}"
    commit = codecommit.put_file(repositoryName=name, branchName="main", fileContent=spec, filePath="buildspec.yml")
    iam = delivery.aws("tools", "iam")
    iam.put_role_policy(RoleName=name, PolicyName="git", PolicyDocument=allow("codecommit:Get*", "codecommit:GitPull"))
    codebuild.create_project(
        name=name,
        source={"type": "CODECOMMIT", "location": url},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=role,
    )
    found = ended(delivery, codebuild.start_build(projectName=name)["build"]["id"])
    assert found["buildStatus"] == "SUCCEEDED", found["phases"]
    assert f"from {commit['commitId']}" in delivery.log(found["id"])
    other = ended(delivery, codebuild.start_build(projectName=name, sourceVersion="nowhere")["build"]["id"])
    assert (other["buildStatus"], _statuses(other)["DOWNLOAD_SOURCE"]) == ("FAILED", "FAILED")
