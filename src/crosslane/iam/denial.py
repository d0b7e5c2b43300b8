"""A denial in AWS's own words: the message that its services answer with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html (2026-11-24). "If multiple policy types
deny an authorization request, AWS includes only one of those policy types in the error message."
"""

from __future__ import annotations

from crosslane.iam.authorize import Decision
from crosslane.iam.explain import explain
from crosslane.iam.outcome import Outcome
from crosslane.iam.principal import PrincipalKind
from crosslane.iam.services.sts import needs_trust_policy

_TYPES = {
    "identity": "an identity-based policy",
    "resource": "a resource-based policy",
    "session": "a session policy",
    "boundary": "a permissions boundary",
    "scp": "a service control policy",
    "rcp": "a resource control policy",
    "vpce": "a VPC endpoint policy",
}


def access_denied_message(decision: Decision) -> str:
    """The message of the AccessDenied error for a denied decision; ``ValueError`` for one that is allowed.

    The first layer that the denial hangs on is named, as AWS names one.
    """
    if decision.allowed:
        raise ValueError("the request is allowed")
    request = decision.request
    who = "anonymous" if request.principal.kind is PrincipalKind.ANONYMOUS else request.principal.name
    target = "" if request.resource == "*" else f" on resource: {request.resource}"
    layer = explain(decision).deciding[0]
    return f"User: {who} is not authorized to perform: {request.name}{target} {_because(decision, layer)}"


def _because(decision: Decision, layer: str) -> str:
    kind = _TYPES[layer]
    if layer == "resource" and needs_trust_policy(decision.request):
        kind = "the role trust policy"
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return f"with an explicit deny in {kind}"
    return f"because no {kind.split(' ', 1)[1]} allows the {decision.request.name} action"
