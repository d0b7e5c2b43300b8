"""AWS STS and the trust policies of roles."""

from __future__ import annotations

from crosslane.iam.principal import PrincipalKind
from crosslane.iam.request import Request


def needs_trust_policy(request: Request) -> bool:
    """Whether the request is to assume a role (or to tag the session), so that the role's trust policy must allow it.

    "IAM role trust policies and KMS key policies are exceptions to this logic, because they must explicitly allow
    access for principals":
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """
    return request.action.startswith("sts:") and request.parts[-1].startswith("role/")


def needs_no_permission(request: Request) -> bool:
    """Whether nothing can deny the request.

    "No permissions are required to perform this operation. If an administrator attaches a policy to your identity that
    explicitly denies access to the sts:GetCallerIdentity action, you can still perform this operation":
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html (2026-11-24). It must be signed.
    "No permissions are required for a user to get a session token ... You cannot use policies to control authentication
    operations":
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
    """
    kind = request.principal.kind
    if request.action == "sts:getsessiontoken":
        return kind is PrincipalKind.USER or kind is PrincipalKind.ROOT
    return request.action == "sts:getcalleridentity" and kind is not PrincipalKind.ANONYMOUS
