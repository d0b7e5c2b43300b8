"""Which names a template value mentions, and whether a template's names exist.

AWS checks these before anything is made; the wordings are in ``errors`` (source there).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.intrinsics import VARIABLE, attribute_of, is_function, sub_parts
from crosslane.sandbox.cloudformation.template import Template

PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in ["AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix"]
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a template value: ``attribute`` is None for ``Ref``; None inside ``Fn::GetAtt`` is ``""``."""

    name: str
    attribute: str | None = None


def mentions(value: Any, conditions: Mapping[str, bool] | None = None) -> Iterator[Mention]:
    """Every name that ``value`` refers to, parameters and pseudo parameters included.

    With ``conditions`` only the branches taken of ``Fn::If`` count; without, both.
    """
    match value:
        case dict() if is_function(value):
            ((function, argument),) = value.items()
            yield from _mentions_of(function, argument, conditions)
        case dict():
            for item in value.values():
                yield from mentions(item, conditions)
        case list():
            for item in value:
                yield from mentions(item, conditions)


def _mentions_of(function: str, argument: Any, conditions: Mapping[str, bool] | None) -> Iterator[Mention]:
    match function:
        case "Ref":
            if not isinstance(argument, str):
                raise invalid("Template error: every Ref object must have a single String value.")
            yield Mention(argument)
        case "Fn::GetAtt":
            name, attribute = attribute_of(argument)
            yield Mention(name, attribute if isinstance(attribute, str) else "")
            yield from mentions(attribute, conditions)
        case "Fn::Sub":
            text, variables = sub_parts(argument)
            yield from mentions(variables, conditions)
            for found in VARIABLE.findall(text):
                variable = found.strip()
                if not variable.startswith("!") and variable not in variables:
                    name, dot, attribute = variable.partition(".")
                    yield Mention(name, attribute if dot else None)
        case "Fn::If" if conditions is not None and isinstance(argument, list) and len(argument) == 3:
            yield from mentions(argument[1] if conditions.get(argument[0]) else argument[2], conditions)
        case _:
            yield from mentions(argument, conditions)


def condition_names(value: Any) -> Iterator[str]:
    """Every condition that ``Fn::If`` in ``value`` asks for."""
    match value:
        case {"Fn::If": [str() as name, *_]}:
            yield name
    match value:
        case dict():
            for item in value.values():
                yield from condition_names(item)
        case list():
            for item in value:
                yield from condition_names(item)


AttributeCheck = Callable[[str, str], bool]
"""Whether a resource type has an attribute for ``Fn::GetAtt``."""


def check_references(template: Template, known_types: frozenset[str], has_attribute: AttributeCheck) -> None:
    """Refuse a template that names what does not exist. Raises ServiceError (``ValidationError``)."""
    unknown_types = sorted({resource.type for resource in template.resources.values()} - known_types)
    if unknown_types:
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown_types)}]")
    _check_conditions(template)
    resources: list[Any] = [resource.properties for resource in template.resources.values()]
    _check_names(template, resources, "Resources")
    dangling = [
        name
        for resource in template.resources.values()
        for name in resource.depends_on
        if name not in template.resources
    ]
    if dangling:
        raise _unresolved(dangling, "Resources")
    outputs = [[output.value, output.export_name] for output in template.outputs.values()]
    _check_names(template, outputs, "Outputs")
    for mention in mentions([resources, outputs]):
        resource = template.resources.get(mention.name)
        if resource and mention.attribute and not has_attribute(resource.type, mention.attribute):
            raise invalid(
                f"Template error: resource {mention.name} does not support attribute type {mention.attribute} in "
                "Fn::GetAtt"
            )


def check_active(template: Template, conditions: Mapping[str, bool]) -> None:
    """Refuse references to resources whose condition is false, outside branches that are not taken."""
    absent = {
        name
        for name, resource in template.resources.items()
        if resource.condition and not conditions.get(resource.condition)
    }
    if not absent:
        return
    live = [resource for name, resource in template.resources.items() if name not in absent]
    used = [mention.name for item in live for mention in mentions(item.properties, conditions)]
    if dangling := [name for name in used if name in absent]:
        raise _unresolved(dangling, "Resources")
    shown = [o for o in template.outputs.values() if not o.condition or conditions.get(o.condition)]
    used = [m.name for output in shown for m in mentions([output.value, output.export_name], conditions)]
    if dangling := [name for name in used if name in absent]:
        raise _unresolved(dangling, "Outputs")


def _check_names(template: Template, values: list[Any], block: str) -> None:
    dangling = [
        mention.name
        for mention in mentions(values)
        if mention.name not in template.resources
        and (mention.attribute is not None or mention.name not in template.parameters)
        and (mention.attribute is not None or mention.name not in PSEUDO_PARAMETERS)
    ]
    if dangling:
        raise _unresolved(dangling, block)


def _check_conditions(template: Template) -> None:
    for mention in mentions(list(template.conditions.values())):
        if mention.name not in template.parameters and mention.name not in PSEUDO_PARAMETERS:
            raise invalid(
                f"Template format error: Unresolved dependencies [{mention.name}]. Cannot reference resources in the "
                "Conditions block of the template"
            )
    for block, items in (("Resources", template.resources), ("Outputs", template.outputs)):
        for item in items.values():
            if item.condition is not None and item.condition not in template.conditions:
                raise invalid(
                    f"Template format error: Unresolved condition dependency {item.condition} in the {block} block of "
                    "the template"
                )
    values = [[r.properties for r in template.resources.values()], [o.value for o in template.outputs.values()]]
    for name in condition_names(values):
        if name not in template.conditions:
            raise invalid(f"Template error: unresolved condition dependency {name} in Fn::If")


def _unresolved(names: list[str], block: str) -> Exception:
    unique = ", ".join(dict.fromkeys(names))
    return invalid(
        f"Template format error: Unresolved resource dependencies [{unique}] in the {block} block of the template"
    )
