"""Tags that are set while something is created take the right to tag it, too; each row has its page (2026-11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosslane.sandbox.authorization.operations.model import Facts, Use, arn
from crosslane.sandbox.request import Request

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"

TAGGED: Mapping[tuple[str, str], tuple[str, str]] = {
    ("iam", "CreateRole"): ("iam:TagRole", _IAM),
    ("iam", "CreateUser"): ("iam:TagUser", _IAM),
    ("iam", "CreatePolicy"): ("iam:TagPolicy", _IAM),
    ("iam", "CreateInstanceProfile"): ("iam:TagInstanceProfile", _IAM),
    ("kms", "CreateKey"): (
        "kms:TagResource",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html",
    ),
    ("logs", "CreateLogGroup"): (
        "logs:TagResource",
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
    ),
    ("events", "PutRule"): (
        "events:TagResource",
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html",
    ),
    ("events", "CreateEventBus"): (
        "events:TagResource",
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html",
    ),
    ("sns", "CreateTopic"): ("sns:TagResource", "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"),
    ("sqs", "CreateQueue"): (
        "sqs:TagQueue",
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html",
    ),
    ("lambda", "CreateFunction"): (
        "lambda:TagResource",
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html",
    ),
    ("codecommit", "CreateRepository"): (
        "codecommit:TagResource",
        "https://docs.aws.amazon.com/codecommit/latest/userguide/auth-and-access-control-permissions-reference.html",
    ),
    ("codepipeline", "CreatePipeline"): (
        "codepipeline:TagResource",
        "https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-tag.html",
    ),
    ("dynamodb", "CreateTable"): (
        "dynamodb:TagResource",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html",
    ),
    ("ssm", "PutParameter"): (
        "ssm:AddTagsToResource",
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html",
    ),
    ("secretsmanager", "CreateSecret"): (
        "secretsmanager:TagResource",
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
    ),
}
"""By (service, operation): the action, and the page that asks for it."""


def tagging_uses(request: Request, facts: Facts, uses: list[Use]) -> Iterator[Use]:
    """The use of the tagging action on what the first of the ``uses`` creates."""
    row = TAGGED.get((request.service, request.operation))
    given = request.parameters
    if row is None or not uses or not (given.get("Tags") or given.get("tags")):
        return
    made = uses[0].resource
    if request.service == "kms":
        made = arn(facts, request, "kms", "key/*")
    yield Use(row[0], made.removesuffix(":log-stream:"), shown=uses[0].shown)
