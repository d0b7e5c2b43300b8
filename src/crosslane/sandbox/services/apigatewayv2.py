"""API Gateway's HTTP APIs: importing OpenAPI documents and changing stages, which moto does not do or does wrongly.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-working-with-aws-extensions.html (2026-11-25)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import yaml

from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.store import Store

_INTEGRATION = "x-amazon-apigateway-integration"
_ANY = "x-amazon-apigateway-any-method"
_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", _ANY})
_STAGE_ARN = re.compile(r".*::/apis/(?P<api>[^/]+)/stages/(?P<stage>.+)")
_STAGE_SETTINGS: Final = {
    "AccessLogSettings": "access_log_settings",
    "AutoDeploy": "auto_deploy",
    "ClientCertificateId": "client_certificate_id",
    "DefaultRouteSettings": "default_route_settings",
    "Description": "description",
    "RouteSettings": "route_settings",
    "StageVariables": "stage_variables",
}


def handlers(store: Store) -> Mapping[tuple[str, str], Handler]:
    """The operations, by service and name."""

    def bound(act: Callable[[Any, Request], Mapping[str, Any]]) -> Handler:
        def handle(request: Request) -> Mapping[str, Any]:
            with store.locked():
                return act(store.backend("apigatewayv2", request.account, request.region), request)

        return handle

    acts = {
        "ImportApi": _import,
        "ReimportApi": _reimport,
        "UpdateStage": _update_stage,
        "TagResource": _tag,
        "UntagResource": _untag,
    }
    return {("apigatewayv2", name): bound(act) for name, act in acts.items()}


def _import(backend: Any, request: Request) -> Mapping[str, Any]:
    document = _document(request.parameters["Body"])
    api = backend.create_api(
        api_key_selection_expression=None,
        cors_configuration=None,
        description=None,
        disable_schema_validation=None,
        disable_execute_api_endpoint=None,
        name=document["info"]["title"],
        protocol_type="HTTP",
        route_selection_expression=None,
        tags={},
        version=None,
    )
    _fill(backend, api, document)
    return _shown(backend, api)


def _reimport(backend: Any, request: Request) -> Mapping[str, Any]:
    """Replaces routes and integrations; stages stay."""
    document = _document(request.parameters["Body"])
    api = backend.get_api(request.parameters["ApiId"])
    api.routes.clear()
    api.integrations.clear()
    _fill(backend, api, document)
    return _shown(backend, api)


def _document(text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _bad(f"Unable to parse OpenAPI document: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("paths", {}), dict):
        raise _bad("Unable to parse OpenAPI document: it is no object with paths")
    if not str(document.get("openapi", "")).startswith("3."):
        raise _bad("Only OpenAPI 3 documents are supported")
    document.setdefault("info", {}).setdefault("title", "")
    return document


def _bad(message: str) -> ServiceError:
    return ServiceError("BadRequestException", message)


def _fill(backend: Any, api: Any, document: Mapping[str, Any]) -> None:
    info = document["info"]
    api.name = str(info["title"])
    api.version = str(info["version"]) if "version" in info else api.version
    api.description = info.get("description", api.description)
    if cors := document.get("x-amazon-apigateway-cors"):
        api.cors_configuration = cors
    for tag in document.get("tags", ()):
        if "x-amazon-apigateway-tag-value" in tag:
            backend.tag_resource(api.arn, {tag["name"]: tag["x-amazon-apigateway-tag-value"]})
    for key, operation in _operations(document.get("paths", {})):
        given = operation.get(_INTEGRATION)
        if not isinstance(given, Mapping):
            raise _bad(f"Unable to import the route {key}: it has no {_INTEGRATION}")
        if operation.get("security"):
            raise ServiceError("NotImplemented", f"The sandbox's HTTP APIs have no authorizers (route {key})")
        integration = api.create_integration(
            connection_type="INTERNET",
            description=given.get("description"),
            integration_type=str(given.get("type", "")).upper(),
            integration_method=given.get("httpMethod"),
            payload_format_version=given.get("payloadFormatVersion", "1.0"),
            integration_uri=given.get("uri"),
            credentials_arn=given.get("credentials"),
            timeout_in_millis=given.get("timeoutInMillis"),
        )
        api.create_route(
            api_key_required=False,
            authorization_scopes=[],
            authorization_type="NONE",
            operation_name=operation.get("operationId"),
            route_key=key,
            target=f"integrations/{integration.id}",
        )


def _operations(paths: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Route keys with what the document says of them; the path ``/$default`` is the default route."""
    for path, methods in paths.items():
        for method, operation in (methods or {}).items():
            if method.lower() not in _METHODS:
                continue
            if path == "/$default":
                yield "$default", operation
            else:
                yield f"{'ANY' if method == _ANY else method.upper()} {path}", operation


def _shown(backend: Any, api: Any) -> dict[str, Any]:
    return {
        "ApiId": api.api_id,
        "ApiEndpoint": api.api_endpoint,
        "Name": api.name,
        "ProtocolType": api.protocol_type,
        "Version": api.version,
        "Description": api.description,
        "RouteSelectionExpression": api.route_selection_expression,
        "Tags": backend.get_tags(api.arn),
    }


def _update_stage(backend: Any, request: Request) -> Mapping[str, Any]:
    given = request.parameters
    stage = backend.get_stage(given["ApiId"], given["StageName"])
    for name, attribute in _STAGE_SETTINGS.items():
        if name in given:
            value = given[name]
            setattr(stage, attribute, _lower(value) if isinstance(value, Mapping) else value)
    if "RouteSettings" in given or "StageVariables" in given:
        # Maps from names of the user's, which stay as they are.
        for name in ("RouteSettings", "StageVariables"):
            if name in given:
                setattr(stage, _STAGE_SETTINGS[name], {key: _lower(value) for key, value in given[name].items()})
    return {"StageName": stage.name, "AutoDeploy": stage.auto_deploy, "Description": stage.description}


def _lower(value: Any) -> Any:
    """The members of a structure as moto keeps them, with a small first letter."""
    if not isinstance(value, Mapping):
        return value
    return {name[0].lower() + name[1:]: item for name, item in value.items()}


def _stage_of(backend: Any, arn: str) -> Any:
    match = _STAGE_ARN.fullmatch(arn)
    return None if match is None else backend.get_stage(match["api"], match["stage"])


def _tag(backend: Any, request: Request) -> Mapping[str, Any]:
    arn, tags = request.parameters["ResourceArn"], dict(request.parameters.get("Tags", {}))
    stage = _stage_of(backend, arn)
    if stage is None:
        backend.tag_resource(arn, tags)
    else:
        stage.tags = {**stage.tags, **tags}
    return {}


def _untag(backend: Any, request: Request) -> Mapping[str, Any]:
    arn, keys = request.parameters["ResourceArn"], list(request.parameters.get("TagKeys", ()))
    stage = _stage_of(backend, arn)
    if stage is None:
        backend.untag_resource(arn, keys)
    else:
        stage.tags = {key: value for key, value in stage.tags.items() if key not in keys}
    return {}
