"""The decision: AWS's policy evaluation logic, in its own order.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html (2026-11-24).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crosslane.iam.document import Policy
from crosslane.iam.layers import LAYERS, Layers
from crosslane.iam.matching import StatementSet
from crosslane.iam.outcome import Outcome
from crosslane.iam.principal import Grant, PrincipalKind
from crosslane.iam.request import Request
from crosslane.iam.services.kms import needs_key_policy
from crosslane.iam.services.organizations import has_rcps, rcps_bind, scps_bind
from crosslane.iam.services.s3 import as_evaluated, blocks_public_access, is_owner_at_bucket_policy
from crosslane.iam.services.sts import needs_no_permission, needs_trust_policy

_ALLOWED, _EXPLICIT, _IMPLICIT = Outcome.ALLOWED, Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY
_new = tuple.__new__  # a third of the time of the named tuple's own constructor


class Decision(NamedTuple):
    """The answer to one request. ``explain`` finds the statements behind it when they are asked for."""

    outcome: Outcome
    results: tuple[Outcome | None, ...]
    """One entry a layer, in the order of ``LAYERS``; None where a layer has no say."""
    grant: Grant
    """How directly the resource policy allows the principal."""
    request: Request
    policies: Layers

    @property
    def allowed(self) -> bool:
        return self.outcome is _ALLOWED

    @property
    def layers(self) -> dict[str, Outcome]:
        """The result of each layer that has a say."""
        return {name: result for name, result in zip(LAYERS, self.results, strict=True) if result is not None}


def decide(request: Request, policies: Layers) -> Decision:
    """Whether AWS would allow the request under these policies. Never raises for parsed input."""
    if request.resource == "*":
        request = as_evaluated(request)
    principal = request.principal
    # 1. Each layer by itself.
    identity = evaluate(policies.identity, request)
    resource: Outcome | None = None
    grant = Grant.NONE
    if policies.resource is not None:
        resource, grant = evaluate_resource(policies.resource, request, policies.boundary is not None)
        if resource is _EXPLICIT and is_owner_at_bucket_policy(request):
            resource = None
    session = None if policies.session is None else evaluate(policies.session, request)
    boundary = None if policies.boundary is None else evaluate(policies.boundary, request)
    scp = _by_level(policies.scps, request) if policies.scps and scps_bind(request) else None
    rcp = _restrictions(policies.rcps, request) if policies.rcps and rcps_bind(request) else None
    vpce = None
    if policies.vpc_endpoint is not None:
        vpce = evaluate_resource(policies.vpc_endpoint, request)[0]
    if principal.kind is PrincipalKind.ROOT and identity is _IMPLICIT:
        identity = _ALLOWED  # "with the exception of the AWS account root user, which has full access"
    results = (identity, resource, session, boundary, scp, rcp, vpce)
    # 2. An explicit deny anywhere is final; SCPs and the endpoint have to allow; then identity and resource policies.
    if needs_no_permission(request):
        outcome = _ALLOWED
    elif (
        identity is _EXPLICIT
        or resource is _EXPLICIT
        or session is _EXPLICIT
        or boundary is _EXPLICIT
        or scp is _EXPLICIT
        or rcp is _EXPLICIT
        or vpce is _EXPLICIT
    ):
        outcome = _EXPLICIT
    elif scp is _IMPLICIT or vpce is _IMPLICIT or not _granted(request, identity, grant, session, boundary):
        outcome = _IMPLICIT
    elif policies.block_public_access and blocks_public_access(request, _resource_policy(policies)):
        outcome = _EXPLICIT
    else:
        outcome = _ALLOWED
    return _new(Decision, (outcome, results, grant, request, policies))


def decide_many(requests: Iterable[Request], policies: Layers) -> Iterator[Decision]:
    """The decision for each request, in order, under one set of policies."""
    for request in requests:
        yield decide(request, policies)


def _granted(
    request: Request, identity: Outcome, grant: Grant, session: Outcome | None, boundary: Outcome | None
) -> bool:
    """Whether identity and resource policies together allow, where nothing denies explicitly."""
    account = request.principal.account
    if account is None:
        return grant is not Grant.NONE
    limits = session is not _IMPLICIT and boundary is not _IMPLICIT
    allowed = identity is _ALLOWED and limits
    if account != request.account:
        # Both accounts have to allow.
        return allowed and grant is not Grant.NONE
    if grant is Grant.DIRECT:
        # "Permissions granted directly to a session are not limited by an implicit deny in an identity-based policy,
        # a permissions boundary, or session policy"; the same for a user, and for everyone.
        return True
    if grant is Grant.ENTITY:
        return limits
    if needs_key_policy(request) or needs_trust_policy(request):
        return allowed and grant is Grant.ACCOUNT
    return allowed


def evaluate(statements: StatementSet, request: Request) -> Outcome:
    """What policies without principals say: a Deny that applies, else an Allow that applies, else nothing."""
    denies, allows, settled = statements.by_action.get(request.action) or statements.candidates(request.action)
    if settled is not None:
        return settled
    for one in denies:
        if one.applies(request):
            return _EXPLICIT
    for one in allows:
        if one.applies(request):
            return _ALLOWED
    return _IMPLICIT


def evaluate_resource(statements: StatementSet, request: Request, bounded: bool = False) -> tuple[Outcome, Grant]:
    """What policies with principals say, and how directly they allow the principal of the request.

    ``bounded``: whether the principal has a permissions boundary. "The NotPrincipal element with a Deny effect will
    always deny any IAM principal that has a permissions boundary policy attached, regardless of the values specified":
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html (2026-11-24).
    """
    denies, allows, _ = statements.by_action.get(request.action) or statements.candidates(request.action)
    principal, context = request.principal, request.context
    for one in denies:
        names = one.principal
        if names is None or not (names.grant(principal, context) or (bounded and names.negated)):
            continue
        if one.applies(request):
            return _EXPLICIT, Grant.NONE
    best = Grant.NONE
    for one in allows:
        if one.principal is None:
            continue
        grant = one.principal.grant(principal, context)
        if grant > best and one.applies(request):
            best = grant
            if best is Grant.DIRECT:
                break
    return (_IMPLICIT if best is Grant.NONE else _ALLOWED), best


def _by_level(levels: tuple[StatementSet, ...], request: Request) -> Outcome:
    """Service control policies: every level from the root to the account has to allow."""
    outcome = _ALLOWED
    for level in levels:
        found = evaluate(level, request)
        if found is _EXPLICIT:
            return found
        if found is _IMPLICIT:
            outcome = found
    return outcome


def _restrictions(levels: tuple[StatementSet, ...], request: Request) -> Outcome:
    """Resource control policies: AWS attaches RCPFullAWSAccess to every level, so that only a Deny matters."""
    for level in levels:
        for one in level.candidates(request.action)[0]:
            principal = one.principal
            if (principal is None or principal.grant(request.principal, request.context)) and one.applies(request):
                return _EXPLICIT if has_rcps(request.service) else _ALLOWED
    return _ALLOWED


def _resource_policy(policies: Layers) -> Policy | None:
    return None if policies.resource is None else policies.resource.policies[0]
