"""The AWS CLI, as people use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.cloudformation.conftest import REGION, Aws, broken, bucket, role, stack_of

CLI = Path(sys.executable).with_name("aws")


@pytest.fixture
def cli(aws: Aws, tmp_path: Path) -> Any:
    credentials = aws.sandbox.sign_ins["tools"].credentials
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token or "",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": aws.sandbox.server.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([CLI, *arguments], env=environment, capture_output=True, text=True, timeout=60)

    return run


def test_deploy_creates_does_nothing_updates_and_fails(aws: Aws, name: str, tmp_path: Path, cli: Any) -> None:
    file = tmp_path / "template.json"

    def deploy(template: dict[str, Any], *more: str) -> subprocess.CompletedProcess[str]:
        file.write_text(json.dumps(template))
        given = ("--stack-name", name, "--template-file", str(file), "--capabilities", "CAPABILITY_IAM")
        done: subprocess.CompletedProcess[str] = cli("cloudformation", "deploy", *given, *more)
        return done

    template = stack_of(Role=role(Description={"Ref": "Words"}), Bucket=bucket()) | {
        "Parameters": {"Words": {"Type": "String", "Default": "none"}}
    }
    created = deploy(template, "--parameter-overrides", "Words=first", "--tags", "team=blue")
    assert created.returncode == 0, created.stderr
    assert f"Successfully created/updated stack - {name}" in created.stdout
    assert aws.stack(name)["Tags"] == [{"Key": "team", "Value": "blue"}]

    same = deploy(
        template, "--parameter-overrides", "Words=first", "--tags", "team=blue", "--no-fail-on-empty-changeset"
    )
    assert same.returncode == 0, same.stderr
    assert "No changes to deploy" in same.stdout

    # A parameter that the CLI does not give keeps its value.
    updated = deploy(template | {"Outputs": {"Name": {"Value": {"Ref": "Bucket"}}}}, "--tags", "team=red")
    assert updated.returncode == 0, updated.stderr
    assert aws.client("iam").get_role(RoleName=aws.resources(name)["Role"])["Role"]["Description"] == "first"
    assert aws.stack(name)["StackStatus"] == "UPDATE_COMPLETE"

    failed = deploy(stack_of(Role=role(), Bad=broken()))
    assert failed.returncode == 255
    assert "Failed to create/update the stack" in failed.stderr
    assert aws.stack(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_template_too_large_for_the_request_goes_through_a_bucket(
    aws: Aws, name: str, tmp_path: Path, cli: Any
) -> None:
    place = f"{name}-templates"
    aws.client("s3").create_bucket(Bucket=place, CreateBucketConfiguration={"LocationConstraint": REGION})
    file = tmp_path / "template.json"
    file.write_text(json.dumps(stack_of(Bucket=bucket()) | {"Metadata": {"Padding": "x" * 60_000}}))
    done = cli("cloudformation", "deploy", "--stack-name", name, "--template-file", str(file), "--s3-bucket", place)

    assert done.returncode == 0, done.stderr
    assert aws.stack(name)["StackStatus"] == "CREATE_COMPLETE"


def test_events_and_waiters_of_the_cli(name: str, tmp_path: Path, cli: Any) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(
        "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: !Sub '${AWS::StackName}-b'}\n"
    )
    assert (
        cli("cloudformation", "create-stack", "--stack-name", name, "--template-body", f"file://{file}").returncode == 0
    )
    assert cli("cloudformation", "wait", "stack-create-complete", "--stack-name", name).returncode == 0
    shown = cli("cloudformation", "describe-stack-events", "--stack-name", name, "--output", "json")
    events = json.loads(shown.stdout)["StackEvents"]
    assert [event["ResourceStatus"] for event in events][:2] == ["CREATE_COMPLETE", "CREATE_COMPLETE"]
    assert cli("cloudformation", "delete-stack", "--stack-name", name).returncode == 0
    assert cli("cloudformation", "wait", "stack-delete-complete", "--stack-name", name).returncode == 0
