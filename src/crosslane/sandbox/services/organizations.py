"""Organizations: all accounts of the sandbox are members of one, owned by an account that the config does not name.

moto keeps the organization in the management account's state; requests of members are sent there, if AWS lets members
make them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.core.utils import get_service_model
from moto.organizations import utils

from crosslane.sandbox.front import Check, Owner
from crosslane.sandbox.identity_center.accounts import Member
from crosslane.sandbox.request import Request, ServiceError
from crosslane.sandbox.store import Store

Key = tuple[str, str]

_OF_ANY_MEMBER = frozenset({"DescribeOrganization", "ListHandshakesForAccount", "LeaveOrganization"})
_CHANGING = ("Create", "Delete", "Update", "Attach", "Detach", "Enable", "Disable", "Move", "Close", "Remove")
_NEVER_NONE = ("SERVICE_CONTROL_POLICY",)
"""https://docs.aws.amazon.com/organizations/latest/userguide/orgs_policies_detach.html: one SCP stays attached"""
_DELEGATED_SERVICE = "ssm.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Organization:
    """``management`` is the account that owns it; ``id`` starts with ``o-``, ``root`` with ``r-``."""

    id: str
    root: str
    management: str


def management_account(members: Sequence[Member]) -> str:
    """An account id that none of the members has."""
    taken = {member.id for member in members}
    return next(digits for digit in "9876543210" if (digits := digit * 11 + "0") not in taken)


def establish(store: Store, members: Sequence[Member], management: str, seed: int) -> Organization:
    """Makes the organization with all members under its root. The first member, which holds the pipeline, is a
    delegated administrator, so that it can list the others."""
    state = store.backend("organizations", management, store.partition)
    digest = hashlib.sha256(f"organization:{seed}".encode()).hexdigest()
    with _ids(
        make_random_org_id=f"o-{digest[:10]}",
        make_random_root_id=f"r-{digest[10:14]}",
        make_random_account_id=management,
    ):
        state.create_organization(region=store.partition, FeatureSet="ALL")
    for member in members:
        with _ids(make_random_account_id=member.id):
            state.create_account(AccountName=member.name, Email=f"{member.id}@sandbox.invalid")
    for account in (management, *(member.id for member in members)):
        # Accounts that were invited have no such role, and nobody asked for one.
        store.iam(account).roles.clear()
    state.register_delegated_administrator(AccountId=members[0].id, ServicePrincipal=_DELEGATED_SERVICE)
    return Organization(state.org.id, state.org.root_id, management)


@contextmanager
def _ids(**chosen: str) -> Iterator[None]:
    """Lets moto take these ids instead of random ones: it has no other way to choose them."""
    kept = {name: getattr(utils, name) for name in chosen}
    for name, value in chosen.items():
        setattr(utils, name, lambda value=value: value)
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(utils, name, function)


def routes(store: Store, organization: Organization) -> tuple[dict[Key, Owner], dict[Key, Sequence[Check]]]:
    """Who may ask for what, and where it is kept.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html: each operation says whether
    members may call it; delegated administrators may read.
    """

    def owner(request: Request) -> str:
        return organization.management

    def allowed(request: Request) -> None:
        caller = request.caller.account
        if caller == organization.management or request.operation in _OF_ANY_MEMBER:
            return
        state = store.backend("organizations", organization.management, store.partition)
        delegated = any(admin.account.id == caller for admin in state.admins)
        if not delegated or request.operation.startswith(_CHANGING):
            message = "You don't have permissions to access this resource."
            raise ServiceError("AccessDeniedException", message)

    def attachable(request: Request) -> None:
        _check_attachment(store.backend("organizations", organization.management, store.partition), request)

    operations = get_service_model("organizations").operation_names
    checks: dict[Key, Sequence[Check]] = {("organizations", operation): (allowed,) for operation in operations}
    for operation in ("AttachPolicy", "DetachPolicy"):
        checks["organizations", operation] = (allowed, attachable)
    return {("organizations", operation): owner for operation in operations}, checks


def _check_attachment(state: Any, request: Request) -> None:
    """What moto lets through in silence: a policy of a type that is not enabled, twice the same, not there, the last.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html and API_DetachPolicy.html
    (2026-11-25)
    """
    target = str(request.parameters.get("TargetId"))
    policy = next((one for one in state.policies if one.id == request.parameters.get("PolicyId")), None)
    held = next((one.attached_policies for one in (*state.ou, *state.accounts) if one.id == target), None)
    if policy is None or held is None:
        return  # moto says so
    there = policy in held
    if request.operation == "DetachPolicy":
        if not there:
            raise ServiceError(
                "PolicyNotAttachedException",
                "The policy isn't attached to the specified target in the specified root.",
            )
        if policy.type in _NEVER_NONE and sum(one.type == policy.type for one in held) == 1:
            raise ServiceError(
                "ConstraintViolationException",
                "You cannot detach the last policy of this type: at least one must stay attached to the target.",
            )
        return
    root = next(one for one in state.ou if one.type == "ROOT")
    if not any(one["Type"] == policy.type for one in root.policy_types):
        raise ServiceError(
            "PolicyTypeNotEnabledException", "This operation can be performed only for enabled policy types."
        )
    if there:
        raise ServiceError(
            "DuplicatePolicyAttachmentException", "The selected policy is already attached to the specified target."
        )
