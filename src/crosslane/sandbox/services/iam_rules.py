"""What IAM refuses and moto lets pass: quotas, conflicts on deletion, principals and boundaries that do not exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from moto.core.exceptions import ServiceException
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from crosslane.sandbox.identities import Identities, Kind
from crosslane.sandbox.principals import Known, unknown_principals
from crosslane.sandbox.request import Request, ServiceError
from crosslane.sandbox.services.iam_policies import AwsManagedPolicies
from crosslane.sandbox.store import Store

Check = Callable[[Request], None]
MANAGED_POLICY_CHARACTERS = 6144
TRUST_POLICY_CHARACTERS = 2048
INLINE_CHARACTERS: Mapping[str, tuple[str, int]] = {
    "PutUserPolicy": ("user", 2048),
    "PutRolePolicy": ("role", 10240),
    "PutGroupPolicy": ("group", 5120),
}
"""Sizes without white space; inline policies count together
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, 2026-10)."""

_OF_OWN_USER = (
    "GetUser",
    "CreateAccessKey",
    "DeleteAccessKey",
    "ListAccessKeys",
    "UpdateAccessKey",
    "ListMFADevices",
    "ListSigningCertificates",
    "ListSSHPublicKeys",
    "GetLoginProfile",
)
_CHANGING_A_ROLE = (
    "AttachRolePolicy",
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "TagRole",
    "UntagRole",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
    "UpdateRoleDescription",
)
_WITH_POLICY_ARN = (
    "GetPolicy",
    "GetPolicyVersion",
    "DetachUserPolicy",
    "DetachRolePolicy",
    "DetachGroupPolicy",
    "ListEntitiesForPolicy",
)


def checks(
    store: Store, identities: Identities, managed: AwsManagedPolicies, known: Known
) -> dict[tuple[str, str], Sequence[Check]]:
    """What is looked at before an operation of IAM is carried out."""

    def managed_size(request: Request) -> None:
        if _length(request.parameters.get("PolicyDocument", "")) > MANAGED_POLICY_CHARACTERS:
            raise _exceeded(f"Cannot exceed quota for PolicySize: {MANAGED_POLICY_CHARACTERS}")

    def trust(request: Request) -> None:
        document = request.parameters.get("AssumeRolePolicyDocument") or request.parameters.get("PolicyDocument", "")
        _check_trust(store, str(document), known)

    def boundary(request: Request) -> None:
        arn = request.parameters.get("PermissionsBoundary")
        if arn:
            managed.require_arn(request.account, arn)
            require_boundary(store, request.account, arn)

    def own_user(request: Request) -> None:
        identity = identities.find(request.caller.access_key or "")
        if "UserName" not in request.parameters and (identity is None or identity.kind is not Kind.USER):
            raise ServiceError("ValidationError", "Must specify userName when calling with non-User credentials")
        if identity is not None and identity.kind is Kind.USER and identity.credentials.token:
            # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html: no IAM without MFA.
            raise ServiceError("InvalidClientTokenId", "The security token included in the request is invalid", 403)

    def load_all(request: Request) -> None:
        if request.parameters.get("Scope", "All") in ("All", "AWS"):
            managed.require_all(request.account)

    by_operation: dict[str, tuple[Check, ...]] = {}
    for operations, check in (
        (_CHANGING_A_ROLE, partial(_check_protected_role, store)),
        (("CreatePolicy", "CreatePolicyVersion"), managed_size),
        (INLINE_CHARACTERS, partial(_check_inline_size, store)),
        (("CreateRole", "UpdateAssumeRolePolicy"), trust),
        (("CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary"), boundary),
        (("DeletePolicy",), partial(_check_policy_removal, store)),
        (("DeleteUser",), partial(_check_user_removal, store)),
        (("ListPolicies",), load_all),
        (_OF_OWN_USER, own_user),
        (_WITH_POLICY_ARN, managed.require),
    ):
        for operation in operations:
            by_operation[operation] = (*by_operation.get(operation, ()), check)
    return {("iam", operation): found for operation, found in by_operation.items()}


def require_boundary(store: Store, account: str, arn: str) -> None:
    """Refuses a permissions boundary that is no managed policy of the account or of AWS."""
    if arn not in store.iam(account).managed_policies:
        raise ServiceError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)


def _check_protected_role(store: Store, request: Request) -> None:
    """https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html: roles of a sign-in
    are changed by Identity Center only."""
    name = request.parameters["RoleName"]
    roles = list(store.iam(request.account).roles.values())
    if any(role.name == name and role.path.startswith("/aws-reserved/") for role in roles):
        message = f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        raise ServiceError("UnmodifiableEntity", message)


def _check_inline_size(store: Store, request: Request) -> None:
    kind, most = INLINE_CHARACTERS[request.operation]
    iam = store.iam(request.account)
    name = next(
        (request.parameters[key] for key in ("UserName", "RoleName", "GroupName") if key in request.parameters), ""
    )
    holders: Mapping[str, Sequence[Any]] = {
        "user": list(iam.users.values()),
        "role": list(iam.roles.values()),
        "group": list(iam.groups.values()),
    }
    own = request.parameters.get("PolicyName")
    held: Mapping[str, str] = next((holder.policies for holder in holders[kind] if holder.name == name), {})
    others = sum(_length(document) for policy, document in held.items() if policy != own)
    if others + _length(request.parameters.get("PolicyDocument", "")) > most:
        raise _exceeded(f"Maximum policy size of {most} bytes exceeded for {kind} {name}")


def _check_trust(store: Store, document: str, known: Known) -> None:
    if _length(document) > TRUST_POLICY_CHARACTERS:
        raise _exceeded(f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARACTERS}")
    try:
        IAMTrustPolicyDocumentValidator(document).validate()
    except ServiceException as error:
        raise ServiceError("MalformedPolicyDocument", str(error.message)) from error
    for kind, principal in unknown_principals(store, document, known):
        raise ServiceError("MalformedPolicyDocument", f'Invalid principal in policy: "{kind}":"{principal}"')


def _check_policy_removal(store: Store, request: Request) -> None:
    iam = store.iam(request.account)
    arn = request.parameters["PolicyArn"]
    policy = iam.managed_policies.get(arn)
    if policy is None:
        return
    entities: list[Any] = [*iam.users.values(), *iam.roles.values(), *iam.groups.values()]
    boundaries = [getattr(entity, "permissions_boundary", None) or {} for entity in entities]
    if any(arn in entity.managed_policies for entity in entities) or any(
        boundary.get("PermissionsBoundaryArn") == arn for boundary in boundaries
    ):
        raise _conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise _conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )


def _check_user_removal(store: Store, request: Request) -> None:
    iam = store.iam(request.account)
    user = iam.users.get(request.parameters["UserName"])
    if user is None:
        return
    obstacles = (
        (bool(user.access_keys), "must delete access keys first"),
        (bool(user.group_list), "must remove users from group first"),
        (bool(user.password), "must delete login profile first"),
        (bool(user.mfa_devices), "must delete MFA device first"),
        (bool(user.signing_certificates), "must delete signing certificates first"),
    )
    for stands, what in obstacles:
        if stands:
            raise _conflict(f"Cannot delete entity, {what}.")


def _length(document: object) -> int:
    return len(re.sub(r"\s", "", str(document)))


def _exceeded(message: str) -> ServiceError:
    return ServiceError("LimitExceeded", message, 409)


def _conflict(message: str) -> ServiceError:
    return ServiceError("DeleteConflict", message, 409)
