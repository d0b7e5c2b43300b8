"""What a denied caller reads: each service's code, and AWS's words with the type of the policy behind it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html ("Access denied error message
examples"), https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html ("Access denied message
examples"), https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html (2026-11). Within an
organization the ARN of the policy with the explicit deny is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from crosslane.iam import LAYERS, Decision, Grant, Outcome
from crosslane.iam.services.kms import needs_key_policy
from crosslane.iam.services.sts import needs_trust_policy
from crosslane.sandbox.authorization.judge import Judgement
from crosslane.sandbox.request import ServiceError

_WORDS: Mapping[str, str] = {
    "identity": "identity-based policy",
    "resource": "resource-based policy",
    "session": "session policy",
    "boundary": "permissions boundary",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "vpce": "VPC endpoint policy",
}
_EXPLICIT_ORDER = ("rcp", "scp", "vpce", "resource", "identity", "boundary", "session")
"""The order of AWS's flow chart, in which the first deny is told
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html)."""

_WITHOUT_RESOURCE = frozenset({"cloudformation", "codecommit", "ec2", "organizations", "s3", "tag"})
"""Services whose messages leave the resource out where the action has none."""

_CODES: Mapping[str, tuple[str, int]] = {
    "query": ("AccessDenied", 403),
    "rest-xml": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "json": ("AccessDeniedException", 400),
    "rest-json": ("AccessDeniedException", 403),
    "smithy-rpc-v2-cbor": ("AccessDeniedException", 400),
}
"""https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the services' own pages of common errors"""


def denied(found: Judgement, protocol: str) -> ServiceError:
    """The error for a use that is not allowed, as the service of the request answers it."""
    request = found.request
    code, status = _CODES[protocol]
    if request.service == "sns":
        code = "AuthorizationError"
    if request.service == "s3":
        return ServiceError("AccessDenied", _s3_message(found), 403)
    if request.service == "ec2":
        return ServiceError(code, f"You are not authorized to perform this operation. {message(found)}", status)
    return ServiceError(code, message(found), status)


def message(found: Judgement) -> str:
    """AWS's sentence: who may not do what to which resource, and which type of policy is behind it."""
    use, decision = found.use, found.decision
    action = use.action.replace("sns:", "SNS:", 1) if use.action.startswith("sns:") else use.action
    who = f"User: {decision.request.principal.name} is not authorized to perform: {action}"
    across = decision.request.account != decision.request.principal.account
    reason = _reason(found)
    if needs_key_policy(decision.request) and across and deciding_layer(decision) == "resource":
        # What is not allowed and what does not exist look the same to another account.
        return (
            f"{who} on this resource because the resource does not exist in this Region, no resource-based policies "
            "allow access, or a resource-based policy explicitly denies access"
        )
    if needs_trust_policy(decision.request) and found.exists and deciding_layer(decision) == "resource":
        return f"{who}{reason}"
    return f"{who}{_place(found)}{reason}"


def _place(found: Judgement) -> str:
    use = found.use
    if use.resource == "*" and use.service in _WITHOUT_RESOURCE:
        return ""
    if use.service == "s3":
        return "" if use.action == "s3:ListAllMyBuckets" else f' on resource: "{use.resource}"'
    return f" on resource: {use.shown or use.resource}"


def _s3_message(found: Judgement) -> str:
    """Enhanced messages are for callers of the account or its organization; others read two words."""
    return "Access Denied" if found.identity is None else message(found)


def _reason(found: Judgement) -> str:
    decision = found.decision
    layer = deciding_layer(decision)
    trust = needs_trust_policy(decision.request)
    if trust and not found.exists:
        return ""
    if decision.outcome is Outcome.EXPLICIT_DENY:
        if layer is None:
            return " because public access is prevented by the RestrictPublicBuckets setting in S3 Block Public Access"
        if trust and layer == "resource":
            return " with an explicit deny in the role trust policy"
        article = "an" if layer == "identity" else "a"
        policy = _policy_arn(found, layer)
        return f" with an explicit deny in {article} {_WORDS[layer]}{f': {policy}' if policy else ''}"
    assert layer is not None
    words = "role trust policy" if trust and layer == "resource" else _WORDS[layer]
    return f" because no {words} allows the {found.use.action} action"


def deciding_layer(decision: Decision) -> str | None:
    """The layer that a denial is put down to; None for S3 Block Public Access, which is no policy.

    AWS tells one. Where several would have denied, an explicit deny comes before a missing allow.
    """
    if decision.outcome is Outcome.ALLOWED:
        return None
    results = dict(zip(LAYERS, decision.results, strict=True))
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return next((name for name in _EXPLICIT_ORDER if results[name] is Outcome.EXPLICIT_DENY), None)
    for name in ("scp", "vpce"):
        if results[name] is Outcome.IMPLICIT_DENY:
            return name
    request = decision.request
    if request.principal.account is None:
        return "resource"
    across = request.account != request.principal.account
    strict = needs_key_policy(request) or needs_trust_policy(request)
    if needs_key_policy(request) and not across and decision.grant is Grant.NONE:
        return "resource"
    if decision.grant is not Grant.ENTITY and results["identity"] is Outcome.IMPLICIT_DENY:
        return "identity"
    for name in ("boundary", "session"):
        if results[name] is Outcome.IMPLICIT_DENY:
            return name
    return "resource" if across or strict else "identity"


def _policy_arn(found: Judgement, layer: str) -> str | None:
    """The ARN of the managed policy whose statement denies; inline and resource policies have none."""
    for one in found.explanation.layers:
        if one.layer == layer and one.outcome is Outcome.EXPLICIT_DENY:
            for statement in one.determining:
                if statement.policy.startswith("arn:"):
                    return statement.policy
    return None
