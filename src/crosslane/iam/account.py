"""Subjects from an account's authorization details, as ``aws iam get-account-authorization-details`` prints them.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html (2026-11-24). Policies may
be JSON objects, as the AWS CLI shows them, or URL-encoded text, as the API sends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from crosslane.iam.document import Policy, PolicyKind
from crosslane.iam.layers import Layers
from crosslane.iam.matching import StatementSet
from crosslane.iam.parse import parse_policy
from crosslane.iam.principal import Principal, PrincipalError
from crosslane.iam.query import Subject


class DetailsError(ValueError):
    """The value is no account authorization details."""


def subjects_of(details: Mapping[str, Any], scps: Sequence[Iterable[Policy]] = ()) -> list[Subject]:
    """Every user and role of the account, with its policies, groups' policies, boundary and tags.

    A role stands for a session of it. ``scps`` are the account's, one entry a level. Raises ``DetailsError``, or
    ``PolicyError`` for a policy that is none.
    """
    if not isinstance(details, Mapping) or not {"UserDetailList", "RoleDetailList"} & set(details):
        raise DetailsError("there is neither a UserDetailList nor a RoleDetailList")
    managed = _managed(details)
    levels = tuple([StatementSet(level) for level in scps])
    groups = {
        str(group.get("GroupName")): _own(group, "GroupPolicyList", managed)
        for group in _list(details, "GroupDetailList")
    }
    out = []
    for user in _list(details, "UserDetailList"):
        policies = _own(user, "UserPolicyList", managed)
        names = user.get("GroupList") or []
        if not isinstance(names, list):
            raise DetailsError("GroupList is no list")
        for name in names:
            policies.extend(groups.get(str(name), []))
        out.append(_subject(user, policies, managed, levels))
    for role in _list(details, "RoleDetailList"):
        out.append(_subject(role, _own(role, "RolePolicyList", managed), managed, levels))
    return out


def _subject(
    entity: Mapping[str, Any],
    policies: list[Policy],
    managed: Mapping[str, Policy],
    levels: tuple[StatementSet, ...],
) -> Subject:
    arn = str(entity.get("Arn"))
    is_role = ":role/" in arn
    try:
        if is_role:
            principal = Principal.session(arn, "session", f"{entity.get('RoleId')}:session")
        else:
            principal = Principal.parse(arn, str(entity.get("UserId")))
    except PrincipalError as error:
        raise DetailsError(str(error)) from None
    attached = entity.get("PermissionsBoundary") or {}
    if not isinstance(attached, Mapping):
        raise DetailsError("PermissionsBoundary is no object")
    boundary = attached.get("PermissionsBoundaryArn")
    layers = Layers(
        StatementSet(policies),
        boundary=None if boundary is None else StatementSet((_find(managed, str(boundary)),)),
        scps=levels,
    )
    tags = {f"aws:PrincipalTag/{tag.get('Key')}": str(tag.get("Value")) for tag in _list(entity, "Tags")}
    return Subject(principal, layers, tags, arn if is_role else None)


def _managed(details: Mapping[str, Any]) -> dict[str, Policy]:
    out = {}
    for policy in _list(details, "Policies"):
        arn = str(policy.get("Arn"))
        for version in _list(policy, "PolicyVersionList"):
            if version.get("IsDefaultVersion"):
                out[arn] = parse_policy(_document(version.get("Document")), PolicyKind.IDENTITY, arn)
    return out


def _find(managed: Mapping[str, Policy], arn: str) -> Policy:
    try:
        return managed[arn]
    except KeyError:
        raise DetailsError(f"policy {arn} is attached but not among Policies; was the output filtered?") from None


def _own(entity: Mapping[str, Any], inline: str, managed: Mapping[str, Policy]) -> list[Policy]:
    out = [_find(managed, str(one.get("PolicyArn"))) for one in _list(entity, "AttachedManagedPolicies")]
    for policy in _list(entity, inline):
        name = f"inline:{policy.get('PolicyName')}"
        out.append(parse_policy(_document(policy.get("PolicyDocument")), PolicyKind.IDENTITY, name))
    return out


def _document(found: Any) -> Any:
    return unquote(found) if isinstance(found, str) and found.startswith("%") else found


def _list(details: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    found = details.get(name) or []
    if not isinstance(found, list):
        raise DetailsError(f"{name} is no list")
    for one in found:
        if not isinstance(one, Mapping):
            raise DetailsError(f"{name} holds something that is no object")
        yield one
