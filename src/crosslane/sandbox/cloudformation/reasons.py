"""Why a resource failed, in the words of CloudFormation's resource handlers."""

from __future__ import annotations

import uuid
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import HandlerError, error_code, gone
from crosslane.sandbox.cloudformation.resources.shape import PropertyError
from crosslane.sandbox.request import ServiceError

_SERVICES = {
    "IAM": "Iam",
    "KMS": "Kms",
    "S3": "S3",
    "Events": "EventBridge",
    "Logs": "CloudWatchLogs",
    "SNS": "Sns",
    "SSM": "Ssm",
}
"""Names that the AWS SDK for Java 2 gives to services, where they differ from the type's."""


def failure_reason(error: Exception, type_name: str) -> str:
    """The status reason for an error raised by a resource's handler.

    The service's text, status and request id, then the handler's error code: the form was taken from recorded stack
    events (for instance aws/aws-cdk issues with ``HandlerErrorCode``).
    """
    if isinstance(error, PropertyError):
        return str(error)
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        told = response.get("Error", {}).get("Message", str(error))
        metadata = response.get("ResponseMetadata", {})
        service = type_name.split("::")[1]
        message = (
            f"{told} (Service: {_SERVICES.get(service, service)}, Status Code: {metadata.get('HTTPStatusCode', 0)}, "
            f"Request ID: {metadata.get('RequestId') or 'null'}) (SDK Attempt Count: 1)"
        )
    elif isinstance(error, ServiceError):
        message = error.message
    else:
        message = str(error)
    return (
        f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, '
        f"HandlerErrorCode: {handler_error_code(error)})"
    )


def handler_error_code(error: Exception) -> str:
    """The error code of the resource provider contract that fits an error.

    https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html (2026-11-24)
    """
    if isinstance(error, HandlerError):
        return error.code
    code = error.code if isinstance(error, ServiceError) else error_code(error)
    if not code:
        return "InternalFailure"
    if code.startswith(("AccessDenied", "UnauthorizedOperation", "403")) or code == "AuthorizationError":
        return "AccessDenied"
    if "AlreadyExist" in code or code in (
        "BucketAlreadyOwnedByYou",
        "RepositoryNameExistsException",
        "PipelineNameInUseException",
    ):
        return "AlreadyExists"
    if gone(error):
        return "NotFound"
    if "Throttl" in code or code == "TooManyRequestsException":
        return "Throttling"
    if "LimitExceeded" in code:
        return "ServiceLimitExceeded"
    if code in ("InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException"):
        return "InvalidCredentials"
    return "InvalidRequest" if code not in ("InternalFailure", "InternalError") else "ServiceInternalError"
