"""The request context: the condition keys that AWS sets.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (2026-11-24), and each service's
own in the service authorization reference. Keys that the call itself brings come with the operation map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crosslane.iam.principal import Principal
from crosslane.sandbox.authorization.operations.model import Use
from crosslane.sandbox.authorization.organization import Organizations
from crosslane.sandbox.identities import Identity, Kind
from crosslane.sandbox.request import Request

Context = dict[str, str | Sequence[str]]

CALLED_VIA = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "aoss",
        "athena",
        "backup",
        "cloud9",
        "cloudformation",
        "databrew",
        "dataexchange",
        "dynamodb",
        "imagebuilder",
        "kms",
        "mgn",
        "nimble",
        "omics",
        "ram",
        "robomaker",
        "servicecatalog-appregistry",
        "sqlworkbench",
        "ssm-guiconnect",
    )
)
"""The services that ``aws:CalledVia`` names; calls of others on a principal's behalf set ``aws:ViaAWSService`` alone
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia)."""

KMS_VIA = frozenset(
    {
        "cloudformation",
        "codecommit",
        "dynamodb",
        "events",
        "lambda",
        "logs",
        "s3",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
    }
)
"""Services that ``kms:ViaService`` names, of those that the sandbox has
(https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service)."""

GLOBAL = frozenset({"iam", "organizations"})
"""Services with one endpoint for all regions, in the partition's first one
(https://docs.aws.amazon.com/general/latest/gr/rande.html#global-endpoints)."""

_FIRST_REGION: Mapping[str, str] = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@dataclass(frozen=True, slots=True)
class Wire:
    """How a request came in. ``secure``: over TLS, or taken for it (docs/sandbox-iam.md says when)."""

    secure: bool = True
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    presigned: bool = False


def of_principal(identity: Identity, principal: Principal, organizations: Organizations) -> Context:
    """The keys of the principal, which all its requests have."""
    found: Context = dict(principal.context(identity.principal_arn if identity.kind is Kind.ROLE else None))
    path = organizations.path(identity.account)
    if path is not None and organizations.id is not None:
        found["aws:PrincipalOrgID"] = organizations.id
        found["aws:PrincipalOrgPaths"] = (path,)
    if identity.source_identity:
        found["aws:SourceIdentity"] = identity.source_identity
    if identity.credentials.token is not None:
        found["aws:MultiFactorAuthPresent"] = "false"
    return found


def of_way(
    requested: str, service: str, owner: str, wire: Wire, organizations: Organizations, partition: str
) -> Context:
    """The keys of the way in which a request came, and of where the resource belongs that it is for. ``requested`` is
    the region of the request, ``service`` the action's prefix."""
    region = _FIRST_REGION.get(partition, requested) if service in GLOBAL else requested
    found: Context = {
        "aws:RequestedRegion": region,
        "aws:SecureTransport": "true" if wire.secure else "false",
        "aws:ResourceAccount": owner,
    }
    if wire.user_agent:
        found["aws:UserAgent"] = wire.user_agent
    path = organizations.path(owner)
    if path is not None and organizations.id is not None:
        found["aws:ResourceOrgID"] = organizations.id
        found["aws:ResourceOrgPaths"] = (path,)
    if service == "s3":
        found["s3:ResourceAccount"] = owner
        found["s3:authType"] = "REST-QUERY-STRING" if wire.presigned else "REST-HEADER"
        found["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    return found


def of_request(request: Request, use: Use, now: datetime) -> Context:
    """The keys of one request: its time, its tags, what it says of its body."""
    found: Context = {
        "aws:CurrentTime": f"{now.isoformat(timespec='seconds')[:19]}Z",
        "aws:EpochTime": str(int(now.timestamp())),
    }
    if request.operation.startswith("Untag") or not _OF_TAGS.isdisjoint(request.parameters):
        found |= _of_tags(request, use)
    if use.service == "s3":
        digest = request.headers.get("x-amz-content-sha256")
        if digest:
            found["s3:x-amz-content-sha256"] = digest
    return found


_OF_TAGS = frozenset({"Tags", "tags", "TagList", "TagSet", "Tagging", "TagKeys", "tagKeys"})
"""The parameters that bring tags or their keys."""


def _of_tags(request: Request, use: Use) -> Context:
    given = request.parameters
    tags = request_tags(given)
    if tags and use.via is None:
        return {**{f"aws:RequestTag/{key}": value for key, value in tags.items()}, "aws:TagKeys": tuple(tags)}
    if request.operation.startswith("Untag") or "TagKeys" in given or "tagKeys" in given:
        keys = given.get("TagKeys") or given.get("tagKeys") or ()
        return {"aws:TagKeys": tuple(str(key) for key in keys)}
    return {}


def of_chain(
    via: Sequence[str], service: str, caller: str | None, region: str, account: str, source_ip: str
) -> Context:
    """Who calls on whose behalf: ``via`` are the services between principal and request, first to last, ``caller`` the
    one that makes this call because of the request. ``service`` is the action's prefix, ``account`` the principal's.

    A request that a service makes comes from the service, so that ``aws:SourceIp`` is not the principal's then.
    """
    services = (*via, f"{caller}.amazonaws.com") if caller else tuple(via)
    found: Context = {"aws:ViaAWSService": "true" if services else "false"}
    named = tuple(one for one in services if one in CALLED_VIA)
    if named:
        found["aws:CalledVia"] = named
        found["aws:CalledViaFirst"], found["aws:CalledViaLast"] = named[0], named[-1]
    if not services:
        found["aws:SourceIp"] = source_ip
    if service == "kms":
        found["kms:CallerAccount"] = account
        last = services[-1].partition(".")[0] if services else ""
        if last in KMS_VIA:
            found["kms:ViaService"] = f"{last}.{region}.amazonaws.com"
    return found


def request_tags(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a call sets, in whichever of the shapes that services have for them."""
    for name in ("Tags", "tags", "TagList", "TagSet"):
        given = parameters.get(name)
        if isinstance(given, Mapping):
            return {str(key): str(value) for key, value in given.items()}
        if isinstance(given, list) and given and isinstance(given[0], Mapping):
            return dict(filter(None, (_pair(tag) for tag in given)))
    tagging = parameters.get("Tagging")
    if isinstance(tagging, Mapping) and isinstance(tagging.get("TagSet"), list):
        return dict(filter(None, (_pair(tag) for tag in tagging["TagSet"])))
    return {}


def _pair(tag: Mapping[str, Any]) -> tuple[str, str] | None:
    for key, value in (("Key", "Value"), ("key", "value"), ("TagKey", "TagValue")):
        if key in tag:
            return str(tag[key]), str(tag.get(value, ""))
    return None
