"""A small reader of templates and policies, written for these tests apart from the code they test."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.config.model import Config
from crosslane.desired.model import Document, OutputOf, Stack

KEY_ID = "0a0b0c0d-0000-0000-0000-000000000000"


def resolve(value: Any, variables: Mapping[str, str]) -> Any:
    """``value`` with Ref, Fn::Sub and Fn::GetAtt filled in; KeyError for a name that ``variables`` lacks."""
    match value:
        case {"Ref": name}:
            return variables[name]
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return variables[f"{logical_id}.{attribute}"]
        case {"Fn::Sub": [text, more]}:
            return _substitute(text, {**variables, **{key: resolve(item, variables) for key, item in more.items()}})
        case {"Fn::Sub": text}:
            return _substitute(text, variables)
        case dict():
            return {key: resolve(item, variables) for key, item in value.items()}
        case list() | tuple():
            return [resolve(item, variables) for item in value]
        case _:
            return value


def _substitute(text: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$\{([^}!]+)\}", lambda match: variables[match[1]], text)


def variables_of(config: Config, stack: Stack, bucket: str) -> dict[str, str]:
    """Pseudo-parameters, parameters and the ARNs of the stack's own resources."""
    account = config.account(stack.account).id
    partition, region = config.partition, config.pipeline.region
    key = f"arn:{partition}:kms:{region}:{config.tools.id}:key/{KEY_ID}"
    outputs = {"CMK": key, "ArtifactBucket": bucket}
    known = {
        "AWS::Partition": partition,
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::StackName": stack.name,
        "KMSKey.Arn": key,
        "ArtifactBucket": bucket,
        "ArtifactBucket.Arn": f"arn:{partition}:s3:::{bucket}",
    }
    for parameter in stack.parameters:
        value = parameter.value
        known[parameter.name] = outputs[value.key] if isinstance(value, OutputOf) else value
    for logical_id, resource in json.loads(stack.template)["Resources"].items():
        properties = resource["Properties"]
        match resource["Type"]:
            case "AWS::IAM::Role":
                known[f"{logical_id}.Arn"] = f"arn:{partition}:iam::{account}:role/{properties['RoleName']}"
            case "AWS::CodeBuild::Project":
                known[f"{logical_id}.Arn"] = (
                    f"arn:{partition}:codebuild:{region}:{account}:project/{properties['Name']}"
                )
    return known


def roles_of(config: Config, stack: Stack, bucket: str) -> dict[str, dict[str, Any]]:
    """The roles of a stack by ARN: their properties with everything but the boundary's condition resolved."""
    variables = variables_of(config, stack, bucket)
    found = {}
    for resource in json.loads(stack.template)["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            properties = {key: item for key, item in resource["Properties"].items() if key != "PermissionsBoundary"}
            resolved = resolve(properties, variables)
            account = config.account(stack.account).id
            found[f"arn:{config.partition}:iam::{account}:role/{resolved['RoleName']}"] = resolved
    return found


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    match value:
        case str():
            yield value
        case dict():
            for key, item in value.items():
                yield key
                yield from strings(item)
        case list() | tuple():
            for item in value:
                yield from strings(item)


def matches(pattern: str, value: str, *, fold: bool = False) -> bool:
    """IAM's ``*`` and ``?``."""
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, value, re.IGNORECASE | re.DOTALL if fold else re.DOTALL) is not None


def decide(policy: Document | Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> str:
    """``allow``, ``deny`` or ``implicit`` for one identity policy."""
    document = policy.to_json() if isinstance(policy, Document) else policy
    answer = "implicit"
    for statement in document["Statement"]:
        if not any(matches(one, action, fold=True) for one in _list(statement["Action"])):
            continue
        if not any(matches(one, resource) for one in _list(statement["Resource"])):
            continue
        if not _holds(statement.get("Condition", {}), context):
            continue
        if statement["Effect"] == "Deny":
            return "deny"
        answer = "allow"
    return answer


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    for operator, keys in condition.items():
        for key, wanted in keys.items():
            given = context.get(key)
            match operator:
                case "StringEquals":
                    good = given in _list(wanted)
                case "ArnEquals" | "ArnLike":
                    good = given is not None and any(matches(one, given) for one in _list(wanted))
                case "ArnNotEquals":
                    good = given is None or not any(matches(one, given) for one in _list(wanted))
                case _:
                    raise NotImplementedError(operator)
            if not good:
                return False
    return True


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
