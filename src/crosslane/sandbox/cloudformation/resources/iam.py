"""IAM: roles and users.

Properties and attributes: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
(2026-11-24).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.iam_attached import (
    INLINE,
    detach,
    policy_text,
    read_policies,
    remove,
    set_policies,
    unless_gone,
)
from crosslane.sandbox.cloudformation.resources.model import Context, Live, Properties, ResourceType, tag_changes
from crosslane.sandbox.cloudformation.resources.shape import JSON, TAGS

# --- AWS::IAM::Role ------------------------------------------------------------------------------------------------

_ROLE = {
    "AssumeRolePolicyDocument*": JSON,
    "Description": str,
    "ManagedPolicyArns": [str],
    "MaxSessionDuration": int,
    "Path": str,
    "PermissionsBoundary": str,
    "Policies": INLINE,
    "RoleName": str,
    "Tags": TAGS,
}


def _create_role(context: Context, properties: Properties) -> Mapping[str, Any]:
    iam = context.client("iam")
    name = properties.get("RoleName") or context.name(64)
    taken = ("Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags")
    given = {key: properties[key] for key in taken if key in properties}
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=policy_text(properties["AssumeRolePolicyDocument"]), **given
    )["Role"]
    context.made(name)
    set_policies(iam, "Role", name, {}, properties)
    return {"Arn": role["Arn"], "RoleId": role["RoleId"]}


def _update_role(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    iam, name, old = context.client("iam"), live.physical_id, live.properties
    if old["AssumeRolePolicyDocument"] != new["AssumeRolePolicyDocument"]:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=policy_text(new["AssumeRolePolicyDocument"]))
    if any(old.get(key) != new.get(key) for key in ("Description", "MaxSessionDuration")):
        iam.update_role(
            RoleName=name,
            Description=new.get("Description", ""),
            MaxSessionDuration=new.get("MaxSessionDuration", 3600),
        )
    if boundary := new.get("PermissionsBoundary"):
        if boundary != old.get("PermissionsBoundary"):
            iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    elif old.get("PermissionsBoundary"):
        iam.delete_role_permissions_boundary(RoleName=name)
    set_policies(iam, "Role", name, old, new)
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        iam.tag_role(RoleName=name, Tags=[{"Key": key, "Value": value} for key, value in changed.items()])
    if removed:
        iam.untag_role(RoleName=name, TagKeys=removed)
    return live.attributes


def _delete_role(context: Context, live: Live) -> None:
    iam, name = context.client("iam"), live.physical_id
    for arn in live.properties.get("ManagedPolicyArns", ()):
        detach(iam, "Role", name, arn)
    for policy in live.properties.get("Policies", ()):
        remove(iam, "Role", name, policy["PolicyName"])
    iam.delete_role(RoleName=name)


def _read_role(context: Context, live: Live) -> Properties | None:
    iam = context.client("iam")
    role = iam.get_role(RoleName=live.physical_id)["Role"]
    return {
        "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
        "Description": role.get("Description", ""),
        "MaxSessionDuration": role["MaxSessionDuration"],
        "Path": role["Path"],
        "PermissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "RoleName": role["RoleName"],
        "Tags": role.get("Tags", []),
        **read_policies(iam, "Role", live.physical_id),
    }


# --- AWS::IAM::User ------------------------------------------------------------------------------------------------

_USER = {
    "Groups": [str],
    "ManagedPolicyArns": [str],
    "Path": str,
    "PermissionsBoundary": str,
    "Policies": INLINE,
    "Tags": TAGS,
    "UserName": str,
}


def _create_user(context: Context, properties: Properties) -> Mapping[str, Any]:
    iam = context.client("iam")
    name = properties.get("UserName") or context.name(64)
    given = {key: properties[key] for key in ("Path", "PermissionsBoundary", "Tags") if key in properties}
    user = iam.create_user(UserName=name, **given)["User"]
    context.made(name)
    set_policies(iam, "User", name, {}, properties)
    for group in properties.get("Groups", ()):
        iam.add_user_to_group(UserName=name, GroupName=group)
    return {"Arn": user["Arn"]}


def _update_user(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    iam, name, old = context.client("iam"), live.physical_id, live.properties
    attributes = dict(live.attributes)
    if old.get("Path", "/") != new.get("Path", "/"):
        iam.update_user(UserName=name, NewPath=new.get("Path", "/"))
        attributes["Arn"] = iam.get_user(UserName=name)["User"]["Arn"]
    if boundary := new.get("PermissionsBoundary"):
        if boundary != old.get("PermissionsBoundary"):
            iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    elif old.get("PermissionsBoundary"):
        iam.delete_user_permissions_boundary(UserName=name)
    set_policies(iam, "User", name, old, new)
    for group in set(new.get("Groups", ())) - set(old.get("Groups", ())):
        iam.add_user_to_group(UserName=name, GroupName=group)
    for group in set(old.get("Groups", ())) - set(new.get("Groups", ())):
        iam.remove_user_from_group(UserName=name, GroupName=group)
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        iam.tag_user(UserName=name, Tags=[{"Key": key, "Value": value} for key, value in changed.items()])
    if removed:
        iam.untag_user(UserName=name, TagKeys=removed)
    return attributes


def _delete_user(context: Context, live: Live) -> None:
    iam, name = context.client("iam"), live.physical_id
    for arn in live.properties.get("ManagedPolicyArns", ()):
        detach(iam, "User", name, arn)
    for policy in live.properties.get("Policies", ()):
        remove(iam, "User", name, policy["PolicyName"])
    for group in live.properties.get("Groups", ()):
        unless_gone(lambda group=group: iam.remove_user_from_group(UserName=name, GroupName=group))
    iam.delete_user(UserName=name)


def _read_user(context: Context, live: Live) -> Properties | None:
    iam = context.client("iam")
    user = iam.get_user(UserName=live.physical_id)["User"]
    return {
        "Path": user["Path"],
        "UserName": user["UserName"],
        "PermissionsBoundary": user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "Tags": user.get("Tags", []),
        **read_policies(iam, "User", live.physical_id),
    }


TYPES = (
    ResourceType(
        name="AWS::IAM::Role",
        shape=_ROLE,
        create=_create_role,
        update=_update_role,
        delete=_delete_role,
        read=_read_role,
        create_only=frozenset({"Path", "RoleName"}),
        attributes=frozenset({"Arn", "RoleId"}),
        tags="list",
        iam=True,
        named_by="RoleName",
    ),
    ResourceType(
        name="AWS::IAM::User",
        shape=_USER,
        create=_create_user,
        update=_update_user,
        delete=_delete_user,
        read=_read_user,
        create_only=frozenset({"UserName"}),
        attributes=frozenset({"Arn"}),
        tags="list",
        iam=True,
        named_by="UserName",
    ),
)
