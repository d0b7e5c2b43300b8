"""Whom the policies of AWS Organizations bind."""

from __future__ import annotations

from crosslane.iam.catalogue import rcp_services
from crosslane.iam.principal import PrincipalKind
from crosslane.iam.request import Request


def scps_bind(request: Request) -> bool:
    """Service control policies bind users, roles and the root user of member accounts; not service-linked roles, and
    not services or people outside the organization.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html (2026-11-24).
    The management account is the caller's to know: it has no SCPs.
    """
    return request.principal.account is not None and not is_service_linked(request)


def rcps_bind(request: Request) -> bool:
    """Resource control policies bind everybody but service-linked roles, in all but ``kms:RetireGrant``.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html (2026-11-24);
    https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html (2026-11-25): that permission
    has no effect in an RCP, not even as part of a wildcard.
    """
    return request.action != "kms:retiregrant" and not is_service_linked(request)


def has_rcps(service: str) -> bool:
    """Whether resource control policies act on the service's resources: the same page lists those that have them."""
    # The three most asked for are known without reading the catalogue.
    return service in ("s3", "sts", "kms") or service in rcp_services()


def is_service_linked(request: Request) -> bool:
    """Whether the principal is a service-linked role: its path says so, which a session shows in aws:PrincipalArn."""
    principal = request.principal
    if principal.kind is PrincipalKind.ROLE:
        return ":role/aws-service-role/" in principal.name
    if principal.kind is not PrincipalKind.ROLE_SESSION:
        return False
    arn = request.context.get("aws:PrincipalArn")
    return isinstance(arn, str) and ":role/aws-service-role/" in arn
