"""What an account's stacks make, read off their templates: what the deployer's rights are derived from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from crosslane.desired.model import Stack

_NAME_PROPERTY = {
    "AWS::CodeBuild::Project": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Logs::LogGroup": "LogGroupName",
}
"""Where the templates give a resource its name, as a plain string. The rest has a name that is known otherwise."""


@dataclass(frozen=True, slots=True)
class Made:
    """The resources of one type: their ``names``, empty where AWS or the stack chooses the name."""

    type: str
    names: tuple[str, ...]


def made_by(stacks: Iterable[Stack]) -> tuple[Made, ...]:
    """The resource types of ``stacks``, each once, sorted, with the names that the templates give."""
    found: dict[str, list[str]] = {}
    for stack in stacks:
        for resource in json.loads(stack.template)["Resources"].values():
            names = found.setdefault(resource["Type"], [])
            name = resource["Properties"].get(_NAME_PROPERTY.get(resource["Type"], ""))
            if isinstance(name, str):
                names.append(name)
    return tuple(Made(kind, tuple(sorted(found[kind]))) for kind in sorted(found))


def passed_roles(stacks: Iterable[Stack]) -> tuple[tuple[str, str], ...]:
    """Which role is passed to which service when ``stacks`` are made: (role name, service), sorted.

    A role is passed by whoever makes the project, the pipeline or the rule's target that will use it.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html (2026-11-24)
    """
    passed: set[tuple[str, str]] = set()
    for stack in stacks:
        resources = json.loads(stack.template)["Resources"]
        for resource in resources.values():
            properties = resource["Properties"]
            match resource["Type"]:
                case "AWS::CodeBuild::Project":
                    passed.add((_role_name(resources, properties["ServiceRole"]), "codebuild"))
                case "AWS::CodePipeline::Pipeline":
                    passed.add((_role_name(resources, properties["RoleArn"]), "codepipeline"))
                case "AWS::Events::Rule":
                    for target in properties["Targets"]:
                        passed.add((_role_name(resources, target["RoleArn"]), "events"))
    return tuple(sorted(passed))


def _role_name(resources: dict[str, dict[str, dict[str, str]]], role: dict[str, list[str]]) -> str:
    """The name of the role that an ``Fn::GetAtt`` of its ARN points to."""
    logical_id, _ = role["Fn::GetAtt"]
    return resources[logical_id]["Properties"]["RoleName"]
