"""The refusals of the CloudFormation API, in AWS's words.

Wordings were compared with answers recorded from AWS in the public snapshot tests of localstack/localstack
(tests/aws/services/cloudformation, looked up 2026-11-24).
"""

from __future__ import annotations

from crosslane.sandbox.request import ServiceError


def invalid(message: str) -> ServiceError:
    """A ``ValidationError``: what CloudFormation answers to nearly every wrong request."""
    return ServiceError("ValidationError", message)


def constraint(value: str, member: str, rule: str) -> ServiceError:
    """A member that breaks the API model's own constraint (length, pattern, enum)."""
    return invalid(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    )


def unsupported(what: str) -> ServiceError:
    """Something AWS has and the sandbox lacks, refused by name so that nothing is silently left out."""
    return ServiceError("NotImplemented", f"The sandbox's CloudFormation does not support {what}")
