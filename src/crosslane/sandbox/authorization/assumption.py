"""Services that act with a role: each looks whether it may assume it before it takes it.

Which services look, and what they say, is on their own pages; ``aws:SourceAccount`` is set as
https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html says, ``aws:SourceArn`` where it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from crosslane.sandbox.authorization.authorizer import Authorizer
from crosslane.sandbox.clients import MayAssume
from crosslane.sandbox.request import Request, ServiceError

Check = Callable[[Request], None]


def rule(authorizer: Authorizer, region: str) -> MayAssume:
    """By the roles' trust policies."""

    def may_assume(service: str, role_arn: str, account: str, source_arn: str | None) -> bool:
        return authorizer.may_assume(service, role_arn, account, region, source_arn)

    return may_assume


def everybody(service: str, role_arn: str, account: str, source_arn: str | None) -> bool:
    """Where nothing is enforced."""
    return True


def checks(may_assume: MayAssume) -> dict[tuple[str, str], Sequence[Check]]:
    """Refuses what cannot work, as the services do when a role is given to them."""

    def build(request: Request) -> None:
        """https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html, "CodeBuild is not authorized to
        perform: sts:AssumeRole"."""
        role = _role(request, request.parameters.get("serviceRole"))
        source = f"arn:{_partition(role)}:codebuild:{request.region}:{request.account}:project/"
        name = str(request.parameters.get("name", ""))
        if role and not may_assume("codebuild.amazonaws.com", role, request.account, source + name):
            message = f"CodeBuild is not authorized to perform: sts:AssumeRole on service role. Role: {role}"
            raise ServiceError("InvalidInputException", message)

    def pipeline(request: Request) -> None:
        """https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html"""
        role = _role(request, (request.parameters.get("pipeline") or {}).get("roleArn"))
        if role and not may_assume("codepipeline.amazonaws.com", role, request.account, None):
            message = f"CodePipeline is not authorized to perform AssumeRole on role {role}"
            raise ServiceError("InvalidStructureException", message)

    def function(request: Request) -> None:
        """https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html"""
        role = _role(request, request.parameters.get("Role"))
        if role and not may_assume("lambda.amazonaws.com", role, request.account, None):
            message = "The role defined for the function cannot be assumed by Lambda."
            raise ServiceError("InvalidParameterValueException", message)

    by_operation: Mapping[tuple[str, str], Check] = {
        ("codebuild", "CreateProject"): build,
        ("codebuild", "UpdateProject"): build,
        ("codepipeline", "CreatePipeline"): pipeline,
        ("codepipeline", "UpdatePipeline"): pipeline,
        ("lambda", "CreateFunction"): function,
        ("lambda", "UpdateFunctionConfiguration"): function,
    }
    return {key: (check,) for key, check in by_operation.items()}


def _role(request: Request, named: object) -> str:
    """The ARN of a role of the account; empty if none is named."""
    text = str(named or "")
    if not text or text.startswith("arn:"):
        return text
    return f"arn:aws:iam::{request.account}:role/{text}"


def _partition(arn: str) -> str:
    return arn.split(":")[1] if arn.startswith("arn:") else "aws"
