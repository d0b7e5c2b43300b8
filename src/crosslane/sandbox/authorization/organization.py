"""The organization as authorization sees it: each account's place, and the policies of every level above it.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html (2026-11). Policies
count while their type is enabled at the root, and never for the management account; RCPs not for its resources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.sandbox.authorization.policies import Named
from crosslane.sandbox.request import Request
from crosslane.sandbox.store import Store

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
_FULL_RCP = "p-RCPFullAWSAccess"


class Organizations:
    """Reads moto's state of the organization; what was read is kept until ``changed`` is called."""

    def __init__(self, store: Store, management: str) -> None:
        self._store = store
        self._management = management
        self._levels: dict[tuple[str, str], tuple[tuple[Named, ...], ...]] = {}
        self._paths: dict[str, str | None] = {}
        self._ids: tuple[str | None] | None = None
        self.changes = 0
        """Counts how often something changed."""

    def changed(self) -> None:
        """Forgets what was read: an account moved, or a policy was attached, detached, updated."""
        self._levels, self._paths, self._ids = {}, {}, None
        self.changes += 1

    def note(self, request: Request) -> None:
        """Looks at a request that was carried out."""
        if request.service == "organizations" and not request.operation.startswith(("List", "Describe")):
            self.changed()

    @property
    def id(self) -> str | None:
        """The organization's id (``o-…``)."""
        found = self._ids
        if found is None:
            org = self._state.org
            found = self._ids = (None if org is None else str(org.id),)
        return found[0]

    def path(self, account: str) -> str | None:
        """``o-…/r-…/ou-…/``, as ``aws:PrincipalOrgPaths`` has it; None outside of the organization."""
        if account not in self._paths:
            units = list(self._above(account))
            self._paths[account] = "/".join([str(self.id), *(unit.id for unit in units), ""]) if units else None
        return self._paths[account]

    def levels(self, account: str, kind: str) -> tuple[tuple[Named, ...], ...]:
        """The policies of a kind at each level, the root's first and the account's own last; empty if none count."""
        key = account, kind
        if key not in self._levels:
            self._levels[key] = tuple(self._read(account, kind))
        return self._levels[key]

    def _read(self, account: str, kind: str) -> Iterator[tuple[Named, ...]]:
        state = self._state
        units = list(self._above(account))
        if account == self._management or not units:
            return
        if not any(one["Type"] == kind for one in units[0].policy_types):
            return
        member = next(one for one in state.accounts if one.id == account)
        for holder in (*units, member):
            held = [policy for policy in holder.attached_policies if policy.type == kind and policy.id != _FULL_RCP]
            yield tuple((self._arn(policy), str(policy.content)) for policy in held)

    def _arn(self, policy: Any) -> str:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html"""
        kind = str(policy.type).lower()
        if policy.aws_managed:
            return f"arn:{self._store.partition}:organizations::aws:policy/{kind}/{policy.id}"
        return f"arn:{self._store.partition}:organizations::{self._management}:policy/{self.id}/{kind}/{policy.id}"

    def _above(self, account: str) -> list[Any]:
        """The root and the organizational units down to the account."""
        state = self._state
        if state.org is None:
            return []
        member = next((one for one in state.accounts if one.id == account), None)
        by_id: Mapping[str, Any] = {unit.id: unit for unit in state.ou}
        found: list[Any] = []
        parent = "" if member is None else str(member.parent_id)
        while parent in by_id:
            found.append(by_id[parent])
            parent = str(by_id[parent].parent_id)
        return found[::-1]

    @property
    def _state(self) -> Any:
        return self._store.backend("organizations", self._management, self._store.partition)
