"""IAM: inline policies and managed policies that are resources of their own.

Properties and attributes: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
(2026-11-24).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.iam_attached import Kind, attach, detach, policy_text, put, remove
from crosslane.sandbox.cloudformation.resources.model import Context, Live, Properties, ResourceType, found
from crosslane.sandbox.cloudformation.resources.shape import JSON

# --- AWS::IAM::Policy: one inline policy on roles, users and groups -----------------------------------------------

_OWNERS: tuple[tuple[str, Kind], ...] = (("Roles", "Role"), ("Users", "User"), ("Groups", "Group"))
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
                put(iam, kind, owner, new["PolicyName"], new["PolicyDocument"])
        for owner in old.get(member, ()):
            if renamed or owner not in new.get(member, ()):
                remove(iam, kind, owner, old["PolicyName"])


def _update_policy(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    _spread_policy(context, live.properties, new)
    return live.attributes


def _delete_policy(context: Context, live: Live) -> None:
    iam = context.client("iam")
    for member, kind in _OWNERS:
        for owner in live.properties.get(member, ()):
            remove(iam, kind, owner, live.properties["PolicyName"])


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
    put(iam, "Role", properties["RoleName"], properties["PolicyName"], properties.get("PolicyDocument", {}))
    context.made(f"{properties['PolicyName']}|{properties['RoleName']}")
    return {}


def _update_role_policy(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    put(context.client("iam"), "Role", new["RoleName"], new["PolicyName"], new.get("PolicyDocument", {}))
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
    policy = iam.create_policy(PolicyName=name, PolicyDocument=policy_text(properties["PolicyDocument"]), **given)[
        "Policy"
    ]
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
                attach(iam, kind, owner, arn)
        for owner in old.get(member, ()):
            if owner not in new.get(member, ()):
                detach(iam, kind, owner, arn)


def _update_managed_policy(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    iam, arn = context.client("iam"), live.physical_id
    attributes = dict(live.attributes)
    if live.properties["PolicyDocument"] != new["PolicyDocument"]:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= _VERSIONS_KEPT:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        made = iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=policy_text(new["PolicyDocument"]), SetAsDefault=True
        )
        attributes["DefaultVersionId"] = made["PolicyVersion"]["VersionId"]
    _spread_managed_policy(iam, arn, live.properties, new)
    return attributes


def _delete_managed_policy(context: Context, live: Live) -> None:
    iam, arn = context.client("iam"), live.physical_id
    for member, kind in _OWNERS:
        for owner in live.properties.get(member, ()):
            detach(iam, kind, owner, arn)
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
