"""IAM where moto lacks an operation or keeps less than AWS does: boundaries of users, attachments, versions."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from moto.core.exceptions import ServiceException
from moto.iam.models import User
from moto.iam.policy_validation import VALID_RESOURCE_PATH_STARTING_VALUES, IAMPolicyDocumentValidator

from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.services.iam_policies import AwsManagedPolicies
from crosslane.sandbox.services.iam_rules import require_boundary
from crosslane.sandbox.store import Store

_ID_ALPHABET = string.ascii_uppercase + "234567"
ATTACHED_POLICIES = 10
"""Managed policies of one user, group or role, unless raised
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""


def handlers(store: Store, managed: AwsManagedPolicies) -> dict[tuple[str, str], Handler]:
    """Operations that are answered here; all others of IAM are moto's."""
    _accept_whole_account_resources()
    _accept_policies_without_version()

    answered: dict[str, Handler] = {
        "CreateUser": partial(_create_user, store),
        "PutUserPermissionsBoundary": partial(_put_boundary, store),
        "DeleteUserPermissionsBoundary": partial(_delete_boundary, store),
        "UpdateRole": partial(_update_role, store),
        "ListPolicyVersions": partial(_list_policy_versions, store, managed),
        "AttachUserPolicy": partial(_attach, store, managed),
        "AttachRolePolicy": partial(_attach, store, managed),
        "AttachGroupPolicy": partial(_attach, store, managed),
    }
    return {("iam", operation): handler for operation, handler in answered.items()}


def _create_user(store: Store, request: Request) -> Mapping[str, Any]:
    parameters = request.parameters
    boundary = parameters.get("PermissionsBoundary")
    with store.locked():
        if boundary:
            require_boundary(store, request.account, boundary)
        iam = store.iam(request.account)
        try:
            iam._tag_verification(parameters.get("Tags", []))
            user = iam.create_user(
                request.region, parameters["UserName"], parameters.get("Path", "/"), parameters.get("Tags", [])
            )
        except ServiceException as error:
            raise ServiceError(str(error.code), str(error.message), 409) from error
        # moto's ids of users do not look like AWS's, which policies may refer to.
        user.id = "AIDA" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(17))
        _set_boundary(user, boundary)
    answer: dict[str, Any] = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
        "Tags": user.tags or [],
    }
    if boundary:
        answer["PermissionsBoundary"] = _boundary(boundary)
    return {"User": answer}


def _put_boundary(store: Store, request: Request) -> Mapping[str, Any]:
    with store.locked():
        user = _user(store, request)
        boundary = str(request.parameters["PermissionsBoundary"])
        require_boundary(store, request.account, boundary)
        _set_boundary(user, boundary)
    return {}


def _delete_boundary(store: Store, request: Request) -> Mapping[str, Any]:
    with store.locked():
        user = _user(store, request)
        if getattr(user, "permissions_boundary", None) is None:
            raise _missing(f"Permissions boundary of user {user.name} cannot be found.")
        _set_boundary(user, None)
    return {}


def _update_role(store: Store, request: Request) -> Mapping[str, Any]:
    with store.locked():
        role = _role(store, request)
        if "Description" in request.parameters:
            role.description = request.parameters["Description"]
        if "MaxSessionDuration" in request.parameters:
            role.max_session_duration = request.parameters["MaxSessionDuration"]
    return {}


def _list_policy_versions(store: Store, managed: AwsManagedPolicies, request: Request) -> Mapping[str, Any]:
    managed.require(request)
    policy = store.iam(request.account).managed_policies.get(request.parameters["PolicyArn"])
    if policy is None:
        raise _missing(f"Policy {request.parameters['PolicyArn']} does not exist or is not attachable.")
    newest_first = sorted(policy.versions, key=lambda version: -int(version.version_id[1:]))
    return {
        "Versions": [
            {"VersionId": one.version_id, "IsDefaultVersion": one.is_default, "CreateDate": one.create_date}
            for one in newest_first
        ],
        "IsTruncated": False,
    }


def _set_boundary(user: User, arn: str | None) -> None:
    """Where moto's answers to GetUser find it."""
    user.permissions_boundary = _boundary(arn) if arn else None  # type: ignore[attr-defined]


def _boundary(arn: str) -> Mapping[str, str]:
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}


def _attach(store: Store, managed: AwsManagedPolicies, request: Request) -> Mapping[str, Any]:
    managed.require(request)
    arn = str(request.parameters["PolicyArn"])
    with store.locked():
        kind, entity = _entity(store, request)
        policy = store.iam(request.account).managed_policies.get(arn)
        if policy is None:
            raise _missing(f"Policy {arn} does not exist or is not attachable.")
        held = entity.managed_policies
        if arn not in held and len(held) >= ATTACHED_POLICIES:
            raise ServiceError("LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind}: {ATTACHED_POLICIES}", 409)
        if arn not in held:
            policy.attach_to(entity)
    return {}


def _entity(store: Store, request: Request) -> tuple[str, Any]:
    if "UserName" in request.parameters:
        return "User", _user(store, request)
    if "RoleName" in request.parameters:
        return "Role", _role(store, request)
    name = request.parameters["GroupName"]
    group = store.iam(request.account).groups.get(name)
    if group is None:
        raise _missing(f"The group with name {name} cannot be found.")
    return "Group", group


def _user(store: Store, request: Request) -> User:
    name = request.parameters["UserName"]
    user = store.iam(request.account).users.get(name)
    if user is None:
        raise _missing(f"The user with name {name} cannot be found.")
    return user


def _role(store: Store, request: Request) -> Any:
    name = request.parameters["RoleName"]
    roles: Sequence[Any] = list(store.iam(request.account).roles.values())
    for role in roles:
        if role.name == name:
            return role
    raise _missing(f"The role with name {name} cannot be found.")


def _missing(message: str) -> ServiceError:
    return ServiceError("NoSuchEntity", message, 404)


def _accept_whole_account_resources() -> None:
    """Let ``arn:aws:iam::ACCOUNT:*`` be a resource: IAM's own message says that ``*`` is fine, moto refuses it."""
    accepted = VALID_RESOURCE_PATH_STARTING_VALUES["iam"]["values"]
    if "*" not in accepted:
        accepted.append("*")


def _accept_policies_without_version() -> None:
    """The element is optional (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html,
    2026-11-25), and SAM's policy templates leave it out; moto demands it."""

    def validate(self: Any) -> None:
        assert self._policy_json.get("Version", "2012-10-17") == "2012-10-17"

    IAMPolicyDocumentValidator._validate_version = validate  # type: ignore[method-assign]
