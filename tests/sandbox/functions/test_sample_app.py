"""The sample app in a set-up that ``up`` made: packaged by the AWS CLI, deployed with the execution role, invoked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crosslane.config.load import load_config
from crosslane.desired import names
from tests.end_to_end.place import CONFIG, ROOT, Place, Result, environment, place_in, run_here
from tests.sandbox.cloudformation.conftest import wait_for
from tests.sandbox.conftest import trust
from tests.sandbox.functions.test_invocation import zipped

APP = ROOT / "examples" / "sample-lambda" / "app"
CLI = Path(sys.executable).with_name("aws")
STACK = "sample-lambda-test-stack"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_in(tmp_path_factory.mktemp("app")) as found:
        found.up()
        let_the_administrator_upload(found)
        yield found


def outputs_of(place: Place, account: str, stack: str) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in place.stack(account, stack).get("Outputs", [])}


def let_the_administrator_upload(place: Place) -> None:
    """The build's role alone may use the key; here the tools account's administrator stands for it."""
    kms, key = place.aws("tools", "kms"), outputs_of(place, "tools", "pre-reqs")["CMK"]
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    who = place.aws("tools", "sts").get_caller_identity()["Arn"]
    statement = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "kms:GenerateDataKey"}
    statement |= {"Resource": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": role_of(who)}}}
    policy["Statement"].append(statement)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))


def role_of(session: str) -> str:
    name = session.split("/")[1]
    return f"arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/eu-west-1/{name}"


def packaged(place: Place, version: str) -> str:
    """The app's template after the commands of its buildspec, for a commit."""
    app = place.folder / f"app-{version}"
    shutil.copytree(APP, app)
    (app / "src" / "version.txt").write_text(f"{version}\n")
    outputs = outputs_of(place, "tools", "pre-reqs")
    config = load_config(place.config)
    given = {
        "AWS_ENDPOINT_URL": place.running.endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": str(place.running.credentials_file),
        "AWS_CONFIG_FILE": str(place.running.config_file),
        "PATH": os.environ["PATH"],
        "HOME": str(place.folder),
    }
    command = [str(CLI), "cloudformation", "package", "--profile", "tools", "--template-file", "template.yaml"]
    command += ["--s3-bucket", outputs["ArtifactBucket"], "--s3-prefix", names.package_folder(config)]
    command += ["--kms-key-id", outputs["CMK"], "--output-template-file", "packaged.yml"]
    done = subprocess.run(command, cwd=app, env=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return (app / "packaged.yml").read_text()


def deploy(place: Place, template: str, kind: str) -> dict[str, Any]:
    """A change set made and executed with the execution role, as the pipeline does it."""
    config = load_config(place.config)
    cfn = place.aws("test", "cloudformation")
    role = f"arn:aws:iam::333333333333:role/{names.names_of(config).execution_role}"
    made = cfn.create_change_set(
        StackName=STACK,
        ChangeSetName="deploy",
        ChangeSetType=kind,
        TemplateBody=template,
        RoleARN=role,
        Capabilities=CAPABILITIES,
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "test"}],
    )
    found = cfn.describe_change_set(ChangeSetName=made["Id"])
    assert found["Status"] == "CREATE_COMPLETE", found.get("StatusReason")
    cfn.execute_change_set(ChangeSetName=made["Id"])
    return settled(place)


def settled(place: Place, name: str = STACK) -> dict[str, Any]:
    found: dict[str, Any] = wait_for(
        lambda: place.stack("test", name), lambda stack: not stack["StackStatus"].endswith("_IN_PROGRESS"), 30
    )
    return found


def invoke(place: Place, *arguments: str) -> Result:
    with environment(place.folder):
        return run_here("sandbox", "invoke", *arguments, "--config", str(place.config))


def reasons(place: Place, stack: str = STACK) -> list[str]:
    events = place.aws("test", "cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    told = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"].endswith("FAILED")]
    print(*told, sep="\n")
    return told


def get(place: Place, path: str) -> tuple[int, Any]:
    resources = place.aws("test", "cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    api = next(one["PhysicalResourceId"] for one in resources if one["LogicalResourceId"] == "Api")
    try:
        with urllib.request.urlopen(f"{place.running.endpoint}/_api/{api}{path}") as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_it_is_deployed_answers_is_deployed_anew_and_removed(place: Place) -> None:
    stack = deploy(place, packaged(place, "1111aaaa"), "CREATE")
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(place)
    outputs = outputs_of(place, "test", STACK)
    assert outputs["FunctionName"].startswith(f"{STACK}-Function-")
    assert outputs["Url"].endswith(".execute-api.eu-west-1.amazonaws.com/")

    for asked in (outputs["FunctionName"], "Function", "FunctionName"):
        result = invoke(place, asked, "--payload", '{"rawPath": "/"}')
        assert result.code == 0, result.err
        answer = json.loads(json.loads(result.out)["body"])
        assert answer == {"stage": "test", "version": "1111aaaa"}
    assert get(place, "/") == (200, {"stage": "test", "version": "1111aaaa"})
    assert get(place, "/fahrenheit?celsius=21.5") == (200, {"celsius": 21.5, "fahrenheit": 70.7})
    assert get(place, "/fahrenheit?celsius=warm")[0] == 400
    assert get(place, "/celsius")[0] == 404

    assert deploy(place, packaged(place, "2222bbbb"), "UPDATE")["StackStatus"] == "UPDATE_COMPLETE", reasons(place)
    assert get(place, "/") == (200, {"stage": "test", "version": "2222bbbb"})

    before = place.stack("test", STACK)["StackId"]
    place.aws("test", "cloudformation").delete_stack(StackName=STACK)
    assert settled(place, before)["StackStatus"] == "DELETE_COMPLETE"
    assert place.aws("test", "lambda").list_functions()["Functions"] == []
    assert place.aws("test", "apigatewayv2").get_apis()["Items"] == []
    assert place.aws("test", "cloudwatch").describe_alarms()["MetricAlarms"] == []
    left = place.listing()
    assert left["test log groups"] == []
    assert [name for name in left["test roles"] if name.startswith(STACK)] == []


RICHER = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String}
  Seconds: {Type: Number, Default: 5}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: until, Enabled: true}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      Tags: [{Key: seconds, Value: !Ref Seconds}]
  Function:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: |
        import boto3, os
        def handler(event, context):
            table = boto3.resource('dynamodb').Table(os.environ['TABLE'])
            table.put_item(Item={'id': 'a', 'count': 1})
            return str(table.get_item(Key={'id': 'a'})['Item']['count'])
      Handler: index.handler
      Runtime: python3.13
      AutoPublishAlias: live
      Timeout: !Ref Seconds
      Tags: {seconds: !Ref Seconds}
      ReservedConcurrentExecutions: !Ref Seconds
      Environment: {Variables: {TABLE: !Ref Table}}
      Policies: [DynamoDBCrudPolicy: {TableName: !Ref Table}]
"""


def test_a_richer_app_is_within_the_default_rights_of_the_execution_role(place: Place) -> None:
    assert deploy(place, RICHER, "CREATE")["StackStatus"] == "CREATE_COMPLETE", reasons(place)
    result = invoke(place, "Function", "--account", "test")
    assert (result.code, json.loads(result.out)) == (0, "1"), result.err
    changed = RICHER.replace("Default: 5", "Default: 7").replace("return str(", "return 'now ' + str(")
    assert deploy(place, changed, "UPDATE")["StackStatus"] == "UPDATE_COMPLETE", reasons(place)
    assert json.loads(invoke(place, "Function", "--account", "test").out) == "now 1"
    before = place.stack("test", STACK)["StackId"]
    place.aws("test", "cloudformation").delete_stack(StackName=STACK)
    assert settled(place, before)["StackStatus"] == "DELETE_COMPLETE", reasons(place, before)


def test_what_is_not_there_is_said(place: Place) -> None:
    result = invoke(place, "Nothing", "--account", "test")
    assert (result.code, "there is no function Nothing in test" in result.err) == (1, True)
    assert invoke(place, "Function", "--account", "nowhere").code == 2
    assert invoke(place, "Function", "--payload", "{").code == 2


FAILS = "import sys\ndef handler(event, context):\n    print('saw', event)\n    raise KeyError(event['which'])\n"


def make(place: Place, account: str, name: str) -> None:
    given = {"RoleName": f"{name}-role", "AssumeRolePolicyDocument": trust(Service="lambda.amazonaws.com")}
    role = place.aws(account, "iam").create_role(**given)["Role"]["Arn"]
    place.aws(account, "lambda").create_function(
        FunctionName=name, Role=role, Runtime="python3.12", Handler="app.handler", Code={"ZipFile": zipped(app=FAILS)}
    )


def test_a_function_that_fails_is_exit_code_1_with_its_error(place: Place) -> None:
    make(place, "dev", "fails")
    result = invoke(place, "fails", "--payload", '{"which": "x"}', "-v")
    assert (result.code, json.loads(result.out)["errorType"]) == (1, "KeyError")
    assert "saw {'which': 'x'}" in result.err
    document = invoke(place, "fails", "--payload", '{"which": "x"}', "--json").document
    assert (document["ok"], document["error"]["code"], document["account"]) == (False, "KeyError", "dev")
    assert document["payload"]["stackTrace"]


def test_a_name_that_several_accounts_have_needs_the_account(place: Place) -> None:
    for account in ("dev", "prod"):
        make(place, account, "twice")
    result = invoke(place, "twice")
    assert (result.code, "twice in dev, twice in prod" in result.err) == (2, True)
    assert invoke(place, "twice", "--account", "prod", "--payload", '{"which": "x"}').code == 1


def test_without_a_sandbox_it_says_what_to_do(tmp_path: Path) -> None:
    config = tmp_path / "crosslane.toml"
    config.write_text(CONFIG.format(region="eu-west-1"))
    with environment(tmp_path):
        result = run_here("sandbox", "invoke", "Function", "--config", str(config))
    assert (result.code, f"crosslane sandbox start --config {config} --detach" in result.err) == (1, True)
