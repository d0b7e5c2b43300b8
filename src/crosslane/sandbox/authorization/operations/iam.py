"""IAM: the ARN, with its path, of the user, role, group or policy that a call names, and the boundary it speaks of.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html;
``iam:PermissionsBoundary`` is the new boundary where the call sets one, else the boundary the user or role has:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html (2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosslane.sandbox.authorization.operations.derived import condition_keys
from crosslane.sandbox.authorization.operations.model import Facts, Row, Use, Values
from crosslane.sandbox.request import Request

_SETTING = ("CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary")
_OPERATIONS = {
    "role": (
        "AddRoleToInstanceProfile",
        "AttachRolePolicy",
        "CreateRole",
        "DeleteRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "GetRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole",
        "ListRolePolicies",
        "ListRoleTags",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
        "UpdateRoleDescription",
    ),
    "user": (
        "AddUserToGroup",
        "AttachUserPolicy",
        "ChangePassword",
        "CreateAccessKey",
        "CreateLoginProfile",
        "CreateUser",
        "DeactivateMFADevice",
        "DeleteAccessKey",
        "DeleteLoginProfile",
        "DeleteSSHPublicKey",
        "DeleteServiceSpecificCredential",
        "DeleteSigningCertificate",
        "DeleteUser",
        "DeleteUserPermissionsBoundary",
        "DeleteUserPolicy",
        "DetachUserPolicy",
        "EnableMFADevice",
        "GetLoginProfile",
        "GetSSHPublicKey",
        "GetUser",
        "GetUserPolicy",
        "ListAccessKeys",
        "ListAttachedUserPolicies",
        "ListGroupsForUser",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
        "ListUserPolicies",
        "ListUserTags",
        "PutUserPermissionsBoundary",
        "PutUserPolicy",
        "RemoveUserFromGroup",
        "TagUser",
        "UntagUser",
        "UpdateAccessKey",
        "UpdateLoginProfile",
        "UpdateUser",
        "UploadSSHPublicKey",
    ),
    "group": (
        "AttachGroupPolicy",
        "CreateGroup",
        "DeleteGroup",
        "DeleteGroupPolicy",
        "DetachGroupPolicy",
        "GetGroup",
        "GetGroupPolicy",
        "ListAttachedGroupPolicies",
        "ListGroupPolicies",
        "PutGroupPolicy",
        "UpdateGroup",
    ),
}
_OF_GROUP = ("AddUserToGroup", "RemoveUserFromGroup")
"""Have a user among their parameters, but are for the group."""

_KEYS = {"role": "RoleName", "user": "UserName", "group": "GroupName"}


def _on_entity(kind: str) -> Row:
    key = _KEYS[kind]

    def row(request: Request, facts: Facts) -> Iterator[Use]:
        given = request.parameters
        name = str(given.get(key) or facts.user_name(request.caller.access_key) or "*")
        operation = request.operation
        action = f"iam:{operation}"
        context = _context(action, kind, name, request, facts)
        if operation.startswith("Create") and operation in ("CreateRole", "CreateUser", "CreateGroup"):
            path = str(given.get("Path") or "/")
            resource = f"arn:{facts.partition}:iam::{request.account}:{kind}{path}{name}"
            yield Use(action, resource, context=context)
            return
        # IAM's messages name what exists by kind and name: "on resource: role NAME".
        yield Use(action, facts.entity(request.account, kind, name), context=context, shown=f"{kind} {name}")

    return row


def _on_keys_user(request: Request, facts: Facts) -> Iterator[Use]:
    """The key's user, who may be allowed to see to their own keys alone.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access-keys_required-permissions.html (2026-11)
    """
    name = facts.user_name(str(request.parameters.get("AccessKeyId", ""))) or "*"
    yield Use("iam:GetAccessKeyLastUsed", facts.entity(request.account, "user", name), shown=f"user {name}")


def _context(action: str, kind: str, name: str, request: Request, facts: Facts) -> dict[str, Values]:
    keys = condition_keys(action)
    context: dict[str, Values] = {}
    if "iam:PermissionsBoundary" in keys:
        given = request.parameters.get("PermissionsBoundary") if request.operation in _SETTING else None
        boundary = given if request.operation in _SETTING else facts.boundary(request.account, kind, name)
        if boundary:
            context["iam:PermissionsBoundary"] = str(boundary)
    if "iam:PolicyARN" in keys and request.parameters.get("PolicyArn"):
        context["iam:PolicyARN"] = str(request.parameters["PolicyArn"])
    return context


def _membership(request: Request, facts: Facts) -> Iterator[Use]:
    name = str(request.parameters.get("GroupName", "*"))
    yield Use(f"iam:{request.operation}", facts.entity(request.account, "group", name), shown=f"group {name}")


def _on_policy(request: Request, facts: Facts) -> Iterator[Use]:
    given = request.parameters
    named = given.get("PolicyArn")
    if named is None:
        name = f"{given.get('Path') or '/'}{given.get('PolicyName', '*')}"
        named = f"arn:{facts.partition}:iam::{request.account}:policy{name}"
        yield Use(f"iam:{request.operation}", named, shown=f"policy {given.get('PolicyName')}")
        return
    yield Use(f"iam:{request.operation}", str(named), shown=f"policy {named}")


def _list(kind: str) -> Row:
    def row(request: Request, facts: Facts) -> Iterator[Use]:
        path = str(request.parameters.get("PathPrefix") or "/")
        resource = f"arn:{facts.partition}:iam::{request.account}:{kind}{path}"
        if kind == "policy":
            yield Use(f"iam:{request.operation}", resource, shown=f"policy path {path}")
        else:
            yield Use(f"iam:{request.operation}", resource)

    return row


def _linked_role(request: Request, facts: Facts) -> Iterator[Use]:
    service = str(request.parameters.get("AWSServiceName", ""))
    suffix = request.parameters.get("CustomSuffix")
    name = f"aws-service-role/{service}/AWSServiceRoleFor*{f'_{suffix}' if suffix else ''}"
    resource = f"arn:{facts.partition}:iam::{request.account}:role/{name}"
    yield Use("iam:CreateServiceLinkedRole", resource, context={"iam:AWSServiceName": service})


def _provider(kind: str, key: str) -> Row:
    def row(request: Request, facts: Facts) -> Iterator[Use]:
        named = request.parameters.get(key)
        if named is None:
            url = str(request.parameters.get("Url") or request.parameters.get("Name") or "*")
            named = f"arn:{facts.partition}:iam::{request.account}:{kind}/{url.partition('://')[2] or url}"
        yield Use(f"iam:{request.operation}", str(named))

    return row


def _simulate(request: Request, facts: Facts) -> Iterator[Use]:
    yield Use("iam:SimulatePrincipalPolicy", str(request.parameters.get("PolicySourceArn", "*")))


def _by(operations: tuple[str, ...], row: Row) -> dict[tuple[str, str], Row]:
    return {("iam", operation): row for operation in operations}


def _profile(request: Request, facts: Facts) -> Iterator[Use]:
    name = str(request.parameters.get("InstanceProfileName", "*"))
    path = str(request.parameters.get("Path") or "/")
    resource = f"arn:{facts.partition}:iam::{request.account}:instance-profile{path}{name}"
    yield Use(f"iam:{request.operation}", resource, shown=f"instance profile {name}")


def _device(request: Request, facts: Facts) -> Iterator[Use]:
    path, name = str(request.parameters.get("Path") or "/"), request.parameters.get("VirtualMFADeviceName", "*")
    named = request.parameters.get("SerialNumber") or f"arn:{facts.partition}:iam::{request.account}:mfa{path}{name}"
    yield Use(f"iam:{request.operation}", str(named))


def _rows() -> dict[tuple[str, str], Row]:
    found: dict[tuple[str, str], Row] = {}
    for kind, operations in _OPERATIONS.items():
        found |= _by(tuple(one for one in operations if one not in _OF_GROUP), _on_entity(kind))
    found |= _by(_OF_GROUP, _membership)
    on_policy: tuple[str, ...] = ("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion")
    on_policy += ("GetPolicy", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyTags", "ListPolicyVersions")
    on_policy += ("SetDefaultPolicyVersion", "TagPolicy", "UntagPolicy")
    found |= _by(on_policy, _on_policy)
    lists: dict[str, str] = {"ListRoles": "role", "ListUsers": "user", "ListGroups": "group", "ListPolicies": "policy"}
    for operation, kind in lists.items():
        found["iam", operation] = _list(kind)
    profiles = ("CreateInstanceProfile", "DeleteInstanceProfile", "GetInstanceProfile", "TagInstanceProfile")
    found |= _by((*profiles, "AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"), _profile)
    found |= _by(("CreateVirtualMFADevice", "DeleteVirtualMFADevice"), _device)
    found["iam", "GetAccessKeyLastUsed"] = _on_keys_user
    found["iam", "CreateServiceLinkedRole"] = _linked_role
    found["iam", "SimulatePrincipalPolicy"] = _simulate
    for kind, key, operations in (
        ("oidc-provider", "OpenIDConnectProviderArn", ("Create", "Delete", "Get", "Tag", "AddClientIDTo")),
        ("saml-provider", "SAMLProviderArn", ("Create", "Delete", "Get", "Update", "Tag")),
    ):
        stem = "OpenIDConnectProvider" if kind == "oidc-provider" else "SAMLProvider"
        found |= _by(tuple(f"{verb}{stem}" for verb in operations), _provider(kind, key))
    return found


ROWS: Mapping[tuple[str, str], Row] = _rows()
