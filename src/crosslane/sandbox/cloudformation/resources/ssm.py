"""Systems Manager: parameters.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    Live,
    Properties,
    ResourceType,
    tag_changes,
    tag_list,
    tag_map,
)
from crosslane.sandbox.cloudformation.resources.shape import MapOf

_PARAMETER = {
    "AllowedPattern": str,
    "DataType": str,
    "Description": str,
    "Name": str,
    "Policies": str,
    "Tags": MapOf(str),
    "Tier": str,
    "Type*": str,
    "Value*": str,
}
_SENT = ("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value")


def _given(properties: Properties) -> dict[str, Any]:
    return {key: properties[key] for key in _SENT if key in properties}


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    ssm = context.client("ssm")
    name = properties.get("Name") or context.name(128)
    tags = tag_map(properties.get("Tags"))
    given = _given(properties) | ({"Tags": tag_list(tags)} if tags else {})
    ssm.put_parameter(Name=name, **given)
    context.made(name)
    return _attributes(context, name, properties)


def _attributes(context: Context, name: str, properties: Properties) -> dict[str, Any]:
    arn = context.arn("ssm", f"parameter/{name.lstrip('/')}")
    return {"Arn": arn, "Type": properties["Type"], "Value": properties["Value"]}


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    ssm, name, old = context.client("ssm"), live.physical_id, live.properties
    if _given(old) != _given(new):
        ssm.put_parameter(Name=name, Overwrite=True, **_given(new))
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tag_list(changed))
    if removed:
        ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=name, TagKeys=removed)
    return _attributes(context, name, new)


def _delete(context: Context, live: Live) -> None:
    context.client("ssm").delete_parameter(Name=live.physical_id)


def _read(context: Context, live: Live) -> Properties | None:
    ssm, name = context.client("ssm"), live.physical_id
    found = ssm.get_parameter(Name=name)["Parameter"]
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    return {
        "Name": found["Name"],
        "Type": found["Type"],
        "Value": found["Value"],
        "Tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


TYPES = (
    ResourceType(
        name="AWS::SSM::Parameter",
        shape=_PARAMETER,
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        create_only=frozenset({"Name"}),
        attributes=frozenset({"Arn", "Type", "Value"}),
        tags="map",
    ),
)
