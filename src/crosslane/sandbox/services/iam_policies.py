"""AWS-managed policies, brought into an account when a request names them: all of them take more than a second."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from moto.iam.models import AWSManagedPolicy

from crosslane.sandbox.request import Request
from crosslane.sandbox.store import Store

_AWS_POLICY = re.compile(r"arn:[^:]+:iam::aws:policy(?P<path>/(?:.*/)?)(?P<name>[^/]+)")


class AwsManagedPolicies:
    """Fills the accounts' policies from moto's copy of AWS's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def require(self, request: Request) -> None:
        """The AWS-managed policy that the request's ``PolicyArn`` names, if AWS has such."""
        self.require_arn(request.account, str(request.parameters.get("PolicyArn", "")))

    def require_arn(self, account: str, arn: str) -> None:
        """The AWS-managed policy of this ARN, if AWS has such."""
        held = self._store.iam(account).managed_policies
        found = _AWS_POLICY.fullmatch(arn)
        if found is None or arn in held:
            return
        data = _all().get(found["name"])
        if data is not None and data["Path"] == found["path"]:
            self._add(account, found["name"], data)

    def require_all(self, account: str) -> None:
        """Every AWS-managed policy: what a listing of all policies has to show."""
        for name, data in _all().items():
            self._add(account, name, data)

    def _add(self, account: str, name: str, data: dict[str, Any]) -> None:
        iam = self._store.iam(account)
        policy = AWSManagedPolicy.from_data(name, account, iam.region_name, data)
        iam.managed_policies.setdefault(policy.arn, policy)


@cache
def _all() -> dict[str, dict[str, Any]]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    policies: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return policies
