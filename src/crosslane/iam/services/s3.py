"""Amazon S3: Block Public Access, the list of all buckets, and the bucket policy that locks its owner out."""

from __future__ import annotations

from crosslane.iam.document import Comparison, Effect, Policy, PrincipalType, Quantifier, Statement
from crosslane.iam.principal import PrincipalKind
from crosslane.iam.request import Request
from crosslane.iam.values import network_of

_NARROWING = frozenset(
    {
        "aws:sourceip",
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceowner",
        "aws:sourceaccount",
        "aws:userid",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:vpcsourceip",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
    }
)
_EQUALITIES = frozenset(
    {
        Comparison.STRING_EQUALS,
        Comparison.STRING_EQUALS_IGNORE_CASE,
        Comparison.STRING_LIKE,
        Comparison.ARN_LIKE,
        Comparison.IP_ADDRESS,
    }
)


def as_evaluated(request: Request) -> Request:
    """``s3:ListAllMyBuckets`` on "*" is evaluated on all buckets' ARN, which AWS's own examples allow it on.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html (2026-11-24): the action
    with ``"Resource": "arn:aws:s3:::*"``.
    """
    if request.action != "s3:listallmybuckets" or request.resource != "*":
        return request
    partition = request.principal.name.split(":", 2)[1] if request.principal.name.startswith("arn:") else "aws"
    return Request(request.principal, request.name, f"arn:{partition}:s3:::*", request.account, request.context)


_BUCKET_POLICY = frozenset({"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"})


def is_owner_at_bucket_policy(request: Request) -> bool:
    """Whether the request is the bucket owner's root user's for the bucket policy, so that its denies do not count.

    "The root principal in a bucket owner's AWS account can perform the GetBucketPolicy, PutBucketPolicy, and
    DeleteBucketPolicy API actions, even if their bucket policy explicitly denies the root principal's access. Bucket
    owner root principals can only be blocked ... by VPC endpoint policies and AWS Organizations policies":
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html (2026-11-25).
    """
    principal = request.principal
    return (
        request.action in _BUCKET_POLICY
        and principal.kind is PrincipalKind.ROOT
        and principal.account == request.account
    )


def blocks_public_access(request: Request, policy: Policy | None) -> bool:
    """Whether RestrictPublicBuckets keeps the request out: the bucket policy is public, and the principal is neither
    an AWS service nor of the bucket owner's account.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html (2026-11-24).
    """
    if policy is None or not request.action.startswith("s3:"):
        return False
    principal = request.principal
    if principal.kind is PrincipalKind.SERVICE or (principal.account and principal.account == request.account):
        return False
    return any(is_public(statement) for statement in policy)


def is_public(statement: Statement) -> bool:
    """The same page's meaning of "public": an Allow for everyone that no condition narrows to fixed values."""
    if statement.effect is not Effect.ALLOW or statement.principal is None:
        return False
    principal = statement.principal
    anyone = any(one.type is PrincipalType.ANYONE for one in principal.principals)
    if not principal.negated and not anyone:
        return False
    for condition in statement.conditions:
        operator = condition.operator
        if operator.negated or operator.if_exists or operator.quantifier is Quantifier.ALL:
            continue
        if condition.key.lower() not in _NARROWING or operator.comparison not in _EQUALITIES or not condition.values:
            continue
        if all(_is_fixed(operator.comparison, condition.key.lower(), value) for value in condition.values):
            return False
    return True


def _is_fixed(comparison: Comparison, key: str, value: str) -> bool:
    if comparison is Comparison.IP_ADDRESS:
        network = network_of(value)
        # Ranges wider than these are "very broad" by the page's examples.
        return network is not None and network[1] >= (8 if network[0] == 32 else 32)
    if "${" in value:
        return False
    if comparison is Comparison.ARN_LIKE and value.count(":") >= 5:
        # "the ARN must have a fixed account": the rest may hold wildcards.
        account = value.split(":", 5)[4]
        resource = value.split(":", 5)[5]
        return not _is_wild(account) if account else not _is_wild(resource)
    if comparison is Comparison.STRING_LIKE or comparison is Comparison.ARN_LIKE:
        return not _is_wild(value)
    return True


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text
