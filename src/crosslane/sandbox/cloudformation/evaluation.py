"""A definition seen from one stack: its pseudo parameters, conditions, order, and resolved properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crosslane.sandbox.cloudformation.conditions import evaluate_conditions
from crosslane.sandbox.cloudformation.graph import Edges, active_resources, dependencies, order
from crosslane.sandbox.cloudformation.intrinsics import Scope, Unknown, resolve
from crosslane.sandbox.cloudformation.references import check_active
from crosslane.sandbox.cloudformation.resources.model import ResourceType
from crosslane.sandbox.cloudformation.resources.registry import TYPES
from crosslane.sandbox.cloudformation.resources.shape import PropertyError, check
from crosslane.sandbox.cloudformation.stack import Definition, Output
from crosslane.sandbox.cloudformation.store import Place
from crosslane.sandbox.cloudformation.template import ResourceDeclaration


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``active`` are the logical ids whose condition holds, ``edges`` what each of them needs."""

    definition: Definition
    scope: Scope
    active: tuple[str, ...]
    edges: Edges


def evaluate(
    definition: Definition,
    place: Place,
    stack_name: str,
    stack_id: str,
    *,
    reference: Callable[[str], Any],
    attribute: Callable[[str, str], Any],
    export: Callable[[str], str],
) -> Evaluation:
    """Conditions and order of a definition. Raises ServiceError for what only the parameters' values show."""
    template = definition.template
    values = definition.values() | {
        "AWS::AccountId": place.account,
        "AWS::NotificationARNs": list(definition.notification_arns),
        "AWS::Partition": place.partition,
        "AWS::Region": place.region,
        "AWS::StackId": stack_id,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": place.url_suffix,
    }
    bare = Scope(values, template.mappings, {}, reference, attribute, export)
    conditions = evaluate_conditions(template.conditions, bare)
    check_active(template, conditions)
    edges = dependencies(template, conditions)
    order(edges)
    scope = Scope(values, template.mappings, conditions, reference, attribute, export)
    return Evaluation(definition, scope, active_resources(template, conditions), edges)


def resource_properties(evaluation: Evaluation, declared: ResourceDeclaration) -> dict[str, Any]:
    """The resolved properties of a resource with the stack's tags added.

    Raises ServiceError for a function that fails and PropertyError for a property that the type does not take.
    """
    resolved = resolve(dict(declared.properties), evaluation.scope)
    kind = TYPES[declared.type]
    return with_stack_tags(kind, check(kind.shape, resolved), evaluation.definition.tags)


def with_stack_tags(
    kind: ResourceType, properties: dict[str, Any], tags: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    """Stack tags go to each resource that takes tags; its own tags win."""
    if not tags or kind.tags is None:
        return properties
    if kind.tags == "map":
        return properties | {"Tags": dict(tags) | properties.get("Tags", {})}
    own = properties.get("Tags", [])
    if isinstance(own, Unknown):
        return properties
    taken = {tag["Key"] for tag in own if isinstance(tag, dict)}
    added = [{"Key": key, "Value": value} for key, value in tags if key not in taken]
    return properties | {"Tags": [*own, *added]}


def outputs(evaluation: Evaluation) -> tuple[Output, ...]:
    """The outputs whose condition holds, with their values."""
    found = []
    for declared in evaluation.definition.template.outputs.values():
        if declared.condition and not evaluation.scope.conditions.get(declared.condition):
            continue
        value = resolve(declared.value, evaluation.scope)
        export = None if declared.export_name is None else resolve(declared.export_name, evaluation.scope)
        found.append(Output(declared.name, _shown(value), declared.description, export))
    return tuple(found)


def _shown(value: Any) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list():
            return ",".join(str(item) for item in value)
        case _:
            return value


def properties_or_raw(evaluation: Evaluation, declared: ResourceDeclaration) -> Mapping[str, Any]:
    """The same as ``resource_properties``, unchecked where the type refuses them: the execution will say so."""
    try:
        return resource_properties(evaluation, declared)
    except PropertyError:
        raw: Mapping[str, Any] = resolve(dict(declared.properties), evaluation.scope)
        return raw
