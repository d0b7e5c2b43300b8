"""AWS's global condition keys, and service keys that stand in requests to other services too.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (2026-11-24). A key that is not
here is reported as a warning, not an error: AWS adds keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class GlobalKey:
    """``name`` as AWS writes it, ending in ``/*`` where a tag's key follows. ``type`` as in the service reference."""

    name: str
    type: str
    always: bool = False
    """Whether every request has it."""

    @property
    def multivalued(self) -> bool:
        """Whether a request may hold several values of it."""
        return self.type.startswith("ArrayOf")


_KEYS = (
    GlobalKey("aws:AssumedRoot", "String"),
    GlobalKey("aws:CalledVia", "ArrayOfString"),
    GlobalKey("aws:CalledViaAWSMCP", "String"),
    GlobalKey("aws:CalledViaFirst", "String"),
    GlobalKey("aws:CalledViaLast", "String"),
    GlobalKey("aws:ChatbotSourceArn", "ARN"),
    GlobalKey("aws:CurrentTime", "Date", always=True),
    GlobalKey("aws:Ec2InstanceSourcePrivateIPv4", "IPAddress"),
    GlobalKey("aws:Ec2InstanceSourceVpc", "String"),
    GlobalKey("aws:EpochTime", "Date", always=True),
    GlobalKey("aws:FederatedProvider", "String"),
    GlobalKey("aws:IsMcpServiceAction", "Bool"),
    GlobalKey("aws:MultiFactorAuthAge", "Numeric"),
    GlobalKey("aws:MultiFactorAuthPresent", "Bool"),
    GlobalKey("aws:PrincipalAccount", "String"),
    GlobalKey("aws:PrincipalArn", "ARN"),
    GlobalKey("aws:PrincipalIsAWSService", "Bool", always=True),
    GlobalKey("aws:PrincipalOrgID", "String"),
    GlobalKey("aws:PrincipalOrgMasterAccountId", "String"),
    GlobalKey("aws:PrincipalOrgPaths", "ArrayOfString"),
    GlobalKey("aws:PrincipalServiceName", "String"),
    GlobalKey("aws:PrincipalServiceNamesList", "ArrayOfString"),
    GlobalKey("aws:PrincipalTag/*", "String"),
    GlobalKey("aws:PrincipalType", "String", always=True),
    GlobalKey("aws:referer", "String"),
    GlobalKey("aws:RequestedRegion", "String", always=True),
    GlobalKey("aws:RequestTag/*", "String"),
    GlobalKey("aws:ResourceAccount", "String", always=True),
    GlobalKey("aws:ResourceOrgID", "String"),
    GlobalKey("aws:ResourceOrgPaths", "ArrayOfString"),
    GlobalKey("aws:ResourceTag/*", "String"),
    GlobalKey("aws:SecureTransport", "Bool", always=True),
    GlobalKey("aws:SourceAccount", "String"),
    GlobalKey("aws:SourceArn", "ARN"),
    GlobalKey("aws:SourceIdentity", "String"),
    GlobalKey("aws:SourceIp", "IPAddress"),
    GlobalKey("aws:SourceOrgID", "String"),
    GlobalKey("aws:SourceOrgPaths", "ArrayOfString"),
    GlobalKey("aws:SourceOwner", "String"),
    GlobalKey("aws:SourceVpc", "String"),
    GlobalKey("aws:SourceVpcArn", "ARN"),
    GlobalKey("aws:SourceVpce", "String"),
    GlobalKey("aws:TagKeys", "ArrayOfString"),
    GlobalKey("aws:TokenIssueTime", "Date"),
    GlobalKey("aws:UserAgent", "String"),
    GlobalKey("aws:userid", "String"),
    GlobalKey("aws:username", "String"),
    GlobalKey("aws:ViaAWSMCPService", "Bool"),
    GlobalKey("aws:ViaAWSService", "Bool", always=True),
    GlobalKey("aws:VpceAccount", "String"),
    GlobalKey("aws:VpceOrgID", "String"),
    GlobalKey("aws:VpceOrgPaths", "ArrayOfString"),
    GlobalKey("aws:VpcSourceIp", "IPAddress"),
    GlobalKey("codebuild:BuildArn", "ARN"),
    GlobalKey("codebuild:ProjectArn", "ARN"),
    GlobalKey("ec2:RoleDelivery", "Numeric"),
    GlobalKey("ec2:SourceInstanceArn", "ARN"),
    GlobalKey("glue:CredentialIssuingService", "String"),
    GlobalKey("glue:RoleAssumedBy", "String"),
    GlobalKey("identitystore:UserId", "String"),
    GlobalKey("lambda:SourceFunctionArn", "ARN"),
    GlobalKey("ssm:SourceInstanceArn", "ARN"),
)
_BY_NAME = {key.name.lower(): key for key in _KEYS}


def global_key(key: str) -> GlobalKey | None:
    """The global key that ``key`` names, in any case, with or without a tag's key behind the slash."""
    lower = key.lower()
    found = _BY_NAME.get(lower)
    if found is not None:
        return found
    head, slash, tail = lower.partition("/")
    return _BY_NAME.get(f"{head}/*") if slash and tail else None


def needs_tag(key: str) -> GlobalKey | None:
    """The key that ``key`` would be with a tag's key behind it, where that is missing."""
    return _BY_NAME.get(key.lower().rstrip("/") + "/*")


def nearest_global_key(key: str) -> str | None:
    """The global key most like ``key``, with the same tag's key behind it."""
    head, slash, tail = key.partition("/")
    names = {name.removesuffix("/*"): found.name.removesuffix("/*") for name, found in _BY_NAME.items()}
    near = get_close_matches(head.lower(), names, n=1, cutoff=0.75)
    return names[near[0]] + slash + tail if near else None
