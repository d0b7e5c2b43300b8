"""HTTP APIs answer on the sandbox's port: ``/_api/API-ID/path`` runs the function behind the route.

Routes: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html; events and answers:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html (2026-11-25).
"""

from __future__ import annotations

import base64
import json
import re
import sys
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from crosslane.iam.wildcard import compile_pattern
from crosslane.sandbox.functions.invocation import Invoker, functions_of
from crosslane.sandbox.request import ServiceError
from crosslane.sandbox.store import Environ, Store

PREFIX: Final = "/_api/"
_FUNCTION = re.compile(
    r"(?:arn:[^:]+:apigateway:[^/]+:lambda:path/[^/]+/functions/)?(?P<arn>arn:[^/]+)(?:/invocations)?"
)
_TEXT = ("text/", "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded")
_NOT_FOUND, _FAILED, _FORBIDDEN = (
    {"message": "Not Found"},
    {"message": "Internal Server Error"},
    {"message": "Forbidden"},
)


@dataclass(frozen=True, slots=True)
class Response:
    """What a caller of the API gets."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits a request, with the values of its path's variables."""

    key: str
    target: str
    variables: Mapping[str, str]


def find_route(routes: Iterable[tuple[str, str]], method: str, path: str) -> Match | None:
    """The route for a request among (key, target): the most specific path, then the method before ``ANY``."""
    best: tuple[tuple[int, ...], Match] | None = None
    for key, target in routes:
        if key == "$default":
            found: tuple[tuple[int, ...], Match] | None = ((0,), Match(key, target, {}))
        else:
            found = _fits(key, target, method, path)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    return None if best is None else best[1]


def _fits(key: str, target: str, method: str, path: str) -> tuple[tuple[int, ...], Match] | None:
    wanted, _, pattern = key.partition(" ")
    if wanted not in ("ANY", method):
        return None
    parts = [part for part in pattern.split("/") if part]
    given = [part for part in path.split("/") if part]
    variables: dict[str, str] = {}
    rank: list[int] = []
    for index, part in enumerate(parts):
        if part.startswith("{") and part.endswith("+}"):
            if index >= len(given):
                return None
            variables[part[1:-2]] = "/".join(given[index:])
            return (1, *rank, 0, int(wanted != "ANY")), Match(key, target, variables)
        if index >= len(given):
            return None
        if part.startswith("{"):
            variables[part[1:-1]] = given[index]
            rank.append(1)
        elif part == given[index]:
            rank.append(2)
        else:
            return None
    if len(parts) != len(given):
        return None
    return (1, *rank, 3, int(wanted != "ANY")), Match(key, target, variables)


class HttpApis:
    """A WSGI application in front of another one, which gets everything else."""

    def __init__(self, store: Store, invoker: Invoker, behind: Callable[..., Iterable[bytes]]) -> None:
        self._store = store
        self._invoker = invoker
        self._behind = behind

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not str(environ.get("PATH_INFO", "")).startswith(PREFIX):
            return self._behind(environ, start_response)
        try:
            response = self._answer(environ)
        except ServiceError as error:
            print(f"{environ['PATH_INFO']}: {error}", file=sys.stderr)
            status = 501 if error.code == "NotImplemented" else 500
            response = _json(status, {"message": error.message} if status == 501 else _FAILED)
        except Exception:
            print(traceback.format_exc(), file=sys.stderr)
            response = _json(500, _FAILED)
        headers = [*response.headers, ("Apigw-Requestid", uuid.uuid4().hex[:16])]
        start_response(f"{response.status} Status", headers)
        return [response.body]

    def _answer(self, environ: Environ) -> Response:
        if not _from_here(environ):
            return _json(403, _FORBIDDEN)
        identifier, _, path = str(environ["PATH_INFO"]).removeprefix(PREFIX).partition("/")
        found = self._find(identifier)
        if found is None:
            return _json(404, _NOT_FOUND)
        account, region, api = found
        stage, path = _stage(api, f"/{path}")
        routes = [(route.route_key, str(route.target)) for route in api.routes.values()]
        match = find_route(routes, environ["REQUEST_METHOD"], path) if stage else None
        if match is None:
            return _json(404, _NOT_FOUND)
        integration = api.integrations[match.target.rpartition("/")[2]]
        function = _function(integration, account, region)
        source = f"arn:{self._store.partition}:execute-api:{region}:{account}:{identifier}"
        if not _permitted(function, f"{source}/{stage}/{match.key.replace(' ', '', 1)}"):
            return _json(500, _FAILED)
        event = _event(environ, identifier, account, region, str(stage), path, match, self._invoker)
        answer = self._invoker.invoke(function, json.dumps(event).encode())
        return _json(500, _FAILED) if answer.failed else _response(answer.payload)

    def _find(self, identifier: str) -> tuple[str, str, Any] | None:
        with self._store.locked():
            for account, region, backend in self._backends():
                if identifier in backend.apis:
                    return account, region, backend.apis[identifier]
        return None

    def _backends(self) -> Iterator[tuple[str, str, Any]]:
        from moto.apigatewayv2.models import apigatewayv2_backends

        for account in self._store.accounts:
            for region, backend in list(apigatewayv2_backends[account].items()):
                yield account, region, backend


def _from_here(environ: Environ) -> bool:
    """Whether no web page of another origin, or of another name for this machine, is asking."""
    host = str(environ.get("HTTP_HOST", "")).rpartition(":")[0]
    origin = environ.get("HTTP_ORIGIN")
    same = origin is None or str(origin) == f"http://{environ.get('HTTP_HOST')}"
    return host in ("127.0.0.1", "localhost") and same and environ.get("HTTP_SEC_FETCH_SITE") != "cross-site"


def _stage(api: Any, path: str) -> tuple[str | None, str]:
    """The stage that a path is for, and what is left of the path; ``$default`` has no part in it."""
    first, _, rest = path.lstrip("/").partition("/")
    if first in api.stages and first != "$default":
        return first, f"/{rest}"
    return ("$default" if "$default" in api.stages else None), path


def _function(integration: Any, account: str, region: str) -> Any:
    if integration.integration_type != "AWS_PROXY" or integration.payload_format_version != "2.0":
        what = f"{integration.integration_type} of payload format {integration.payload_format_version}"
        raise ServiceError("NotImplemented", f"The sandbox's HTTP APIs do not run the integration {what}")
    match = _FUNCTION.fullmatch(str(integration.integration_uri))
    if match is None:
        raise ServiceError("BadRequestException", f"Integration URI {integration.integration_uri} names no function")
    return functions_of(account, region).get_function(match["arn"])


def _permitted(function: Any, source: str) -> bool:
    """Whether the function's own policy lets API Gateway invoke it for the route
    (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html)."""
    for statement in function.policy.statements:
        principal = statement.get("Principal")
        service = principal.get("Service") if isinstance(principal, dict) else principal
        if service not in ("apigateway.amazonaws.com", "*") or statement.get("Action") not in (
            "lambda:InvokeFunction",
            "lambda:*",
        ):
            continue
        condition = statement.get("Condition", {})
        wanted = condition.get("ArnLike", {}).get("AWS:SourceArn", "*")
        account = condition.get("StringEquals", {}).get("AWS:SourceAccount", source.split(":")[4])
        if compile_pattern(wanted)(source) and account == source.split(":")[4]:
            return True
    return False


def _event(
    environ: Environ, api: str, account: str, region: str, stage: str, path: str, match: Match, invoker: Invoker
) -> dict[str, Any]:
    """The event of payload format 2.0."""
    headers = {
        name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    cookies = [part.strip() for part in headers.pop("cookie", "").split(";") if part.strip()]
    query: dict[str, str] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    body: bytes = environ["wsgi.input"].read()
    now = invoker.clock()
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.key,
        "rawPath": path if stage == "$default" else f"/{stage}{path}",
        "rawQueryString": environ.get("QUERY_STRING", ""),
        "headers": headers,
        "requestContext": {
            "accountId": account,
            "apiId": api,
            "domainName": f"{api}.execute-api.{region}.amazonaws.com",
            "domainPrefix": api,
            "http": {
                "method": environ["REQUEST_METHOD"],
                "path": quote(path),
                "protocol": "HTTP/1.1",
                "sourceIp": environ.get("REMOTE_ADDR", "127.0.0.1"),
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex[:16],
            "routeKey": match.key,
            "stage": stage,
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    optional = {"cookies": cookies, "queryStringParameters": query, "pathParameters": dict(match.variables)}
    event |= {name: value for name, value in optional.items() if value}
    if body:
        text = headers.get("content-type", "application/json").startswith(_TEXT)
        event["body"] = body.decode(errors="replace") if text else base64.b64encode(body).decode()
        event["isBase64Encoded"] = not text
    return event


def _response(payload: bytes) -> Response:
    """What API Gateway makes of a function's answer: one without ``statusCode`` is the body of a 200."""
    made = json.loads(payload)
    if not isinstance(made, dict) or "statusCode" not in made:
        return Response(200, (("Content-Type", "application/json"),), payload)
    body = made.get("body", "")
    if not isinstance(body, str):
        body = json.dumps(body)
    try:
        status = int(made["statusCode"])
        content = base64.b64decode(body) if made.get("isBase64Encoded") else body.encode()
    except (TypeError, ValueError):
        return _json(500, _FAILED)
    headers = [(str(name), _header(value)) for name, value in (made.get("headers") or {}).items()]
    headers += [("Set-Cookie", str(cookie)) for cookie in made.get("cookies") or ()]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain;charset=UTF-8"))
    kept = tuple((name, value) for name, value in headers if name.lower() != "content-length")
    return Response(status, kept, content)


def _header(value: Any) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return text.replace("\r", "").replace("\n", "")


def _json(status: int, document: Mapping[str, str]) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(document).encode())
