"""What every request goes through, whatever service it is for."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.conftest import IDS, Accounts, allow, attached, code, error

UNKNOWN = {"AccessKeyId": "ASIAAAAAAAAAAAAAAAAA", "SecretAccessKey": "x", "SessionToken": "y"}
FIRST_CALLS = {
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "s3": "list_buckets",
    "kms": "list_keys",
    "logs": "describe_log_groups",
    "lambda": "list_functions",
    "ec2": "describe_vpcs",
    "cloudformation": "list_stacks",
    "codepipeline": "list_pipelines",
}


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("sts", "InvalidClientTokenId"),
        ("iam", "InvalidClientTokenId"),
        ("cloudformation", "InvalidClientTokenId"),
        ("s3", "InvalidAccessKeyId"),
        ("kms", "UnrecognizedClientException"),
        ("codepipeline", "UnrecognizedClientException"),
        ("lambda", "UnrecognizedClientException"),
        ("ec2", "AuthFailure"),
    ],
)
def test_an_unknown_access_key_is_refused_in_the_services_own_words(
    accounts: Accounts, service: str, expected: str
) -> None:
    client = accounts.with_credentials(UNKNOWN, service)
    assert code(getattr(client, FIRST_CALLS[service])) == expected


def test_temporary_credentials_do_not_work_without_or_with_another_session_token(accounts: Accounts) -> None:
    own = accounts.credentials("tools")
    without = {key: value for key, value in own.items() if key != "SessionToken"}
    other = {**own, "SessionToken": accounts.credentials("dev")["SessionToken"]}
    for wrong in (without, other):
        assert code(accounts.with_credentials(wrong, "sts").get_caller_identity) == "InvalidClientTokenId"


def test_an_operation_that_the_sandbox_lacks_is_refused_by_name_and_not_repeated(accounts: Accounts) -> None:
    iam = accounts.client("tools", "iam")
    told = error(lambda: iam.simulate_custom_policy(PolicyInputList=["{}"], ActionNames=["s3:GetObject"]))
    assert told == ("NotImplemented", "The sandbox does not support iam:SimulateCustomPolicy")


def test_a_service_that_the_sandbox_lacks_is_refused_by_name(accounts: Accounts) -> None:
    client = accounts.client("tools", "taxsettings")
    told = error(lambda: client.list_tax_registrations())
    assert told[0] == "NotImplemented"
    assert "taxsettings" in told[1] or "tax" in told[1]


@pytest.mark.parametrize(
    "path", ["/moto-api/", "/moto-api/reset", "/latest/meta-data/iam/security-credentials/", "/latest/api/token"]
)
def test_motos_own_doors_are_closed(accounts: Accounts, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(accounts.running.endpoint + path)
    assert refused.value.code == 404


def test_a_client_cannot_name_the_account_it_wants_to_be(accounts: Accounts) -> None:
    iam = accounts.client("dev", "iam")
    iam.meta.events.register(
        "before-sign.iam",
        lambda request, **_: request.headers.add_header("x-moto-account-id", "111111111111"),
        unique_id="pretend",
    )
    try:
        assert all(":222222222222:" in role["Arn"] for role in iam.list_roles()["Roles"])
    finally:
        iam.meta.events.unregister("before-sign.iam", unique_id="pretend")


def test_unsigned_requests_are_refused(accounts: Accounts) -> None:
    accounts.client("tools", "s3").create_bucket(
        Bucket="unsigned", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    for path in ("/", "/unsigned", "/unsigned/some-key", "/?Action=ListUsers&Version=2010-05-08"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(accounts.running.endpoint + path)
        assert refused.value.code in (400, 403)


def test_a_web_page_of_another_origin_is_not_let_in(accounts: Accounts) -> None:
    asked = urllib.request.Request(accounts.running.endpoint + "/", headers={"Origin": "https://example.com"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked)
    assert "access-control-allow-origin" not in {name.lower() for name in refused.value.headers}
    iam = accounts.client("tools", "iam")
    answered = iam.list_roles()["ResponseMetadata"]["HTTPHeaders"]
    assert not any(name.lower().startswith("access-control") for name in answered)


def test_only_loopback_is_listened_on(accounts: Accounts) -> None:
    port = urlsplit(accounts.running.endpoint).port
    others = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in others - {"127.0.0.1"}:
        if address.startswith("127."):
            continue
        with pytest.raises(OSError), socket.create_connection((address, port or 0), timeout=1):
            pass


def test_a_connection_serves_many_requests(accounts: Accounts) -> None:
    where = urlsplit(accounts.running.endpoint)
    connection = http.client.HTTPConnection(where.hostname or "", where.port)
    for _ in range(3):
        connection.request("GET", "/")
        first = connection.sock
        answer = connection.getresponse()
        assert answer.status == 403
        answer.read()
        assert connection.sock is first
    connection.close()


def test_nonsense_gets_a_client_error_and_the_server_lives_on(accounts: Accounts) -> None:
    where = urlsplit(accounts.running.endpoint)
    for nonsense in (b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
        with socket.create_connection((where.hostname or "", where.port or 0), timeout=5) as raw:
            raw.sendall(nonsense)
            answer = raw.recv(200)
            assert answer == b"" or b"400" in answer or b"505" in answer
    accounts.client("tools", "sts").get_caller_identity()


def test_a_body_that_is_no_json_is_the_clients_error(accounts: Accounts) -> None:
    kms = accounts.client("tools", "kms")

    def spoil(params: dict[str, Any], **_: Any) -> None:
        params["body"] = b"{"

    kms.meta.events.register("before-call.kms", spoil, unique_id="spoil")
    try:
        assert code(kms.list_keys) == "SerializationException"
    finally:
        kms.meta.events.unregister("before-call.kms", unique_id="spoil")


def test_many_clients_at_once_get_each_its_own_account(accounts: Accounts) -> None:
    seen: dict[str, set[str]] = {account: set() for account in ("tools", "dev", "test", "prod")}
    clients = {account: accounts.client(account, "sts") for account in seen}

    def ask(account: str) -> None:
        for _ in range(20):
            seen[account].add(clients[account].get_caller_identity()["Account"])

    threads = [threading.Thread(target=ask, args=(account,)) for account in seen for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {
        "tools": {"111111111111"},
        "dev": {"222222222222"},
        "test": {"333333333333"},
        "prod": {"444444444444"},
    }


def test_a_service_that_moto_lacks_is_refused_by_name(accounts: Accounts) -> None:
    told = error(lambda: accounts.client("tools", "codestar-connections").list_connections())
    assert told == ("NotImplemented", "The sandbox does not support codestar-connections:ListConnections")


def test_a_region_that_does_not_exist_is_named(accounts: Accounts) -> None:
    told = error(lambda: accounts.client("tools", "kms", "eu-west-9").list_keys())
    assert told == ("InvalidRegion", "There is no kms in eu-west-9")


def test_resources_of_another_account_are_not_reached_by_their_arn(accounts: Accounts, name: str) -> None:
    sns, iam = accounts.client("tools", "sns"), accounts.client("tools", "iam")
    topic = sns.create_topic(Name=name)["TopicArn"]
    policy = iam.create_policy(PolicyName=name, PolicyDocument=allow("s3:GetObject"))["Policy"]["Arn"]
    dev_sns, dev_iam = accounts.client("dev", "sns"), accounts.client("dev", "iam")
    for call in (dev_sns.get_topic_attributes, dev_sns.delete_topic, partial(dev_sns.publish, Message="x")):
        assert code(partial(call, TopicArn=topic)) == "AuthorizationError"
    assert code(partial(dev_iam.get_policy, PolicyArn=policy)) == "AccessDenied"
    assert code(partial(dev_iam.delete_policy, PolicyArn=policy)) == "AccessDenied"
    function = f"arn:aws:lambda:eu-west-1:111111111111:function:{name}"
    assert code(partial(accounts.client("dev", "lambda").invoke, FunctionName=function)) == "AccessDeniedException"
    assert topic in [one["TopicArn"] for one in sns.list_topics()["Topics"]]


@pytest.mark.parametrize("service", ["sts", "iam", "s3", "kms", "codepipeline", "cloudformation"])
def test_every_answer_has_a_request_id(accounts: Accounts, service: str) -> None:
    answer = getattr(accounts.client("tools", service), FIRST_CALLS[service])()
    assert len(answer["ResponseMetadata"]["RequestId"]) >= 16


def test_errors_of_json_services_carry_the_code_where_clients_look(accounts: Accounts) -> None:
    told = error(lambda: accounts.client("tools", "codepipeline").get_pipeline(name="none"))
    assert told[0] == "PipelineNotFoundException"
    assert json.dumps(told[1])


def test_the_first_requests_for_a_service_may_come_at_once(tmp_path: Path) -> None:
    with attached(tmp_path) as fresh:
        clients = [fresh.with_credentials(fresh.credentials(account), "cloudformation") for account in IDS]
        answered: list[int] = []

        def ask(client: Any) -> None:
            answered.append(len(client.list_stacks()["StackSummaries"]))

        threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answered == [0, 0, 0, 0]
