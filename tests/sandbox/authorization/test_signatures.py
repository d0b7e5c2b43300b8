"""A request has to be signed with the secret of the key that it names."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.sandbox.authorization.conftest import PLACE
from tests.sandbox.conftest import Accounts, attached, error

CALLS = {
    "sts": ("get_caller_identity", "SignatureDoesNotMatch"),
    "iam": ("list_roles", "SignatureDoesNotMatch"),
    "cloudformation": ("list_stacks", "SignatureDoesNotMatch"),
    "kms": ("list_keys", "InvalidSignatureException"),
    "codepipeline": ("list_pipelines", "InvalidSignatureException"),
    "lambda": ("list_functions", "InvalidSignatureException"),
    "s3": ("list_buckets", "SignatureDoesNotMatch"),
    "ec2": ("describe_regions", "AuthFailure"),
}


@pytest.mark.parametrize("service", list(CALLS))
def test_a_wrong_secret_is_refused_as_each_service_does(accounts: Accounts, service: str) -> None:
    call, code = CALLS[service]
    given = {**accounts.credentials("tools"), "SecretAccessKey": "x" * 40}
    told = error(getattr(accounts.with_credentials(given, service), call))
    assert told[0] == code


def test_the_message_is_awss(accounts: Accounts) -> None:
    given = {**accounts.credentials("tools"), "SecretAccessKey": "x" * 40}
    assert error(accounts.with_credentials(given, "kms").list_keys)[1].startswith(
        "The request signature we calculated does not match the signature you provided."
    )


def _signed(accounts: Accounts, url: str, body: bytes = b"", **headers: str) -> urllib.request.Request:
    given = accounts.credentials("tools")
    asked = AWSRequest("POST", url, data=body, headers=headers)
    keys = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    SigV4Auth(keys, "iam", "us-east-1").add_auth(asked)
    return urllib.request.Request(url, data=body, headers=dict(asked.headers.items()), method="POST")


def _status(request: urllib.request.Request | str) -> int:
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return int(refused.code)


def test_nothing_that_was_signed_can_be_changed(accounts: Accounts) -> None:
    url = f"{accounts.running.endpoint}/"
    body = b"Action=ListUsers&Version=2010-05-08"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert _status(_signed(accounts, url, body, **form)) == 200
    changed = _signed(accounts, url, body, **form)
    changed.data = b"Action=ListRoles&Version=2010-05-08"
    assert _status(changed) == 403
    longer = _signed(accounts, url, body, **form)
    longer.full_url = f"{url}?MaxItems=1"
    assert _status(longer) == 403
    later = _signed(accounts, url, body, **form)
    later.add_header("X-amz-date", datetime(2020, 1, 1, tzinfo=UTC).strftime("%Y%m%dT%H%M%SZ"))
    assert _status(later) == 403


@pytest.fixture(scope="module")
def stored(accounts: Accounts) -> str:
    """A bucket with an object whose key has to be encoded."""
    s3 = accounts.client("tools", "s3")
    s3.create_bucket(Bucket="signed", **PLACE)
    s3.put_object(Bucket="signed", Key="a b/c+d é", Body=b"1")
    return "a b/c+d é"


def _presigning(accounts: Accounts, version: str) -> Any:
    given = accounts.credentials("tools")
    return botocore.session.Session(session_vars={"profile": (None, None, None, None)}).create_client(
        "s3",
        region_name="eu-west-1",
        endpoint_url=accounts.running.endpoint,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        config=Config(signature_version=version, proxies={}),
    )


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls_of_both_versions_work_and_cannot_be_changed(
    accounts: Accounts, stored: str, version: str
) -> None:
    s3 = _presigning(accounts, version)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": stored})
    assert _status(url) == 200
    assert _status(url.replace("c%2Bd", "other")) == 403
    assert _status(url.replace("Signature=", "Signature=0")) == 403


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls_expire(tmp_path: Path, version: str) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    with attached(tmp_path, clock_file=clock) as own:
        s3 = _presigning(own, version)
        s3.create_bucket(Bucket="b-1", **PLACE)
        s3.put_object(Bucket="b-1", Key="k", Body=b"1")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "b-1", "Key": "k"}, ExpiresIn=60)
        assert _status(url) == 200
        clock.write_text("61")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url)
        assert refused.value.code == 403
        assert b"Request has expired" in refused.value.read()


def test_without_enforcement_neither_signatures_nor_policies_count(tmp_path: Path) -> None:
    with attached(tmp_path, enforce=False) as open_to_all:
        given = {**open_to_all.credentials("tools"), "SecretAccessKey": "x" * 40}
        iam = open_to_all.with_credentials(given, "iam")
        iam.create_user(UserName="nobody")
        key = iam.create_access_key(UserName="nobody")["AccessKey"]
        open_to_all.with_credentials(key, "iam").list_users()
