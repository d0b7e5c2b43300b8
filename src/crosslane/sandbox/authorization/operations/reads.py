"""Operations whose resource the parameters do not name in the reference's way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosslane.sandbox.authorization.operations.model import Facts, Row, Use, arn
from crosslane.sandbox.request import Request


def _log_groups(request: Request, facts: Facts) -> Iterator[Use]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/permissions-reference-cwl.html: lists are for a
    log group without a name; with ``:*`` behind a group's name what is below it is meant."""
    given = request.parameters
    name = str(given.get("logGroupName") or given.get("logGroupIdentifier") or "")
    if name.startswith("arn:"):
        name = name.partition(":log-group:")[2].removesuffix(":*")
    resource = f"log-group:{name}:log-stream:{given.get('logStreamName') or ''}"
    yield Use(f"logs:{request.operation}", arn(facts, request, "logs", resource))


def _log_group(request: Request, facts: Facts) -> Iterator[Use]:
    given = request.parameters
    named = str(given.get("logGroupName") or given.get("logGroupIdentifier") or given.get("resourceArn") or "*")
    name = named.partition(":log-group:")[2].removesuffix(":*") if named.startswith("arn:") else named
    resource = arn(facts, request, "logs", f"log-group:{name}")
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html: tagging by ARN is
    # for the group itself, the rest for the group "and everything below".
    yield Use(f"logs:{request.operation}", resource if given.get("resourceArn") else f"{resource}:log-stream:")


def _own(action: str) -> Row:
    def row(request: Request, facts: Facts) -> Iterator[Use]:
        yield Use(action)

    return row


_STREAMS = ("DescribeLogGroups", "DescribeLogStreams", "GetLogEvents", "PutLogEvents", "CreateLogStream")
_GROUPS: tuple[str, ...] = (
    "CreateLogGroup",
    "DeleteLogGroup",
    "PutRetentionPolicy",
    "DeleteRetentionPolicy",
    "FilterLogEvents",
)
_GROUPS += ("DescribeSubscriptionFilters", "ListTagsLogGroup", "TagLogGroup", "UntagLogGroup", "StartQuery")

ROWS: Mapping[tuple[str, str], Row] = {
    **{("logs", operation): _log_groups for operation in (*_STREAMS, "DeleteLogStream")},
    **{("logs", operation): _log_group for operation in _GROUPS},
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html: a list without resources
    ("ec2", "DescribeRegions"): _own("ec2:DescribeRegions"),
}
