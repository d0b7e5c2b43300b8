"""API Gateway: HTTP and WebSocket APIs with their stages, routes and integrations.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html (2026-11-25)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from crosslane.sandbox.cloudformation.resources.model import Context, Live, Properties, ResourceType, tag_changes
from crosslane.sandbox.cloudformation.resources.shape import JSON, MapOf, Shape

_CORS = {
    "AllowCredentials": bool,
    "AllowHeaders": [str],
    "AllowMethods": [str],
    "AllowOrigins": [str],
    "ExposeHeaders": [str],
    "MaxAge": int,
}
_API = {
    "ApiKeySelectionExpression": str,
    "Body": JSON,
    "CorsConfiguration": _CORS,
    "Description": str,
    "DisableExecuteApiEndpoint": bool,
    "DisableSchemaValidation": bool,
    "FailOnWarnings": bool,
    "Name": str,
    "ProtocolType": str,
    "RouteSelectionExpression": str,
    "Tags": MapOf(str),
    "Version": str,
}
_IMPORTED: Final = frozenset({"Body", "FailOnWarnings", "ProtocolType", "Tags"})
"""What is not set by UpdateApi."""


def _settings(properties: Properties) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in _IMPORTED}


def _import(properties: Properties) -> dict[str, Any]:
    wire = {"Body": json.dumps(properties["Body"])}
    return wire | ({"FailOnWarnings": properties["FailOnWarnings"]} if "FailOnWarnings" in properties else {})


def _api_arn(context: Context, api: str) -> str:
    return context.arn("apigateway", f"/apis/{api}", account=False)


def _create_api(context: Context, properties: Properties) -> Mapping[str, Any]:
    apis = context.client("apigatewayv2")
    if "Body" in properties:
        api = apis.import_api(**_import(properties))
        context.made(api["ApiId"])
        if settings := _settings(properties):
            apis.update_api(ApiId=api["ApiId"], **settings)
        if properties.get("Tags"):
            apis.tag_resource(ResourceArn=_api_arn(context, api["ApiId"]), Tags=properties["Tags"])
    else:
        given = {name: value for name, value in properties.items() if name != "FailOnWarnings"}
        api = apis.create_api(**({"Tags": {}} | given))
        context.made(api["ApiId"])
    return {
        "ApiEndpoint": api["ApiEndpoint"],
        "ApiId": api["ApiId"],
        "ExecuteApiArn": context.arn("execute-api", api["ApiId"]),
    }


def _update_api(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    apis, api, old = context.client("apigatewayv2"), live.physical_id, live.properties
    if "Body" in new and old.get("Body") != new["Body"]:
        apis.reimport_api(ApiId=api, **_import(new))
    if "CorsConfiguration" in old and "CorsConfiguration" not in new:
        apis.delete_cors_configuration(ApiId=api)
    if _settings(old) != _settings(new):
        apis.update_api(ApiId=api, **_cleared(_API, old, _settings(new), _IMPORTED))
    _retag(context, _api_arn(context, api), old, new)
    return live.attributes


def _cleared(
    shape: Mapping[str, Shape], old: Properties, new: Properties, never: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """``new`` with an empty text for each text that the template no longer gives."""
    gone = [name for name in old if name not in new and name not in never and shape.get(name) is str]
    return dict.fromkeys(gone, "") | dict(new)


def _retag(context: Context, arn: str, old: Properties, new: Properties) -> None:
    apis = context.client("apigatewayv2")
    changed, removed = tag_changes(old.get("Tags", {}), new.get("Tags", {}))
    if changed:
        apis.tag_resource(ResourceArn=arn, Tags=changed)
    if removed:
        apis.untag_resource(ResourceArn=arn, TagKeys=removed)


def _delete_api(context: Context, live: Live) -> None:
    context.client("apigatewayv2").delete_api(ApiId=live.physical_id)


def _read_api(context: Context, live: Live) -> Properties | None:
    api = context.client("apigatewayv2").get_api(ApiId=live.physical_id)
    given = live.properties
    shown = {name: api.get(name) for name in given if name not in ("Body", "FailOnWarnings", "Tags")}
    # Tags of an imported document are the document's.
    return shown | {"Tags": {key: value for key, value in api.get("Tags", {}).items() if key in given.get("Tags", {})}}


# --- AWS::ApiGatewayV2::Stage ---------------------------------------------------------------------------------------

_ROUTE_SETTINGS = {
    "DataTraceEnabled": bool,
    "DetailedMetricsEnabled": bool,
    "LoggingLevel": str,
    "ThrottlingBurstLimit": int,
    "ThrottlingRateLimit": float,
}
_STAGE = {
    "AccessLogSettings": {"DestinationArn": str, "Format": str},
    "ApiId*": str,
    "AutoDeploy": bool,
    "DefaultRouteSettings": _ROUTE_SETTINGS,
    "Description": str,
    "RouteSettings": MapOf(_ROUTE_SETTINGS),
    "StageName*": str,
    "StageVariables": MapOf(str),
    "Tags": MapOf(str),
}


def _create_stage(context: Context, properties: Properties) -> Mapping[str, Any]:
    context.client("apigatewayv2").create_stage(**properties)
    context.made(properties["StageName"])
    return {}


_NO_SETTINGS: Final[Mapping[str, Any]] = {
    "AccessLogSettings": {},
    "AutoDeploy": False,
    "DefaultRouteSettings": {},
    "Description": "",
    "RouteSettings": {},
    "StageVariables": {},
}


def _update_stage(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    old = live.properties
    wire = {name: new.get(name, _NO_SETTINGS[name]) for name in _NO_SETTINGS if old.get(name) != new.get(name)}
    if wire:
        context.client("apigatewayv2").update_stage(ApiId=new["ApiId"], StageName=new["StageName"], **wire)
    _retag(context, f"{_api_arn(context, new['ApiId'])}/stages/{new['StageName']}", old, new)
    return live.attributes


def _delete_stage(context: Context, live: Live) -> None:
    context.client("apigatewayv2").delete_stage(ApiId=live.properties["ApiId"], StageName=live.physical_id)


def _read_stage(context: Context, live: Live) -> Properties | None:
    stage = context.client("apigatewayv2").get_stage(ApiId=live.properties["ApiId"], StageName=live.physical_id)
    shown = {name: stage.get(name) for name in live.properties if name != "ApiId"}
    return shown | {"ApiId": live.properties["ApiId"], "Tags": stage.get("Tags", {})}


# --- AWS::ApiGatewayV2::Integration and Route ---------------------------------------------------------------------

_INTEGRATION = {
    "ApiId*": str,
    "ConnectionType": str,
    "CredentialsArn": str,
    "Description": str,
    "IntegrationMethod": str,
    "IntegrationType*": str,
    "IntegrationUri": str,
    "PayloadFormatVersion": str,
    "TimeoutInMillis": int,
}
_ROUTE = {
    "ApiId*": str,
    "ApiKeyRequired": bool,
    "AuthorizationScopes": [str],
    "AuthorizationType": str,
    "AuthorizerId": str,
    "OperationName": str,
    "RouteKey*": str,
    "Target": str,
}


def _part(name: str, shape: Mapping[str, Shape]) -> ResourceType:
    """A part of an API that has an id of its own: made, changed, read and deleted in the same way."""
    id_name, verb = f"{name}Id", name.lower()

    def call(context: Context, act: str) -> Callable[..., Any]:
        made: Callable[..., Any] = getattr(context.client("apigatewayv2"), f"{act}_{verb}")
        return made

    def create(context: Context, properties: Properties) -> Mapping[str, Any]:
        identifier = call(context, "create")(**properties)[id_name]
        context.made(identifier)
        return {id_name: identifier}

    def update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
        call(context, "update")(**_cleared(shape, live.properties, new), **{id_name: live.physical_id})
        return live.attributes

    def delete(context: Context, live: Live) -> None:
        call(context, "delete")(ApiId=live.properties["ApiId"], **{id_name: live.physical_id})

    def read(context: Context, live: Live) -> Properties | None:
        found = call(context, "get")(ApiId=live.properties["ApiId"], **{id_name: live.physical_id})
        return {"ApiId": live.properties["ApiId"]} | {key: found.get(key) for key in live.properties if key != "ApiId"}

    return ResourceType(
        name=f"AWS::ApiGatewayV2::{name}",
        shape=shape,
        create=create,
        update=update,
        delete=delete,
        read=read,
        create_only=frozenset({"ApiId"}),
        attributes=frozenset({id_name}),
    )


TYPES = (
    ResourceType(
        name="AWS::ApiGatewayV2::Api",
        shape=_API,
        create=_create_api,
        update=_update_api,
        delete=_delete_api,
        read=_read_api,
        create_only=frozenset({"ProtocolType"}),
        attributes=frozenset({"ApiEndpoint", "ApiId", "ExecuteApiArn"}),
        tags="map",
    ),
    ResourceType(
        name="AWS::ApiGatewayV2::Stage",
        shape=_STAGE,
        create=_create_stage,
        update=_update_stage,
        delete=_delete_stage,
        read=_read_stage,
        create_only=frozenset({"ApiId", "StageName"}),
        tags="map",
    ),
    _part("Integration", _INTEGRATION),
    _part("Route", _ROUTE),
)
