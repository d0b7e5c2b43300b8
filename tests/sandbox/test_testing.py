"""The sandbox for tests of any project: accounts, principals to act as, what was decided, and setting it back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from crosslane.errors import EnvironmentFailure, UsageError
from crosslane.sandbox import Decision, Principal, Sandbox
from tests.sandbox.conftest import allow, error, trust

ACCOUNTS = {"tools": "111111111111", "prod": "222222222222"}
REGION = "eu-west-1"
PLACE = {"LocationConstraint": REGION}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(ACCOUNTS, region=REGION) as found:
        yield found


@pytest.fixture
def aws(running: Sandbox) -> Sandbox:
    running.reset()
    return running


def role(aws: Sandbox, account: str, trusted: dict[str, Any], *actions: str, name: str = "worker") -> str:
    """A role that may do the actions; its ARN."""
    iam = aws.client(account, "iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(**trusted))["Role"]["Arn"]
    if actions:
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=allow(*actions))
    return str(arn)


def buckets(client: Any) -> list[str]:
    return [one["Name"] for one in client.list_buckets()["Buckets"]]


def denied(call: Callable[[], Any]) -> str:
    """The message of a call that is denied."""
    code, message = error(call)
    assert code.startswith("AccessDenied")
    return message


# -- accounts and clients ----------------------------------------------------------------------------------------------


def test_each_account_has_an_administrator_of_its_own(aws: Sandbox) -> None:
    for name, digits in ACCOUNTS.items():
        assert aws.client(name, "sts").get_caller_identity()["Account"] == digits
        assert aws.administrator(name).account == digits
    aws.client("prod", "s3").create_bucket(Bucket="of-prod", CreateBucketConfiguration=PLACE)
    assert buckets(aws.client("prod", "s3")) == ["of-prod"]
    assert buckets(aws.client("tools", "s3")) == []


def test_sessions_of_boto3_and_botocore_reach_it_whatever_the_environment_says(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this")
    aws.session("prod").resource("s3").create_bucket(Bucket="made", CreateBucketConfiguration=PLACE)
    session: Any = aws.botocore_session("prod")
    assert buckets(session.create_client("s3")) == ["made"]
    assert session.create_client("sqs").meta.region_name == REGION
    assert aws.client("prod", "sqs", "us-east-2").meta.region_name == "us-east-2"


def test_a_role_acts_with_its_own_rights_whatever_its_trust_policy_says(aws: Sandbox) -> None:
    arn = role(aws, "prod", {"Service": "lambda.amazonaws.com"}, "s3:ListAllMyBuckets")
    worker = aws.as_role(arn, session_name="mine")
    assert worker.arn == "arn:aws:sts::222222222222:assumed-role/worker/mine"
    assert worker.client("sts").get_caller_identity()["Arn"] == worker.arn
    assert buckets(worker.client("s3")) == []
    assert "no identity-based policy allows" in denied(lambda: worker.client("sqs").list_queues())


def test_becoming_a_role_is_decided_by_its_trust_policy(aws: Sandbox) -> None:
    arn = role(aws, "prod", {"AWS": ACCOUNTS["tools"]}, "s3:ListAllMyBuckets")
    assert aws.as_role(arn, by="tools").account == ACCOUNTS["prod"]
    other = role(aws, "prod", {"Service": "lambda.amazonaws.com"}, name="other")
    assert "no role trust policy allows" in denied(lambda: aws.as_role(other, by="tools"))
    narrowed = aws.as_role(arn, by=aws.administrator("tools"), Policy=allow("sqs:ListQueues"))
    assert "no session policy allows" in denied(lambda: narrowed.client("s3").list_buckets())


def test_a_user_acts_with_its_own_rights(aws: Sandbox) -> None:
    iam = aws.client("tools", "iam")
    arn = iam.create_user(UserName="ci")["User"]["Arn"]
    iam.put_user_policy(UserName="ci", PolicyName="may", PolicyDocument=allow("s3:ListAllMyBuckets"))
    user = aws.as_user(arn)
    assert buckets(user.client("s3")) == []
    denied(lambda: user.client("sqs").list_queues())
    (denial,) = aws.denials()
    assert (denial.principal, denial.action, denial.layer) == (arn, "sqs:ListQueues", "identity")


def test_a_user_keeps_to_the_keys_that_aws_grants(aws: Sandbox) -> None:
    iam = aws.client("tools", "iam")
    arn = iam.create_user(UserName="ci")["User"]["Arn"]
    assert aws.as_user(arn) == aws.as_user(arn)
    keys = [
        iam.list_access_keys(UserName="ci")["AccessKeyMetadata"][0],
        iam.create_access_key(UserName="ci")["AccessKey"],
    ]
    for key in keys:
        iam.update_access_key(UserName="ci", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(UsageError, match="2 access keys, none of them active"):
        aws.as_user(arn)


@pytest.mark.parametrize("act", [Sandbox.as_role, Sandbox.as_user])
def test_nobody_acts_as_who_is_not_there(aws: Sandbox, act: Callable[[Sandbox, str], Principal]) -> None:
    with pytest.raises(UsageError, match="there is no arn:aws:iam::222222222222:role/ghost"):
        act(aws, "arn:aws:iam::222222222222:role/ghost")


def test_credentials_are_handed_out_to_nobody_else(aws: Sandbox) -> None:
    arn = role(aws, "prod", {"Service": "lambda.amazonaws.com"})
    guess = Sandbox(ACCOUNTS)
    guess._running = aws._running
    with pytest.raises(ValueError):
        guess.as_role(arn)


# -- processes and the environment -------------------------------------------------------------------------------------

WHO = "import botocore.session as b; print(b.get_session().create_client('sts').get_caller_identity()['Arn'])"


def test_a_subprocess_is_who_its_environment_says(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the developer")
    worker = aws.as_role(role(aws, "prod", {"AWS": ACCOUNTS["tools"]}))
    for who, environment in ((aws.administrator("tools"), aws.environment("tools")), (worker, worker.environment())):
        done = subprocess.run([sys.executable, "-c", WHO], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == who.arn, done.stderr
    assert "of the developer" not in worker.environment().values()


def test_code_with_clients_of_its_own_acts_as_who_it_is_told(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    monkeypatch.setenv("AWS_SESSION_TOKEN", "of the developer")
    monkeypatch.setenv("AWS_PROFILE", "real")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", "the developer's")
    before = dict(os.environ)
    worker = aws.as_role(role(aws, "prod", {"AWS": ACCOUNTS["tools"]}))
    with aws.acting_as("tools"):
        assert boto3.client("sts").get_caller_identity()["Account"] == ACCOUNTS["tools"]
        with aws.acting_as(worker):
            assert boto3.client("sts").get_caller_identity()["Arn"] == worker.arn
            own: Any = botocore.session.get_session().create_client("sts")
            assert own.get_caller_identity()["Arn"] == worker.arn
        profiled = boto3.Session(profile_name="prod").client("sts")
        assert profiled.get_caller_identity()["Account"] == ACCOUNTS["prod"]
    assert dict(os.environ) == before
    assert boto3.DEFAULT_SESSION == "the developer's"


# -- decisions ---------------------------------------------------------------------------------------------------------


def test_decisions_are_values_that_can_be_asked_for(aws: Sandbox) -> None:
    aws.client("prod", "s3").create_bucket(Bucket="data", CreateBucketConfiguration=PLACE)
    worker = aws.as_role(role(aws, "prod", {"AWS": ACCOUNTS["tools"]}, "s3:PutObject"))
    s3 = worker.client("s3")
    s3.put_object(Bucket="data", Key="a", Body=b"1")
    denied(lambda: s3.get_object(Bucket="data", Key="a"))
    put, get = aws.decisions(worker)
    assert (put.allowed, put.action, put.resource) == (True, "s3:PutObject", "arn:aws:s3:::data/a")
    assert put.policies == ("inline policy may of arn:aws:iam::222222222222:role/worker",)
    assert aws.denials() == (get,)
    assert isinstance(get, Decision)
    assert (get.operation, get.region, get.account) == ("s3.GetObject", REGION, ACCOUNTS["prod"])
    assert str(get).startswith(f"{worker.arn} s3:GetObject on arn:aws:s3:::data/a: implicitDeny: ")
    assert aws.decisions("arn:aws:iam::222222222222:role/worker", "s3:put*") == (put,)
    assert aws.audit[-1] == get


def test_control_policies_hold_for_their_account(aws: Sandbox) -> None:
    statement = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}
    aws.attach_scp({"Version": "2012-10-17", "Statement": [statement]}, "prod")
    assert "service control policy" in denied(lambda: aws.client("prod", "sqs").list_queues())
    aws.client("tools", "sqs").list_queues()
    (denial,) = aws.denials()
    assert denial.layer == "scp"
    aws.attach_scp(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    denied(lambda: aws.client("tools", "sqs").list_queues())


def test_resource_control_policies_hold_for_the_accounts_resources(aws: Sandbox) -> None:
    aws.client("prod", "s3").create_bucket(Bucket="kept", CreateBucketConfiguration=PLACE)
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}
    aws.attach_rcp({"Version": "2012-10-17", "Statement": [statement]}, "prod")
    put = aws.client("prod", "s3").put_object
    assert "resource control policy" in denied(lambda: put(Bucket="kept", Key="a", Body=b"1"))


def test_without_enforcement_nothing_is_decided() -> None:
    with Sandbox(enforce=False) as aws:
        worker = aws.as_role(role(aws, "main", {"Service": "lambda.amazonaws.com"}))
        assert buckets(worker.client("s3")) == []
        assert aws.audit == ()
        aws.reset()


# -- its life ----------------------------------------------------------------------------------------------------------


def test_setting_it_back_leaves_nothing_and_clients_go_on(aws: Sandbox) -> None:
    s3, endpoint = aws.client("prod", "s3"), aws.endpoint
    s3.create_bucket(Bucket="data", CreateBucketConfiguration=PLACE)
    worker = aws.as_role(role(aws, "prod", {"AWS": ACCOUNTS["tools"]}, "*"))
    old = worker.client("s3")
    assert buckets(old) == ["data"]
    aws.client("prod", "codecommit").create_repository(repositoryName="code")
    aws.reset()
    assert aws.audit == ()
    assert aws.endpoint == endpoint
    assert buckets(s3) == []
    assert aws.client("prod", "iam").list_roles(PathPrefix="/worker")["Roles"] == []
    assert error(lambda: old.list_buckets())[0] == "InvalidAccessKeyId"
    role(aws, "prod", {"AWS": ACCOUNTS["tools"]}, "*")
    assert error(lambda: old.list_buckets())[0] == "InvalidAccessKeyId"
    assert aws.client("prod", "codecommit").list_repositories()["repositories"] == []
    aws.client("prod", "codecommit").create_repository(repositoryName="code")


def test_setting_it_back_cuts_off_work_in_the_background(aws: Sandbox) -> None:
    resources = {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "late"}}}
    aws.client("prod", "cloudformation").create_stack(StackName="s", TemplateBody=json.dumps({"Resources": resources}))
    aws.reset()
    time.sleep(0.3)
    assert "QueueUrls" not in aws.client("prod", "sqs").list_queues()


def test_ids_are_not_those_of_the_state_before(aws: Sandbox) -> None:
    key = aws.client("prod", "kms").create_key()["KeyMetadata"]["KeyId"]
    aws.reset()
    assert aws.client("prod", "kms").create_key()["KeyMetadata"]["KeyId"] != key


def test_a_start_takes_seconds_at_most_and_a_reset_far_less(aws: Sandbox) -> None:
    began = time.perf_counter()
    with Sandbox(ACCOUNTS) as other:
        other.client("prod", "sts").get_caller_identity()
    assert time.perf_counter() - began < 15  # a second on an idle machine
    aws.client("prod", "sts").get_caller_identity()
    aws.reset()
    took = []
    for _ in range(5):
        began = time.perf_counter()
        aws.reset()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.2  # 10 ms on an idle machine


def test_it_goes_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from crosslane.sandbox import Sandbox\n"
        "with Sandbox() as aws:\n print(aws._up.directory, aws._up.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder, pid = process.stdout.readline().split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert Path(folder).is_dir()
        process.kill()
    for _ in range(500):
        if not Path(folder).exists() and not any(map(_alive, (pid, *children))):
            return
        time.sleep(0.02)
    pytest.fail("something is left")


def _alive(pid: str) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_one_whose_state_died_says_so() -> None:
    with Sandbox() as aws:
        pid = aws._up.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
        limit = time.monotonic() + 30
        while Path(f"/proc/{child}").exists() and time.monotonic() < limit:
            time.sleep(0.01)
        with pytest.raises(EnvironmentFailure, match="does not answer any more"):
            aws.reset()


def test_it_can_be_started_again_and_says_when_it_is_not_running() -> None:
    aws = Sandbox()
    with pytest.raises(UsageError, match="not running"):
        aws.client("main", "s3")
    for _ in range(2):
        with aws:
            assert aws.client("other", "sts").get_caller_identity()["Account"] == "222222222222"
            with pytest.raises(UsageError, match="running already"):
                aws.start()
    with pytest.raises(UsageError, match="not running"):
        _ = aws.audit


@pytest.mark.parametrize(
    ("accounts", "region", "told"),
    [
        ({}, REGION, "needs an account"),
        ({"a": "1234"}, REGION, "not 12 digits"),
        ({"a": 111111111111}, REGION, "not 12 digits in a string"),
        ({"a": "111111111111", "b": "111111111111"}, REGION, "same id"),
        ({"a b": "111111111111"}, REGION, "cannot be an account's name"),
        ({"organization-management": "111111111111"}, REGION, "cannot be an account's name"),
        (ACCOUNTS, "Ireland", "is not a region"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(accounts: Any, region: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Sandbox(accounts, region=region)


def test_an_unknown_account_is_told_with_those_there_are(aws: Sandbox) -> None:
    with pytest.raises(UsageError, match="no account staging in this sandbox, only tools, prod"):
        aws.client("staging", "s3")


def test_secrets_are_not_shown(aws: Sandbox) -> None:
    administrator = aws.administrator("prod")
    assert administrator.secret_access_key not in repr(administrator)
    assert administrator.secret_access_key not in repr(aws._up)
