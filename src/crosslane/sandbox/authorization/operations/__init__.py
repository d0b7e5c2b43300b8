"""The operation map: which IAM actions, on which resources, an API operation asks for.

Rows written by hand come first, each module with the pages it follows; everything else is derived from the service
authorization reference. Nothing here comes from the policies that crosslane writes, nor the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping

from crosslane.sandbox.authorization.operations import (
    apigateway,
    batches,
    cloudformation,
    delivery,
    events,
    iam,
    kms,
    passing,
    reads,
    s3,
    sts,
    tagging,
)
from crosslane.sandbox.authorization.operations.derived import derive
from crosslane.sandbox.authorization.operations.model import Facts, Row, Use
from crosslane.sandbox.request import Request

ROWS: Mapping[tuple[str, str], Row] = {
    **batches.ROWS,
    **cloudformation.ROWS,
    **delivery.ROWS,
    **events.ROWS,
    **iam.ROWS,
    **reads.ROWS,
    **s3.ROWS,
    **sts.ROWS,
}
"""By (botocore's service, operation)."""

SERVICES: Mapping[str, Row] = {"apigateway": apigateway.row, "apigatewayv2": apigateway.row, "kms": kms.row}
"""Services whose operations all follow one rule."""


class UnmappedError(Exception):
    """No IAM action is known for an operation, so that nobody can be allowed to call it."""


def uses_of(request: Request, facts: Facts) -> list[Use]:
    """What has to be allowed, in the order in which it is checked. Raises ``UnmappedError``."""
    row = ROWS.get((request.service, request.operation)) or SERVICES.get(request.service)
    found = derive(request, facts) if row is None else list(row(request, facts))
    if found is None:
        raise UnmappedError(f"{request.service}:{request.operation}")
    return [*found, *tagging.tagging_uses(request, facts, found), *passing.passed_roles(request, facts)]


__all__ = ["ROWS", "SERVICES", "Facts", "UnmappedError", "Use", "uses_of"]
