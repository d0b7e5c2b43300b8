"""The pytest plugin, in the runs of projects that have it."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

EXAMPLE = Path(__file__).parents[2] / "examples" / "testing-with-the-sandbox"
PLUGIN = "crosslane.sandbox.pytest_plugin"


@pytest.fixture(autouse=True)
def a_developers_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """With credentials, and with no plugins but those that a test names."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """The project's tests, in this process."""
    return pytester.runpytest_inprocess("-p", PLUGIN, "-p", "no:cacheprovider", *arguments)


def run_as_people_do(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """The project's tests, in a process of their own."""
    return pytester.runpytest_subprocess("-p", PLUGIN, "-p", "no:cacheprovider", *arguments)


def test_code_under_test_reaches_the_sandbox_and_each_test_finds_it_as_new(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os
        import boto3
        import pytest

        def save(name):
            boto3.client("s3").create_bucket(Bucket=name)

        @pytest.mark.parametrize("number", [1, 2])
        def test_save(aws, number):
            save("a-bucket")
            buckets = aws.client("main", "s3").list_buckets()["Buckets"]
            assert [one["Name"] for one in buckets] == ["a-bucket"]
            assert boto3.client("sts").get_caller_identity()["Account"] == "111111111111"
            assert "AWS_ACCESS_KEY_ID" not in os.environ and "AWS_ENDPOINT_URL_S3" not in os.environ
            assert len(aws.decisions(action="s3:CreateBucket")) == 1

        def test_without_it_the_environment_is_the_developers():
            assert os.environ["AWS_ACCESS_KEY_ID"] == "AKIAREALREALREALREAL"
            assert "AWS_ENDPOINT_URL" not in os.environ
        """
    )
    run(pytester).assert_outcomes(passed=3)


def test_settings_and_markers_say_what_it_is_like(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        """
        [pytest]
        crosslane_region = eu-central-1
        crosslane_accounts =
            tools = 333333333333
            live: 444444444444
        """
    )
    pytester.makepyfile(
        """
        import boto3
        import pytest
        from botocore.exceptions import ClientError

        DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}
        pytestmark = pytest.mark.aws(account="live")

        def who():
            return boto3.client("sts").get_caller_identity()["Account"]

        def test_settings(aws):
            assert dict(aws.accounts) == {"tools": "333333333333", "live": "444444444444"}
            assert aws.region == boto3.Session().region_name == "eu-central-1"
            assert who() == "444444444444"

        @pytest.mark.aws(account="tools")
        def test_the_nearest_marker_counts(aws):
            assert who() == "333333333333"

        @pytest.mark.aws(accounts={"one": "555555555555"}, region="us-west-2", account="one", enforce=False)
        def test_accounts_of_its_own(aws, aws_sandbox):
            assert (who(), aws.region, aws.enforce) == ("555555555555", "us-west-2", False)
            assert aws is not aws_sandbox and list(aws_sandbox.accounts) == ["tools", "live"]

        @pytest.mark.aws(scps=[DENY])
        def test_for_all(aws):
            for account in aws.accounts:
                with pytest.raises(ClientError, match="service control policy"):
                    aws.client(account, "sqs").list_queues()

        @pytest.mark.aws(scps={"tools": DENY})
        def test_for_one(aws, aws_sandbox):
            assert aws is aws_sandbox
            aws.client("live", "sqs").list_queues()
            with pytest.raises(ClientError, match="service control policy"):
                aws.client("tools", "sqs").list_queues()
        """
    )
    run(pytester, "--strict-markers", "--strict-config").assert_outcomes(passed=5)


def test_a_failed_test_shows_what_was_denied(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import json

        TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}

        def test_it(aws):
            trust = json.dumps({"Version": "2012-10-17", "Statement": TRUST})
            role = aws.client("main", "iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
            try:
                aws.as_role(role).client("s3").list_buckets()
            except Exception:
                pass
            assert False, "nothing arrived"
        """
    )
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Denied by the AWS sandbox*",
            "arn:aws:sts::111111111111:assumed-role/r/test s3:ListAllMyBuckets on arn:aws:s3:::*: implicitDeny: *",
        ]
    )


def test_a_test_that_cannot_be_prepared_shows_it_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}

        @pytest.fixture
        def bucket(aws):
            aws.client("main", "s3").create_bucket(Bucket="a-bucket")

        @pytest.mark.aws(scps=[DENY])
        def test_it(bucket):
            pass
        """
    )
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*Denied by the AWS sandbox*", "*s3:CreateBucket on arn:aws:s3:::a-bucket: explicit*"])


def test_a_test_that_ends_the_sandbox_does_not_end_the_others(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os
        import signal

        def test_stopped(aws):
            aws.stop()
            assert False

        def test_killed(aws):
            assert aws.client("main", "s3").list_buckets()["Buckets"] == []
            os.kill(aws._up.pid, signal.SIGKILL)

        def test_after(aws):
            assert aws.client("main", "s3").list_buckets()["Buckets"] == []
        """
    )
    run(pytester).assert_outcomes(failed=1, passed=2)


@pytest.mark.parametrize(
    ("setting", "marker", "told"),
    [
        ("crosslane_accounts = tools", "", "crosslane_accounts: 'tools' is not NAME = 12 DIGITS"),
        ("crosslane_accounts = tools = 12", "", "the id of account tools is not 12 digits"),
        ("", "@pytest.mark.aws(acounts={})", "the marker aws does not take acounts"),
        ("", "@pytest.mark.aws(account='prod')", "the marker aws names an account 'prod'"),
    ],
)
def test_mistakes_are_told_in_one_line(pytester: pytest.Pytester, setting: str, marker: str, told: str) -> None:
    pytester.makeini(f"[pytest]\n{setting}\n")
    pytester.makepyfile(f"import pytest\n\n{marker}\ndef test_it(aws):\n    pass\n")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{told}*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_each_worker_of_xdist_has_a_sandbox_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import time
        import boto3
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_it(aws, number, worker_id):
            boto3.client("s3").create_bucket(Bucket="the-same-name")
            time.sleep(0.1)
            assert len(boto3.client("s3").list_buckets()["Buckets"]) == 1
            with open("endpoints", "a") as file:
                print(worker_id, aws.endpoint, file=file)
        """
    )
    run_as_people_do(pytester, "-p", "xdist.plugin", "-n", "2", "--dist", "each").assert_outcomes(passed=12)
    told = {tuple(line.split()) for line in (pytester.path / "endpoints").read_text().splitlines()}
    assert len(told) == len({worker for worker, _ in told}) == len({endpoint for _, endpoint in told}) == 2


def test_started_early_it_is_there_for_clients_made_on_import(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ncrosslane_early = true\n")
    pytester.makepyfile(
        """
        import boto3
        import pytest

        s3 = boto3.client("s3")

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(aws, number):
            s3.create_bucket(Bucket="a-bucket")
            assert len(aws.client("main", "s3").list_buckets()["Buckets"]) == 1
        """
    )
    run(pytester).assert_outcomes(passed=2)


def test_a_project_that_does_not_use_it_pays_nothing() -> None:
    program = (
        "import sys, time, pytest; before = set(sys.modules); began = time.process_time()\n"
        f"import {PLUGIN}\n"
        "print(time.process_time() - began, *sorted(set(sys.modules) - before))"
    )
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout for _ in range(3)]
    loaded = set(runs[0].split()[1:])
    assert loaded == {"crosslane", "crosslane.sandbox", PLUGIN}
    assert min(float(one.split()[0]) for one in runs) < 0.005


def test_the_package_brings_the_plugin() -> None:
    (found,) = importlib.metadata.entry_points(group="pytest11", name="crosslane")
    assert found.value == PLUGIN


def test_nothing_is_left_after_the_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(aws):\n    print('FOLDER', aws._up.directory, aws._up.pid)\n")
    found = re.search(r"FOLDER (\S+) (\d+)", str(run_as_people_do(pytester, "-s").stdout))
    assert found is not None
    assert not Path(found[1]).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(found[2]), 0)


# -- the example -------------------------------------------------------------------------------------------------------


def test_the_example_passes(pytester: pytest.Pytester) -> None:
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    run_as_people_do(pytester).assert_outcomes(passed=6)


@pytest.mark.parametrize(
    ("had", "has", "failing"),
    [
        ('"Action": "s3:PutObject"', '"Action": "s3:PutObjectAcl"', 3),
        ('"Action": "s3:GetObject", "Resource"', '"Action": "s3:GetObjectTagging", "Resource"', 4),
        ("EXTERNAL_ID}},", "EXTERNAL_ID + 'x'}},", 5),
    ],
)
def test_the_examples_tests_fail_where_a_right_is_missing(
    pytester: pytest.Pytester, had: str, has: str, failing: int
) -> None:
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    policies = pytester.path / "policies.py"
    text = policies.read_text()
    assert text.count(had) == 1
    policies.write_text(text.replace(had, has))
    result = run(pytester)
    result.assert_outcomes(failed=failing, passed=6 - failing)
    result.stdout.fnmatch_lines(["*Denied by the AWS sandbox*"])


# -- the guide ---------------------------------------------------------------------------------------------------------


def blocks() -> list[str]:
    """The guide's blocks of Python."""
    text = (EXAMPLE.parents[1] / "docs" / "testing-with-the-sandbox.md").read_text()
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.M)
    return [textwrap.dedent(one) for one in found if "import " in one]


def test_what_the_guide_shows_for_pytest_passes(pytester: pytest.Pytester) -> None:
    (shown,) = [one for one in blocks() if "def test_" in one]
    pytester.makepyfile(shown)
    run(pytester).assert_outcomes(passed=2)


def test_what_the_guide_shows_without_pytest_works() -> None:
    (shown,) = [one for one in blocks() if "with Sandbox(" in one]
    subprocess.run([sys.executable, "-c", shown], check=True, timeout=60)
