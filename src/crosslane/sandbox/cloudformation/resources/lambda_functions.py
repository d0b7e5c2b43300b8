"""Lambda: functions, their permissions, versions and aliases.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html (2026-11-25)
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    HandlerError,
    Live,
    Properties,
    ResourceType,
    found,
    gone,
    tag_changes,
    tag_list,
    tag_map,
)
from crosslane.sandbox.cloudformation.resources.shape import MapOf

_FUNCTION = {
    "Architectures": [str],
    "Code*": {"S3Bucket": str, "S3Key": str, "S3ObjectVersion": str, "ZipFile": str},
    "Description": str,
    "Environment": {"Variables": MapOf(str)},
    "EphemeralStorage": {"Size*": int},
    "FunctionName": str,
    "Handler": str,
    "KmsKeyArn": str,
    "LoggingConfig": {"ApplicationLogLevel": str, "LogFormat": str, "LogGroup": str, "SystemLogLevel": str},
    "MemorySize": int,
    "PackageType": str,
    "ReservedConcurrentExecutions": int,
    "Role*": str,
    "Runtime": str,
    "Tags": [{"Key*": str, "Value": str}],
    "Timeout": int,
    "TracingConfig": {"Mode": str},
}
_NOT_CONFIGURATION: Final = frozenset(
    {"Architectures", "Code", "FunctionName", "PackageType", "ReservedConcurrentExecutions", "Tags"}
)
_DEFAULTS: Final[Mapping[str, Any]] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "KmsKeyArn": "",
    "LoggingConfig": {"LogFormat": "Text"},
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
"""What an update sets where the template no longer says anything
(https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)."""
_ZIPPED = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip file can hold: the same code is the same package whenever it is made."""


def _wire(properties: Properties) -> dict[str, Any]:
    """Configuration with the API's names."""
    wire = {name: value for name, value in properties.items() if name not in _NOT_CONFIGURATION}
    if "KmsKeyArn" in wire:
        wire["KMSKeyArn"] = wire.pop("KmsKeyArn")
    return wire


def _code(properties: Properties) -> dict[str, Any]:
    """The code as the API takes it; inline text becomes a package with one file named ``index``."""
    code: Mapping[str, Any] = properties["Code"]
    if "ZipFile" not in code:
        return dict(code)
    ending = "js" if str(properties.get("Runtime", "")).startswith("nodejs") else "py"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        entry = zipfile.ZipInfo(f"index.{ending}", _ZIPPED)
        entry.external_attr = 0o644 << 16
        package.writestr(entry, code["ZipFile"])
    return {"ZipFile": made.getvalue()}


def _create_function(context: Context, properties: Properties) -> Mapping[str, Any]:
    functions = context.client("lambda")
    name = properties.get("FunctionName") or context.name(64)
    given: dict[str, Any] = {key: properties[key] for key in ("Architectures", "PackageType") if key in properties}
    answer = functions.create_function(
        FunctionName=name,
        Code=_code(properties),
        Tags=tag_map(_tags(properties)),
        **_wire(properties),
        **given,
    )
    context.made(name)
    if "ReservedConcurrentExecutions" in properties:
        functions.put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=properties["ReservedConcurrentExecutions"]
        )
    return {"Arn": answer["FunctionArn"]}


def _tags(properties: Properties) -> list[dict[str, str]]:
    return [{"Key": tag["Key"], "Value": tag.get("Value", "")} for tag in properties.get("Tags", ())]


def _update_function(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    functions, name, old = context.client("lambda"), live.physical_id, live.properties
    if old["Code"] != new["Code"] or old.get("Architectures") != new.get("Architectures"):
        functions.update_function_code(
            FunctionName=name, Architectures=new.get("Architectures", ["x86_64"]), **_code(new)
        )
    dropped = {key: value for key, value in _DEFAULTS.items() if key in old and key not in new}
    if _wire(old) != _wire(new):
        functions.update_function_configuration(FunctionName=name, **_wire({**dropped, **new}))
    if old.get("ReservedConcurrentExecutions") != new.get("ReservedConcurrentExecutions"):
        if "ReservedConcurrentExecutions" in new:
            functions.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=new["ReservedConcurrentExecutions"]
            )
        else:
            functions.delete_function_concurrency(FunctionName=name)
    changed, removed = tag_changes(_tags(old), _tags(new))
    if changed:
        functions.tag_resource(Resource=live.attributes["Arn"], Tags=changed)
    if removed:
        functions.untag_resource(Resource=live.attributes["Arn"], TagKeys=removed)
    return live.attributes


def _delete_function(context: Context, live: Live) -> None:
    context.client("lambda").delete_function(FunctionName=live.physical_id)


def _read_function(context: Context, live: Live) -> Properties | None:
    answer = context.client("lambda").get_function(FunctionName=live.physical_id)
    configuration = answer["Configuration"]
    configuration["KmsKeyArn"] = configuration.get("KMSKeyArn")
    concurrency = answer.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    shown = {
        name: configuration.get(name, _DEFAULTS.get(name))
        for name in live.properties
        if name not in _NOT_CONFIGURATION or name in ("Architectures", "FunctionName", "PackageType")
    }
    if "LoggingConfig" in shown:
        # The service adds the format and, for JSON, the levels.
        given = live.properties["LoggingConfig"]
        shown["LoggingConfig"] = {key: shown["LoggingConfig"].get(key) for key in given}
    if "ReservedConcurrentExecutions" in live.properties:
        shown["ReservedConcurrentExecutions"] = concurrency
    return shown | {"Tags": tag_list(answer.get("Tags", {}))}


# --- AWS::Lambda::Permission: one statement of a function's policy -------------------------------------------------

_PERMISSION = {
    "Action*": str,
    "EventSourceToken": str,
    "FunctionName*": str,
    "FunctionUrlAuthType": str,
    "Principal*": str,
    "PrincipalOrgID": str,
    "SourceAccount": str,
    "SourceArn": str,
}


def _create_permission(context: Context, properties: Properties) -> Mapping[str, Any]:
    sid = context.name(100)
    context.client("lambda").add_permission(StatementId=sid, **properties)
    context.made(sid)
    return {"Id": sid}


def _update_permission(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    raise HandlerError("A permission is replaced, never changed.", "NotUpdatable")


def _delete_permission(context: Context, live: Live) -> None:
    context.client("lambda").remove_permission(
        FunctionName=live.properties["FunctionName"], StatementId=live.physical_id
    )


def _read_permission(context: Context, live: Live) -> Properties | None:
    policy = json.loads(context.client("lambda").get_policy(FunctionName=live.properties["FunctionName"])["Policy"])
    for statement in policy["Statement"]:
        if statement.get("Sid") == live.physical_id:
            return {"Action": statement["Action"], "FunctionName": live.properties["FunctionName"]}
    return None


# --- AWS::Lambda::Version -------------------------------------------------------------------------------------------

_VERSION = {"CodeSha256": str, "Description": str, "FunctionName*": str}


def _create_version(context: Context, properties: Properties) -> Mapping[str, Any]:
    answer = context.client("lambda").publish_version(**properties)
    context.made(answer["FunctionArn"])
    return {"FunctionArn": answer["FunctionArn"], "Version": answer["Version"]}


def _update_version(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    raise HandlerError("A version is replaced, never changed.", "NotUpdatable")


def _delete_version(context: Context, live: Live) -> None:
    function, _, version = live.physical_id.rpartition(":")
    context.client("lambda").delete_function(FunctionName=function, Qualifier=version)


def _read_version(context: Context, live: Live) -> Properties | None:
    function, _, version = live.physical_id.rpartition(":")
    answer = context.client("lambda").get_function_configuration(FunctionName=function, Qualifier=version)
    shown = {"FunctionName": live.properties["FunctionName"]}
    return shown | {name: answer.get(name) for name in ("Description", "CodeSha256") if name in live.properties}


# --- AWS::Lambda::Alias ---------------------------------------------------------------------------------------------

_ALIAS = {
    "Description": str,
    "FunctionName*": str,
    "FunctionVersion*": str,
    "Name*": str,
    "RoutingConfig": {"AdditionalVersionWeights": [{"FunctionVersion*": str, "FunctionWeight*": float}]},
}


def _alias(properties: Properties) -> dict[str, Any]:
    wire = {"Description": "", **properties}
    weights = properties.get("RoutingConfig", {}).get("AdditionalVersionWeights", ())
    wire["RoutingConfig"] = {
        "AdditionalVersionWeights": {item["FunctionVersion"]: item["FunctionWeight"] for item in weights}
    }
    return wire


def _create_alias(context: Context, properties: Properties) -> Mapping[str, Any]:
    answer = context.client("lambda").create_alias(**_alias(properties))
    context.made(answer["AliasArn"])
    return {"AliasArn": answer["AliasArn"]}


def _existing_alias(context: Context, properties: Properties) -> str | None:
    function, name = properties["FunctionName"], properties["Name"]
    functions = context.client("lambda")
    there = found(lambda: functions.get_alias(FunctionName=function, Name=name))
    return f"{function}|{name}" if there else None


def _update_alias(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    context.client("lambda").update_alias(**_alias(new))
    return live.attributes


def _delete_alias(context: Context, live: Live) -> None:
    properties = live.properties
    context.client("lambda").delete_alias(FunctionName=properties["FunctionName"], Name=properties["Name"])


def _read_alias(context: Context, live: Live) -> Properties | None:
    properties = live.properties
    try:
        answer = context.client("lambda").get_alias(FunctionName=properties["FunctionName"], Name=properties["Name"])
    except Exception as error:
        if not gone(error):
            raise
        return None
    shown = {"FunctionName": properties["FunctionName"]}
    return shown | {key: answer.get(key) for key in ("Name", "FunctionVersion", "Description") if key in properties}


TYPES = (
    ResourceType(
        name="AWS::Lambda::Function",
        shape=_FUNCTION,
        create=_create_function,
        update=_update_function,
        delete=_delete_function,
        read=_read_function,
        create_only=frozenset({"FunctionName", "PackageType"}),
        attributes=frozenset({"Arn"}),
        tags="list",
    ),
    ResourceType(
        name="AWS::Lambda::Permission",
        shape=_PERMISSION,
        create=_create_permission,
        update=_update_permission,
        delete=_delete_permission,
        read=_read_permission,
        create_only=frozenset(name.rstrip("*") for name in _PERMISSION),
        attributes=frozenset({"Id"}),
    ),
    ResourceType(
        name="AWS::Lambda::Version",
        shape=_VERSION,
        create=_create_version,
        update=_update_version,
        delete=_delete_version,
        read=_read_version,
        create_only=frozenset({"CodeSha256", "Description", "FunctionName"}),
        attributes=frozenset({"FunctionArn", "Version"}),
    ),
    ResourceType(
        name="AWS::Lambda::Alias",
        shape=_ALIAS,
        create=_create_alias,
        update=_update_alias,
        delete=_delete_alias,
        read=_read_alias,
        existing=_existing_alias,
        create_only=frozenset({"FunctionName", "Name"}),
        attributes=frozenset({"AliasArn"}),
    ),
)
