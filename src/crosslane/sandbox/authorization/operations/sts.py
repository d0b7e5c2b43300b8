"""STS. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html

Tags and a source identity need actions of their own:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required,
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html (2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosslane.sandbox.authorization.operations.model import Facts, Row, Use, Values
from crosslane.sandbox.request import Request


def _assume_role(request: Request, facts: Facts) -> Iterator[Use]:
    given = request.parameters
    if request.caller.arn.endswith(":root"):
        return  # STS refuses root users for what they are
    role = str(given.get("RoleArn", ""))
    context: dict[str, Values] = {"sts:RoleSessionName": str(given.get("RoleSessionName", ""))}
    if given.get("SerialNumber") and given.get("TokenCode"):
        context["aws:MultiFactorAuthPresent"] = "true"  # STS looks at the code before all else
    if given.get("ExternalId"):
        context["sts:ExternalId"] = str(given["ExternalId"])
    if given.get("SourceIdentity"):
        context["sts:SourceIdentity"] = str(given["SourceIdentity"])
    if given.get("TransitiveTagKeys"):
        context["sts:TransitiveTagKeys"] = tuple(given["TransitiveTagKeys"])
    yield Use("sts:AssumeRole", role, context=context)
    if given.get("Tags"):
        yield Use("sts:TagSession", role, context=context)
    if given.get("SourceIdentity"):
        yield Use("sts:SetSourceIdentity", role, context=context)


def _nothing(request: Request, facts: Facts) -> Iterator[Use]:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html: "No permissions are required".
    A web identity's request has no signature: STS reads the token, then asks the role's trust policy."""
    yield from ()


ROWS: Mapping[tuple[str, str], Row] = {
    ("sts", "AssumeRole"): _assume_role,
    ("sts", "AssumeRoleWithWebIdentity"): _nothing,
    ("sts", "GetSessionToken"): _nothing,
}
