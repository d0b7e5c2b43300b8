"""Operations over many things whose action is that for one, and others whose action has another name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from crosslane.sandbox.authorization.operations.model import Facts, Row, Use, arn
from crosslane.sandbox.request import Request


def _queue(action: str) -> Row:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html"""

    def row(request: Request, facts: Facts) -> Iterator[Use]:
        name = str(request.parameters.get("QueueUrl") or "*").rpartition("/")[2]
        yield Use(action, arn(facts, request, "sqs", name))

    return row


def _publish_batch(request: Request, facts: Facts) -> Iterator[Use]:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html"""
    yield Use("sns:Publish", str(request.parameters.get("TopicArn") or "*"))


def _invoke(request: Request, facts: Facts) -> Iterator[Use]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: "This operation requires permission for the
    lambda:InvokeFunction action"."""
    named = str(request.parameters.get("FunctionName") or "*")
    qualifier = request.parameters.get("Qualifier")
    resource = named if named.startswith("arn:") else arn(facts, request, "lambda", f"function:{named}")
    yield Use("lambda:InvokeFunction", f"{resource}:{qualifier}" if qualifier else resource)


def _layer_by_arn(request: Request, facts: Facts) -> Iterator[Use]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html"""
    yield Use("lambda:GetLayerVersion", str(request.parameters.get("Arn") or "*"))


_TRANSACTION: Mapping[str, str] = {
    "Get": "dynamodb:GetItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


def _transaction(request: Request, facts: Facts) -> Iterator[Use]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
    for item in request.parameters.get("TransactItems") or ():
        for verb, one in item.items():
            yield Use(_TRANSACTION[verb], arn(facts, request, "dynamodb", f"table/{one.get('TableName', '*')}"))


def _items(action: str) -> Callable[[Request, Facts], Iterator[Use]]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/api-permissions-reference.html"""

    def row(request: Request, facts: Facts) -> Iterator[Use]:
        for table in request.parameters.get("RequestItems") or ():
            yield Use(action, arn(facts, request, "dynamodb", f"table/{table.rpartition('/')[2]}"))

    return row


ROWS: Mapping[tuple[str, str], Row] = {
    ("sqs", "SendMessageBatch"): _queue("sqs:SendMessage"),
    ("sqs", "DeleteMessageBatch"): _queue("sqs:DeleteMessage"),
    ("sqs", "ChangeMessageVisibilityBatch"): _queue("sqs:ChangeMessageVisibility"),
    ("sns", "PublishBatch"): _publish_batch,
    ("lambda", "Invoke"): _invoke,
    ("lambda", "InvokeWithResponseStream"): _invoke,
    ("lambda", "GetLayerVersionByArn"): _layer_by_arn,
    ("dynamodb", "TransactGetItems"): _transaction,
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("dynamodb", "BatchGetItem"): _items("dynamodb:BatchGetItem"),
    ("dynamodb", "BatchWriteItem"): _items("dynamodb:BatchWriteItem"),
}
