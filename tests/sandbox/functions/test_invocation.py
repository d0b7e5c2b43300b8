"""Functions that run: what they see, what they answer, how they fail, what their log says."""

from __future__ import annotations

import base64
import io
import json
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.forked import not_forking
from tests.sandbox.conftest import REGION, Accounts, allow, attached, error, trust

LOGS = allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")


def zipped(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name, content in files.items():
            package.writestr(f"{name}.py", content)
    return made.getvalue()


@dataclass(frozen=True)
class Answer:
    """``payload`` parsed, ``failed`` the FunctionError, ``log`` the tail."""

    payload: Any
    failed: str | None
    log: str


@dataclass(frozen=True)
class Functions:
    """The dev account's functions; ``role`` may write logs."""

    client: Any
    role: str
    name: str

    def make(self, code: str, name: str | None = None, **given: Any) -> str:
        given = {"Runtime": "python3.12", "Handler": "app.handler", "Role": self.role, **given}
        given.setdefault("Code", {"ZipFile": zipped(app=code)})
        self.client.create_function(FunctionName=name or self.name, **given)
        return name or self.name

    def invoke(self, event: Any = None, **given: Any) -> Answer:
        given = {"FunctionName": self.name, "LogType": "Tail", **given}
        answer = self.client.invoke(Payload=json.dumps(event), **given)
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        return Answer(json.loads(answer["Payload"].read()), answer.get("FunctionError"), log)


def runner(accounts: Accounts) -> str:
    """A role of the dev account for functions that write logs; its ARN."""
    iam = accounts.client("dev", "iam")
    made = iam.create_role(RoleName="runner", AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com"))
    iam.put_role_policy(RoleName="runner", PolicyName="logs", PolicyDocument=LOGS)
    return str(made["Role"]["Arn"])


@pytest.fixture(scope="module")
def role(accounts: Accounts) -> str:
    return runner(accounts)


@pytest.fixture
def functions(accounts: Accounts, role: str, name: str) -> Functions:
    return Functions(accounts.client("dev", "lambda"), role, name)


def messages(accounts: Accounts, group: str) -> list[str]:
    found = accounts.client("dev", "logs").filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in found]


def test_it_gets_event_and_context_and_acts_as_its_role(functions: Functions, role: str) -> None:
    functions.make(
        "import boto3, os\n"
        "def handler(event, context):\n"
        "    who = boto3.client('sts').get_caller_identity()['Arn']\n"
        "    left = context.get_remaining_time_in_millis()\n"
        "    return [event, who, context.function_name, os.environ['MINE'], 0 < left <= 10000]\n",
        Environment={"Variables": {"MINE": "yes"}},
        Timeout=10,
    )
    answer = functions.invoke({"a": 1})
    session = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + f"/{functions.name}"
    assert (answer.payload, answer.failed) == ([{"a": 1}, session, functions.name, "yes", True], None)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="shows other processes' environment")
def test_it_sees_no_variable_of_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "of the person")
    with not_forking(), attached(tmp_path) as accounts:
        functions = Functions(accounts.client("dev", "lambda"), runner(accounts), "curious")
        functions.make(
            "import os\n"
            "def handler(event, context):\n"
            "    with open(f'/proc/{os.getppid()}/environ') as file:\n"
            "        above = sorted(part.split('=')[0] for part in file.read().split('\\0') if '=' in part)\n"
            "    return [sorted(os.environ), above]\n"
        )
        seen, above = functions.invoke().payload
    prefixes = ("AWS_", "LAMBDA_", "_HANDLER")
    assert {name for name in seen if not name.startswith(prefixes)} <= {
        "HOME", "LANG", "LC_CTYPE", "NO_PROXY", "PATH", "TMPDIR", "TZ"
    }  # fmt: skip
    assert "PATH" in above
    assert not [name for name in above if "SECRET" in name or "TOKEN" in name or name.startswith("AWS_")]


def test_it_has_the_packages_of_the_runtime_and_no_others(functions: Functions) -> None:
    functions.make("import yaml\ndef handler(event, context): pass")
    answer = functions.invoke()
    assert answer.failed == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ImportModuleError"
    assert answer.payload["errorMessage"] == "Unable to import module 'app': No module named 'yaml'"


def test_it_reaches_this_machine_only(functions: Functions) -> None:
    functions.make(
        "import socket\ndef handler(event, context):\n    socket.create_connection(('192.0.2.1', 80), timeout=1)\n"
    )
    assert functions.invoke().payload["errorType"] == "NotLoopbackError"


def test_an_exception_is_told_with_its_trace(functions: Functions) -> None:
    functions.make("def handler(event, context):\n    deeper()\ndef deeper():\n    raise ValueError('so')\n")
    answer = functions.invoke()
    assert answer.failed == "Unhandled"
    assert (answer.payload["errorType"], answer.payload["errorMessage"]) == ("ValueError", "so")
    assert answer.payload["stackTrace"][0] == '  File "/var/task/app.py", line 2, in handler\n    deeper()\n'
    assert "[ERROR] ValueError: so\nTraceback (most recent call last):\n" in answer.log


@pytest.mark.parametrize(
    ("code", "handler", "kind", "message"),
    [
        ("handler = 1 +", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("", "app", "Runtime.MalformedHandlerName", "Bad handler 'app'"),
        ("", "other.handler", "Runtime.ImportModuleError", "Unable to import module 'other': No module named 'other'"),
        ("def handler(e, c): return {1}", "app.handler", "Runtime.MarshalError", "Unable to marshal response"),
        ("import sys\ndef handler(e, c): sys.exit(3)", "app.handler", "Runtime.ExitError", "exit status 3"),
        ("import os\ndef handler(e, c): os.abort()", "app.handler", "Runtime.ExitError", "signal: SIGABRT"),
        ("def handler(e, c): return 'x' * 7_000_000", "app.handler", "Function.ResponseSizeTooLarge", "6291556"),
    ],
)
def test_what_cannot_run_says_why(functions: Functions, code: str, handler: str, kind: str, message: str) -> None:
    functions.make(code, Handler=handler)
    answer = functions.invoke()
    assert (answer.failed, answer.payload["errorType"]) == ("Unhandled", kind)
    assert message in answer.payload["errorMessage"]


def test_a_function_that_hangs_ends_at_its_limit(functions: Functions) -> None:
    functions.make(
        "import subprocess, time\ndef handler(event, context):\n"
        "    print('began'); subprocess.Popen(['sleep', '60']); time.sleep(60)\n",
        Timeout=1,
    )
    began = time.monotonic()
    answer = functions.invoke()
    assert time.monotonic() - began < 40
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert answer.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "began\n" in answer.log
    assert answer.log.endswith("Status: timeout")


def test_its_output_is_in_its_log(functions: Functions, accounts: Accounts) -> None:
    functions.make(
        "import logging\ndef handler(event, context):\n"
        "    print('plain'); logging.warning('careful'); logging.info('not shown')\n"
    )
    functions.invoke()
    told = messages(accounts, f"/aws/lambda/{functions.name}")
    assert told[0].startswith("START RequestId: ")
    assert told[0].endswith(" Version: $LATEST")
    assert told[1] == "plain"
    assert told[2].startswith("[WARNING]\t")
    assert told[2].endswith("\tcareful")
    assert told[3].startswith("END RequestId: ")
    assert told[4].startswith("REPORT RequestId: ")


def test_a_role_that_may_not_write_has_no_log(functions: Functions, accounts: Accounts) -> None:
    iam = accounts.client("dev", "iam")
    given = {"RoleName": functions.name, "AssumeRolePolicyDocument": trust(Service="lambda.amazonaws.com")}
    functions.make("def handler(event, context): return 1", Role=iam.create_role(**given)["Role"]["Arn"])
    assert functions.invoke().payload == 1
    groups = accounts.client("dev", "logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{functions.name}")
    assert groups["logGroups"] == []


def test_an_event_is_accepted_and_runs_by_itself(functions: Functions, accounts: Accounts) -> None:
    functions.make("def handler(event, context): print('got', event['n'])")
    answer = functions.client.invoke(FunctionName=functions.name, InvocationType="Event", Payload=b'{"n": 5}')
    assert answer["StatusCode"] == 202
    until = time.monotonic() + 60
    while not _there(lambda: messages(accounts, f"/aws/lambda/{functions.name}")):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert "got 5" in messages(accounts, f"/aws/lambda/{functions.name}")


def _there(look: Callable[[], list[str]]) -> bool:
    try:
        return len(look()) > 2
    except Exception as error:
        if "ResourceNotFound" not in str(error):
            raise
        return False


def test_versions_keep_their_code(functions: Functions) -> None:
    functions.make("def handler(event, context): return 'old'")
    assert functions.client.publish_version(FunctionName=functions.name)["Version"] == "1"
    code = zipped(app="def handler(event, context): return 'new'")
    functions.client.update_function_code(FunctionName=functions.name, ZipFile=code)
    assert functions.invoke().payload == "new"
    assert functions.invoke(Qualifier="1").payload == "old"


def test_what_the_sandbox_does_not_run_is_named(functions: Functions) -> None:
    functions.make("", Runtime="nodejs22.x", Handler="index.handler")
    code, message = error(functions.invoke)
    assert (code, "nodejs22.x" in message) == ("NotImplemented", True)


def test_an_event_that_is_no_json_is_refused(functions: Functions) -> None:
    functions.make("def handler(event, context): return event")
    call = functions.client.invoke
    assert error(lambda: call(FunctionName=functions.name, Payload=b"{"))[0] == "InvalidRequestContentException"
    assert json.loads(call(FunctionName=functions.name)["Payload"].read()) == {}


class TestCode:
    def test_it_is_read_with_the_callers_rights(self, functions: Functions, accounts: Accounts) -> None:
        s3, bucket = accounts.client("tools", "s3"), f"{functions.name}-code"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=bucket, Key="app.zip", Body=zipped(app="def handler(e, c): return 'from s3'"))
        code = {"S3Bucket": bucket, "S3Key": "app.zip"}
        assert error(lambda: functions.make("", Code=code))[0] == "AccessDeniedException"
        statement = {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject"}
        statement["Resource"] = f"arn:aws:s3:::{bucket}/*"
        document = {"Version": "2012-10-17", "Statement": [statement]}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
        functions.make("", Code=code)
        assert functions.invoke().payload == "from s3"

    def test_it_has_to_be_there_and_a_zip_file(self, functions: Functions, accounts: Accounts) -> None:
        s3, bucket = accounts.client("dev", "s3"), f"{functions.name}-code"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        code, message = error(lambda: functions.make("", Code={"S3Bucket": bucket, "S3Key": "none.zip"}))
        assert (code, "NoSuchKey" in message) == ("InvalidParameterValueException", True)
        code, message = error(lambda: functions.make("", Code={"ZipFile": b"no zip"}))
        assert (code, "Could not unzip" in message) == ("InvalidParameterValueException", True)


def test_names_that_lambda_keeps_for_itself_are_no_variables(functions: Functions) -> None:
    variables = {"Variables": {"AWS_REGION": "here"}}
    code, message = error(lambda: functions.make("", Environment=variables))
    assert (code, message.endswith("AWS_REGION")) == ("InvalidParameterValueException", True)


def test_a_running_function_ends_with_its_sandbox(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with attached(tmp_path) as accounts:
        role = accounts.client("dev", "iam").create_role(
            RoleName="runner", AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com")
        )
        functions = Functions(accounts.client("dev", "lambda"), role["Role"]["Arn"], "hangs")
        functions.make(
            "import os, time\ndef handler(event, context):\n"
            "    with open(event + '.new', 'w') as file: file.write(str(os.getpid()))\n"
            "    os.rename(event + '.new', event)\n"
            "    time.sleep(60)\n",
            Timeout=60,
        )
        functions.client.invoke(FunctionName="hangs", InvocationType="Event", Payload=json.dumps(str(told)))
        _until(told.exists)
    _until(lambda: not _alive(int(told.read_text())))


def _until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    # A process that ended and that nobody has asked for yet counts as gone.
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
