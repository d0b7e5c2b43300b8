"""HTTP APIs on the sandbox's port: routes, events, answers, and who may ask."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from crosslane.sandbox.functions.http_api import find_route
from tests.sandbox.conftest import Accounts, trust
from tests.sandbox.functions.test_invocation import zipped

ROUTES = ["GET /", "ANY /a", "GET /a", "GET /a/{id}", "GET /a/b", "ANY /a/{rest+}", "POST /p/{proxy+}"]


@pytest.mark.parametrize(
    ("method", "path", "key", "variables"),
    [
        ("GET", "/", "GET /", {}),
        ("GET", "/a", "GET /a", {}),
        ("POST", "/a", "ANY /a", {}),
        ("GET", "/a/b", "GET /a/b", {}),
        ("GET", "/a/c", "GET /a/{id}", {"id": "c"}),
        ("PUT", "/a/c", "ANY /a/{rest+}", {"rest": "c"}),
        ("GET", "/a/b/c", "ANY /a/{rest+}", {"rest": "b/c"}),
        ("POST", "/p/x/y", "POST /p/{proxy+}", {"proxy": "x/y"}),
        ("POST", "/p", None, {}),
        ("GET", "/nothing", None, {}),
    ],
)
def test_the_most_specific_route_is_taken(method: str, path: str, key: str | None, variables: dict[str, str]) -> None:
    found = find_route([(route, "integrations/i") for route in ROUTES], method, path)
    assert (found and found.key) == key
    assert found is None or found.variables == variables


def test_the_default_route_takes_the_rest() -> None:
    routes = [("$default", "integrations/d"), ("ANY /{proxy+}", "integrations/p")]
    assert [route.key for route in (find_route(routes, "GET", path) for path in ("/", "/x")) if route] == [
        "$default",
        "ANY /{proxy+}",
    ]


ECHO = """\
import base64, json
def handler(event, context):
    path = event['rawPath']
    if path.endswith('/plain'):
        return {'said': 'plain'}
    if path.endswith('/fails'):
        raise ValueError
    if path.endswith('/binary'):
        body = base64.b64encode(b'\\x00\\x01').decode()
        return {'statusCode': 201, 'body': body, 'isBase64Encoded': True, 'cookies': ['a=1', 'b=2']}
    return {'statusCode': 200, 'headers': {'X-Mine': 'yes'}, 'body': json.dumps(event)}
"""


class Api:
    def __init__(self, accounts: Accounts, identifier: str) -> None:
        self._place = urlsplit(accounts.running.endpoint).netloc
        self.identifier = identifier

    def ask(
        self, path: str, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection(self._place, timeout=20)
        connection.request(method, f"/_api/{self.identifier}{path}", body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.fixture(scope="module")
def api(accounts: Accounts) -> Iterator[Api]:
    functions, apis = accounts.client("dev", "lambda"), accounts.client("dev", "apigatewayv2")
    iam = accounts.client("dev", "iam")
    role = iam.create_role(RoleName="echo", AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com"))["Role"]
    arn = functions.create_function(
        FunctionName="echo",
        Role=role["Arn"],
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": zipped(app=ECHO)},
    )["FunctionArn"]
    made = apis.create_api(Name="echo", ProtocolType="HTTP", Tags={})["ApiId"]
    target = apis.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for key in ("ANY /{proxy+}", "GET /closed"):
        apis.create_route(ApiId=made, RouteKey=key, Target=f"integrations/{target}")
    apis.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    apis.create_stage(ApiId=made, StageName="beta", AutoDeploy=True)
    source = f"arn:aws:execute-api:eu-west-1:222222222222:{made}/*/*/{{proxy+}}"
    functions.add_permission(
        FunctionName="echo",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=source,
    )
    yield Api(accounts, made)


def test_the_function_gets_the_request(api: Api) -> None:
    headers = {"Content-Type": "application/json", "Cookie": "a=1; b=2"}
    status, answered, body = api.ask("/one/two?q=1&q=2&r=x%20y", "POST", b'{"n": 1}', headers)
    event = json.loads(body)
    assert (status, answered["x-mine"]) == (200, "yes")
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "ANY /{proxy+}", "/one/two")
    assert event["queryStringParameters"] == {"q": "1,2", "r": "x y"}
    assert (event["pathParameters"], event["cookies"]) == ({"proxy": "one/two"}, ["a=1", "b=2"])
    assert (event["body"], event["isBase64Encoded"]) == ('{"n": 1}', False)
    assert event["requestContext"]["http"]["method"] == "POST"
    assert (event["requestContext"]["stage"], event["requestContext"]["accountId"]) == ("$default", "222222222222")


def test_a_stage_with_a_name_is_part_of_the_path(api: Api) -> None:
    event = json.loads(api.ask("/beta/one")[2])
    assert (event["requestContext"]["stage"], event["rawPath"]) == ("beta", "/beta/one")


def test_answers_take_the_forms_that_functions_give_them(api: Api) -> None:
    status, headers, body = api.ask("/plain")
    assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"said": "plain"})
    status, headers, body = api.ask("/binary")
    assert (status, headers.get_all("set-cookie"), body) == (201, ["a=1", "b=2"], b"\x00\x01")


def test_a_failure_tells_callers_nothing(api: Api) -> None:
    assert [(status, json.loads(body)) for status, _, body in [api.ask("/fails")]] == [
        (500, {"message": "Internal Server Error"})
    ]


def test_a_function_that_does_not_let_the_api_in_is_not_run(api: Api) -> None:
    assert api.ask("/closed")[0] == 500


def test_what_is_not_there_is_not_found(api: Api, accounts: Accounts) -> None:
    assert api.ask("/")[0] == 404
    assert Api(accounts, "nothing").ask("/x")[0] == 404


def test_web_pages_of_other_origins_get_nothing(api: Api) -> None:
    for headers in ({"Origin": "https://example.com"}, {"Host": "example.com"}, {"Sec-Fetch-Site": "cross-site"}):
        assert api.ask("/one", headers=headers)[0] == 403
