"""IAM: roles, users, inline and managed policies.

Properties and attributes: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
(2026-11-24).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    Live,
    Properties,
    ResourceType,
    found,
    gone,
    tag_changes,
)
from crosslane.sandbox.cloudformation.resources.shape import JSON, TAGS

_INLINE = [{"PolicyName*": str, "PolicyDocument*": JSON}]
_Kind = Literal["Role", "User", "Group"]


def _text(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


# --- inline and attached policies of roles and users ---------------------------------------------------------------


def _put(iam: Any, kind: _Kind, owner: str, name: str, document: Any) -> None:
    call = {"Role": iam.put_role_policy, "User": iam.put_user_policy, "Group": iam.put_group_policy}[kind]
    call(**{f"{kind}Name": owner}, PolicyName=name, PolicyDocument=_text(document))


def _remove(iam: Any, kind: _Kind, owner: str, name: str) -> None:
    call = {"Role": iam.delete_role_policy, "User": iam.delete_user_policy, "Group": iam.delete_group_policy}[kind]
    _unless_gone(lambda: call(**{f"{kind}Name": owner}, PolicyName=name))


def _attach(iam: Any, kind: _Kind, owner: str, arn: str) -> None:
    call = {"Role": iam.attach_role_policy, "User": iam.attach_user_policy, "Group": iam.attach_group_policy}[kind]
    call(**{f"{kind}Name": owner}, PolicyArn=arn)


def _detach(iam: Any, kind: _Kind, owner: str, arn: str) -> None:
    call = {"Role": iam.detach_role_policy, "User": iam.detach_user_policy, "Group": iam.detach_group_policy}[kind]
    _unless_gone(lambda: call(**{f"{kind}Name": owner}, PolicyArn=arn))


def _unless_gone(call: Any) -> None:
    try:
        call()
    except Exception as error:
        if not gone(error):
            raise


def _set_policies(iam: Any, kind: _Kind, owner: str, old: Properties, new: Properties) -> None:
    before = {item["PolicyName"]: item["PolicyDocument"] for item in old.get("Policies", ())}
    after = {item["PolicyName"]: item["PolicyDocument"] for item in new.get("Policies", ())}
    for arn in new.get("ManagedPolicyArns", ()):
        if arn not in old.get("ManagedPolicyArns", ()):
            _attach(iam, kind, owner, arn)
    for name, document in after.items():
        if before.get(name) != document:
            _put(iam, kind, owner, name, document)
    for name in before:
        if name not in after:
            _remove(iam, kind, owner, name)
    for arn in old.get("ManagedPolicyArns", ()):
        if arn not in new.get("ManagedPolicyArns", ()):
            _detach(iam, kind, owner, arn)


def _read_policies(iam: Any, kind: Literal["Role", "User"], owner: str) -> dict[str, Any]:
    given = {f"{kind}Name": owner}
    list_attached = iam.list_attached_role_policies if kind == "Role" else iam.list_attached_user_policies
    list_inline = iam.list_role_policies if kind == "Role" else iam.list_user_policies
    get_inline = iam.get_role_policy if kind == "Role" else iam.get_user_policy
    return {
        "ManagedPolicyArns": [item["PolicyArn"] for item in list_attached(**given)["AttachedPolicies"]],
        "Policies": [
            {"PolicyName": name, "PolicyDocument": get_inline(**given, PolicyName=name)["PolicyDocument"]}
            for name in list_inline(**given)["PolicyNames"]
        ],
    }


# --- AWS::IAM::Role ------------------------------------------------------------------------------------------------

_ROLE = {
    "AssumeRolePolicyDocument*": JSON,
    "Description": str,
    "ManagedPolicyArns": [str],
    "MaxSessionDuration": int,
    "Path": str,
    "PermissionsBoundary": str,
    "Policies": _INLINE,
    "RoleName": str,
    "Tags": TAGS,
}


def _create_role(context: Context, properties: Properties) -> Mapping[str, Any]:
    iam = context.client("iam")
    name = properties.get("RoleName") or context.name(64)
    taken = ("Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags")
    given = {key: properties[key] for key in taken if key in properties}
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=_text(properties["AssumeRolePolicyDocument"]), **given
    )["Role"]
    context.made(name)
    _set_policies(iam, "Role", name, {}, properties)
    return {"Arn": role["Arn"], "RoleId": role["RoleId"]}


def _update_role(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    iam, name, old = context.client("iam"), live.physical_id, live.properties
    if old["AssumeRolePolicyDocument"] != new["AssumeRolePolicyDocument"]:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=_text(new["AssumeRolePolicyDocument"]))
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
    _set_policies(iam, "Role", name, old, new)
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        iam.tag_role(RoleName=name, Tags=[{"Key": key, "Value": value} for key, value in changed.items()])
    if removed:
        iam.untag_role(RoleName=name, TagKeys=removed)
    return live.attributes


def _delete_role(context: Context, live: Live) -> None:
    iam, name = context.client("iam"), live.physical_id
    for arn in live.properties.get("ManagedPolicyArns", ()):
        _detach(iam, "Role", name, arn)
    for policy in live.properties.get("Policies", ()):
        _remove(iam, "Role", name, policy["PolicyName"])
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
        **_read_policies(iam, "Role", live.physical_id),
    }


# --- AWS::IAM::User ------------------------------------------------------------------------------------------------

_USER = {
    "Groups": [str],
    "ManagedPolicyArns": [str],
    "Path": str,
    "PermissionsBoundary": str,
    "Policies": _INLINE,
    "Tags": TAGS,
    "UserName": str,
}


def _create_user(context: Context, properties: Properties) -> Mapping[str, Any]:
    iam = context.client("iam")
    name = properties.get("UserName") or context.name(64)
    given = {key: properties[key] for key in ("Path", "PermissionsBoundary", "Tags") if key in properties}
    user = iam.create_user(UserName=name, **given)["User"]
    context.made(name)
    _set_policies(iam, "User", name, {}, properties)
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
    _set_policies(iam, "User", name, old, new)
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
        _detach(iam, "User", name, arn)
    for policy in live.properties.get("Policies", ()):
        _remove(iam, "User", name, policy["PolicyName"])
    for group in live.properties.get("Groups", ()):
        _unless_gone(lambda group=group: iam.remove_user_from_group(UserName=name, GroupName=group))
    iam.delete_user(UserName=name)


def _read_user(context: Context, live: Live) -> Properties | None:
    iam = context.client("iam")
    user = iam.get_user(UserName=live.physical_id)["User"]
    return {
        "Path": user["Path"],
        "UserName": user["UserName"],
        "PermissionsBoundary": user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "Tags": user.get("Tags", []),
        **_read_policies(iam, "User", live.physical_id),
    }


# --- AWS::IAM::Policy: one inline policy on roles, users and groups -----------------------------------------------

_OWNERS: tuple[tuple[str, _Kind], ...] = (("Roles", "Role"), ("Users", "User"), ("Groups", "Group"))
_POLICY = {"PolicyName*": str, "PolicyDocument*": JSON, "Roles": [str], "Users": [str], "Groups": [str]}


def _create_policy(context: Context, properties: Properties) -> Mapping[str, Any]:
    physical_id = context.name(128)
    context.made(physical_id)
    _spread_policy(context, {}, properties)
    return {"Id": physical_id}


def _spread_policy(context: Context, old: Properties, new: Properties) -> None:
    iam = context.client("iam")
    renamed = old.get("PolicyName") != new["PolicyName"]
    for member, kind in _OWNERS:
        for owner in new.get(member, ()):
            known = not renamed and owner in old.get(member, ())
            if not known or old["PolicyDocument"] != new["PolicyDocument"]:
                _put(iam, kind, owner, new["PolicyName"], new["PolicyDocument"])
        for owner in old.get(member, ()):
            if renamed or owner not in new.get(member, ()):
                _remove(iam, kind, owner, old["PolicyName"])


def _update_policy(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    _spread_policy(context, live.properties, new)
    return live.attributes


def _delete_policy(context: Context, live: Live) -> None:
    iam = context.client("iam")
    for member, kind in _OWNERS:
        for owner in live.properties.get(member, ()):
            _remove(iam, kind, owner, live.properties["PolicyName"])


def _read_policy(context: Context, live: Live) -> Properties | None:
    iam, name = context.client("iam"), live.properties["PolicyName"]
    for member, kind in _OWNERS:
        get = {"Role": iam.get_role_policy, "User": iam.get_user_policy, "Group": iam.get_group_policy}[kind]
        for owner in live.properties.get(member, ()):
            there = get(**{f"{kind}Name": owner}, PolicyName=name)
            if there["PolicyDocument"] != live.properties["PolicyDocument"]:
                return {"PolicyName": name, "PolicyDocument": there["PolicyDocument"]}
    return {"PolicyName": name, "PolicyDocument": live.properties["PolicyDocument"]}


# --- AWS::IAM::RolePolicy -----------------------------------------------------------------------------------------

_ROLE_POLICY = {"PolicyName*": str, "PolicyDocument": JSON, "RoleName*": str}


def _existing_role_policy(context: Context, properties: Properties) -> str | None:
    name, role = properties["PolicyName"], properties["RoleName"]
    look = context.client("iam").get_role_policy
    return f"{name}|{role}" if found(lambda: look(RoleName=role, PolicyName=name)) else None


def _create_role_policy(context: Context, properties: Properties) -> Mapping[str, Any]:
    iam = context.client("iam")
    _put(iam, "Role", properties["RoleName"], properties["PolicyName"], properties.get("PolicyDocument", {}))
    context.made(f"{properties['PolicyName']}|{properties['RoleName']}")
    return {}


def _update_role_policy(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    _put(context.client("iam"), "Role", new["RoleName"], new["PolicyName"], new.get("PolicyDocument", {}))
    return live.attributes


def _delete_role_policy(context: Context, live: Live) -> None:
    name, role = live.physical_id.split("|", 1)
    context.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _read_role_policy(context: Context, live: Live) -> Properties | None:
    name, role = live.physical_id.split("|", 1)
    there = context.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"PolicyName": name, "RoleName": role, "PolicyDocument": there["PolicyDocument"]}


# --- AWS::IAM::ManagedPolicy --------------------------------------------------------------------------------------

_MANAGED_POLICY = {
    "Description": str,
    "Groups": [str],
    "ManagedPolicyName": str,
    "Path": str,
    "PolicyDocument*": JSON,
    "Roles": [str],
    "Users": [str],
}
_VERSIONS_KEPT = 5
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html (2026-11-24)"""


def _create_managed_policy(context: Context, properties: Properties) -> Mapping[str, Any]:
    iam = context.client("iam")
    name = properties.get("ManagedPolicyName") or context.name(128)
    given = {key: properties[key] for key in ("Description", "Path") if key in properties}
    policy = iam.create_policy(PolicyName=name, PolicyDocument=_text(properties["PolicyDocument"]), **given)["Policy"]
    context.made(policy["Arn"])
    _spread_managed_policy(iam, policy["Arn"], {}, properties)
    return _managed_policy_attributes(policy)


def _managed_policy_attributes(policy: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "PolicyArn": policy["Arn"],
        "PolicyId": policy["PolicyId"],
        "DefaultVersionId": policy["DefaultVersionId"],
        "IsAttachable": "true",
    }


def _spread_managed_policy(iam: Any, arn: str, old: Properties, new: Properties) -> None:
    for member, kind in _OWNERS:
        for owner in new.get(member, ()):
            if owner not in old.get(member, ()):
                _attach(iam, kind, owner, arn)
        for owner in old.get(member, ()):
            if owner not in new.get(member, ()):
                _detach(iam, kind, owner, arn)


def _update_managed_policy(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    iam, arn = context.client("iam"), live.physical_id
    attributes = dict(live.attributes)
    if live.properties["PolicyDocument"] != new["PolicyDocument"]:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= _VERSIONS_KEPT:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=_text(new["PolicyDocument"]), SetAsDefault=True)
        attributes["DefaultVersionId"] = made["PolicyVersion"]["VersionId"]
    _spread_managed_policy(iam, arn, live.properties, new)
    return attributes


def _delete_managed_policy(context: Context, live: Live) -> None:
    iam, arn = context.client("iam"), live.physical_id
    for member, kind in _OWNERS:
        for owner in live.properties.get(member, ()):
            _detach(iam, kind, owner, arn)
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def _read_managed_policy(context: Context, live: Live) -> Properties | None:
    iam, arn = context.client("iam"), live.physical_id
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return {
        "ManagedPolicyName": policy["PolicyName"],
        "Path": policy["Path"],
        "PolicyDocument": version["Document"],
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
    ResourceType(
        name="AWS::IAM::Policy",
        shape=_POLICY,
        create=_create_policy,
        update=_update_policy,
        delete=_delete_policy,
        read=_read_policy,
        attributes=frozenset({"Id"}),
        iam=True,
    ),
    ResourceType(
        name="AWS::IAM::RolePolicy",
        shape=_ROLE_POLICY,
        create=_create_role_policy,
        update=_update_role_policy,
        delete=_delete_role_policy,
        read=_read_role_policy,
        existing=_existing_role_policy,
        create_only=frozenset({"PolicyName", "RoleName"}),
        iam=True,
    ),
    ResourceType(
        name="AWS::IAM::ManagedPolicy",
        shape=_MANAGED_POLICY,
        create=_create_managed_policy,
        update=_update_managed_policy,
        delete=_delete_managed_policy,
        read=_read_managed_policy,
        create_only=frozenset({"Description", "ManagedPolicyName", "Path"}),
        attributes=frozenset({"DefaultVersionId", "IsAttachable", "PolicyArn", "PolicyId"}),
        iam=True,
        named_by="ManagedPolicyName",
    ),
)
