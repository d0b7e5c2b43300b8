"""CodeBuild: projects.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crosslane.sandbox.cloudformation.resources.model import Context, Live, Properties, ResourceType
from crosslane.sandbox.cloudformation.resources.shape import TAGS, lower_first

_ARTIFACTS = {
    "ArtifactIdentifier": str,
    "EncryptionDisabled": bool,
    "Location": str,
    "Name": str,
    "NamespaceType": str,
    "OverrideArtifactName": bool,
    "Packaging": str,
    "Path": str,
    "Type*": str,
}
_SOURCE = {
    "BuildSpec": str,
    "GitCloneDepth": int,
    "GitSubmodulesConfig": {"FetchSubmodules*": bool},
    "InsecureSsl": bool,
    "Location": str,
    "ReportBuildStatus": bool,
    "SourceIdentifier": str,
    "Type*": str,
}
_PROJECT: Final[Mapping[str, Any]] = {
    "Artifacts*": _ARTIFACTS,
    "AutoRetryLimit": int,
    "Cache": {"Location": str, "Modes": [str], "Type*": str},
    "ConcurrentBuildLimit": int,
    "Description": str,
    "EncryptionKey": str,
    "Environment*": {
        "ComputeType*": str,
        "EnvironmentVariables": [{"Name*": str, "Type": str, "Value*": str}],
        "Image*": str,
        "ImagePullCredentialsType": str,
        "PrivilegedMode": bool,
        "Type*": str,
    },
    "LogsConfig": {
        "CloudWatchLogs": {"GroupName": str, "Status*": str, "StreamName": str},
        "S3Logs": {"EncryptionDisabled": bool, "Location": str, "Status*": str},
    },
    "Name": str,
    "QueuedTimeoutInMinutes": int,
    "SecondaryArtifacts": [_ARTIFACTS],
    "SecondarySources": [_SOURCE],
    "ServiceRole*": str,
    "Source*": _SOURCE,
    "SourceVersion": str,
    "Tags": TAGS,
    "TimeoutInMinutes": int,
}


def _wire(properties: Properties) -> dict[str, Any]:
    """The properties with the API's names."""
    wire: dict[str, Any] = lower_first(_PROJECT, properties)
    for source in [wire["source"], *wire.get("secondarySources", ())]:
        if "buildSpec" in source:
            source["buildspec"] = source.pop("buildSpec")
    if "tags" in wire:
        wire["tags"] = [{"key": tag["key"], "value": tag["value"]} for tag in wire["tags"]]
    return wire


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    name = properties.get("Name") or context.name(150)
    project = context.client("codebuild").create_project(**(_wire(properties) | {"name": name}))["project"]
    context.made(name)
    return {"Arn": project["arn"], "Id": name}


_EMPTY: Final[Mapping[str, Any]] = {"description": "", "sourceVersion": "", "secondaryArtifacts": [], "tags": []}
"""What an update must send to take away a value that the template no longer gives."""


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    wire, before = _wire(new), _wire(live.properties)
    cleared = {name: _EMPTY.get(name) for name in before if name not in wire and name in _EMPTY}
    context.client("codebuild").update_project(**(cleared | wire | {"name": live.physical_id}))
    return live.attributes


def _delete(context: Context, live: Live) -> None:
    context.client("codebuild").delete_project(name=live.physical_id)


def _read(context: Context, live: Live) -> Properties | None:
    found = context.client("codebuild").batch_get_projects(names=[live.physical_id])["projects"]
    if not found:
        return None
    expected = _wire(live.properties)
    # Shown are the parts that the template sets, each as the service has it, back under the template's names.
    names = {name[0].lower() + name[1:]: name for name in live.properties}
    shown = {
        names[key]: live.properties[names[key]] if _covers(found[0].get(key), expected[key]) else found[0].get(key)
        for key in expected
        if key in names and key != "tags"
    }
    return shown | {"Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in found[0].get("tags", ())]}


def _covers(actual: Any, expected: Any) -> bool:
    """Whether the live value says what the template says; the service adds defaults of its own."""
    match expected, actual:
        case dict(), dict():
            return all(_covers(actual.get(key), value) for key, value in expected.items())
        case list(), list():
            return len(expected) == len(actual) and all(map(_covers, actual, expected))
        case _:
            return bool(actual == expected)


TYPES = (
    ResourceType(
        name="AWS::CodeBuild::Project",
        shape=_PROJECT,
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        create_only=frozenset({"Name"}),
        attributes=frozenset({"Arn", "Id"}),
        tags="list",
    ),
)
