"""The resource types of the sandbox, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crosslane.sandbox.cloudformation.resources import (
    api_gateway,
    cloudwatch,
    codebuild,
    codecommit,
    codepipeline,
    dynamodb,
    events,
    iam,
    iam_policies,
    kms,
    lambda_functions,
    logs,
    s3,
    sns,
    sqs,
    ssm,
    wait,
)
from crosslane.sandbox.cloudformation.resources.model import ResourceType

_MODULES = (
    api_gateway,
    cloudwatch,
    codebuild,
    codecommit,
    codepipeline,
    dynamodb,
    events,
    iam,
    iam_policies,
    kms,
    lambda_functions,
    logs,
    s3,
    sns,
    sqs,
    ssm,
    wait,
)

TYPES: Final[Mapping[str, ResourceType]] = MappingProxyType(
    {kind.name: kind for module in _MODULES for kind in module.TYPES}
)
NAMES: Final = frozenset(TYPES)


def has_attribute(type_name: str, attribute: str) -> bool:
    """Whether ``Fn::GetAtt`` can ask a type for an attribute."""
    return attribute in TYPES[type_name].attributes
