"""The difference between a stack and a new definition, as a change set shows it. Pure: nothing is called.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-samples.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html (2026-11-24).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.evaluation import Evaluation, evaluate, outputs, properties_or_raw
from crosslane.sandbox.cloudformation.graph import order
from crosslane.sandbox.cloudformation.intrinsics import Unknown, unknowns
from crosslane.sandbox.cloudformation.references import mentions
from crosslane.sandbox.cloudformation.resources.registry import TYPES
from crosslane.sandbox.cloudformation.stack import Definition, Stack, StackResource
from crosslane.sandbox.cloudformation.store import Store
from crosslane.sandbox.cloudformation.template import ResourceDeclaration

Recreation = Literal["Never", "Conditionally", "Always"]
KNOWN_AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"


@dataclass(frozen=True, slots=True)
class Detail:
    """Why one property (``name``) or attribute of a resource changes."""

    attribute: str
    name: str | None
    recreation: Recreation
    evaluation: Literal["Static", "Dynamic"]
    source: str
    causing: str | None = None
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """``replacement`` and ``details`` are empty for Add and Remove."""

    action: Literal["Add", "Modify", "Remove"]
    logical_id: str
    physical_id: str
    type: str
    replacement: Literal["True", "False", "Conditional"] | None = None
    policy_action: str | None = None
    details: tuple[Detail, ...] = ()
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """``anything`` is False when executing would leave the stack as it is."""

    changes: tuple[ResourceChange, ...]
    anything: bool


def difference(store: Store, stack: Stack, new: Definition) -> Difference:
    """What executing ``new`` would change. Raises ServiceError for what makes the definition invalid."""
    unsure: dict[str, frozenset[str]] = {}
    """Resources whose reference (``""``) or attributes (``"*"``) are known only after execution."""

    def reference(logical_id: str) -> Any:
        if "" in unsure.get(logical_id, ()):
            return Unknown(frozenset((logical_id,)))
        return stack.resources[logical_id].physical_id

    def attribute(logical_id: str, name: str) -> Any:
        if unsure.get(logical_id):
            return Unknown(frozenset((f"{logical_id}.{name}",)))
        attributes = stack.resources[logical_id].attributes
        return attributes[name] if name in attributes else Unknown(frozenset((f"{logical_id}.{name}",)))

    def export(name: str) -> str:
        for _, output in store.exports():
            if output.export == name:
                return output.value
        raise invalid(f"No export named {name} found")

    evaluation = evaluate(
        new, store.place, stack.name, stack.id, reference=reference, attribute=attribute, export=export
    )
    found: list[ResourceChange] = []
    for name in order(evaluation.edges):
        declared = new.template.resources[name]
        old = stack.resources.get(name)
        change = (
            _add(declared, evaluation) if old is None or not old.alive else _modify(stack, old, declared, evaluation)
        )
        if change is None:
            continue
        found.append(change)
        moved = change.action == "Add" or change.replacement in ("True", "Conditional")
        unsure[name] = frozenset(("", "*")) if moved else frozenset(("*",))
    found.extend(_remove(res) for name, res in stack.resources.items() if name not in evaluation.active)
    anything = bool(found) or _else_changed(stack, new, evaluation)
    return Difference(tuple(found), anything)


def _else_changed(stack: Stack, new: Definition, evaluation: Evaluation) -> bool:
    """Whether something changes although no resource does: stack tags or outputs."""
    old = stack.definition
    return old is None or dict(old.tags) != dict(new.tags) or outputs(evaluation) != stack.outputs


def check_types(stack: Stack, new: Definition) -> None:
    """AWS refuses an update that gives a logical id another resource type."""
    moved = [
        name
        for name, declared in new.template.resources.items()
        if name in stack.resources and stack.resources[name].alive and stack.resources[name].type != declared.type
    ]
    if moved:
        raise invalid(
            "Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{', '.join(moved)}]"
        )


def _add(declared: ResourceDeclaration, evaluation: Evaluation) -> ResourceChange:
    after = properties_or_raw(evaluation, declared)
    shown = evaluation.definition.masked(_known(after))
    return ResourceChange("Add", declared.logical_id, "", declared.type, after={"Properties": shown})


def _remove(resource: StackResource) -> ResourceChange:
    action = {"Retain": "Retain", "RetainExceptOnCreate": "Retain", "Snapshot": "Snapshot", "Delete": "Delete"}
    return ResourceChange(
        "Remove",
        resource.logical_id,
        resource.physical_id,
        resource.type,
        policy_action=action[resource.deletion_policy],
        before={"Properties": dict(resource.properties)},
    )


def _modify(
    stack: Stack, old: StackResource, declared: ResourceDeclaration, evaluation: Evaluation
) -> ResourceChange | None:
    after = properties_or_raw(evaluation, declared)
    details: list[Detail] = []
    for name in sorted({*old.properties, *after}):
        before_value, after_value = old.properties.get(name), after.get(name)
        if before_value != after_value:
            details.extend(_property_details(stack, name, before_value, after_value, declared, evaluation))
    details.extend(_attribute_details(old, declared))
    if not details and old.status != "UPDATE_FAILED":
        return None
    replacement = _replacement(details)
    kept = declared.update_replace_policy in ("Retain", "RetainExceptOnCreate")
    return ResourceChange(
        "Modify",
        old.logical_id,
        old.physical_id,
        old.type,
        replacement=replacement,
        policy_action=None if replacement != "True" else "ReplaceAndRetain" if kept else "ReplaceAndDelete",
        details=tuple(details),
        before={"Properties": stack.defined().masked(dict(old.properties))},
        after={"Properties": evaluation.definition.masked(_known(after))},
    )


def _replacement(details: Iterable[Detail]) -> Literal["True", "False", "Conditional"]:
    sure = any(d.recreation == "Always" and d.evaluation == "Static" for d in details)
    maybe = any(d.recreation != "Never" for d in details)
    return "True" if sure else "Conditional" if maybe else "False"


def _property_details(
    stack: Stack, name: str, before: Any, after: Any, declared: ResourceDeclaration, evaluation: Evaluation
) -> Iterable[Detail]:
    recreation: Recreation = "Always" if name in TYPES[declared.type].create_only else "Never"
    is_tags = name == "Tags"

    def detail(evaluated: Literal["Static", "Dynamic"], source: str, causing: str | None = None) -> Detail:
        shown = evaluation.definition.masked(_known(after))
        return Detail(
            "Tags" if is_tags else "Properties",
            None if is_tags else name,
            recreation,
            evaluated,
            source,
            causing,
            stack.definition.masked(before) if stack.definition else before,
            shown,
        )

    because = sorted(unknowns(after))
    expression = declared.properties.get(name)
    parameters = _changed_parameters(stack, evaluation.definition, expression)
    for cause in because:
        yield detail("Dynamic", "ResourceAttribute" if "." in cause else "ResourceReference", cause)
    for parameter in parameters:
        yield detail("Static", "ParameterReference", parameter)
    old_expression = _old_expression(stack, declared.logical_id, name)
    if old_expression != expression or not (because or parameters):
        yield detail("Dynamic" if because and old_expression == expression else "Static", "DirectModification")
    elif parameters:
        yield detail("Dynamic", "DirectModification")


def _old_expression(stack: Stack, logical_id: str, name: str) -> Any:
    if stack.definition is None or logical_id not in stack.definition.template.resources:
        return None
    return stack.definition.template.resources[logical_id].properties.get(name)


def _changed_parameters(stack: Stack, new: Definition, expression: Any) -> list[str]:
    if stack.definition is None:
        return []
    before, after = stack.definition.values(), new.values()
    mentioned = dict.fromkeys(mention.name for mention in mentions(expression))
    return [name for name in mentioned if name in after and name in before and after[name] != before[name]]


def _attribute_details(old: StackResource, declared: ResourceDeclaration) -> Iterable[Detail]:
    pairs = (
        ("Metadata", old.metadata, declared.metadata),
        ("DeletionPolicy", old.deletion_policy, declared.deletion_policy),
        ("UpdateReplacePolicy", old.update_replace_policy, declared.update_replace_policy),
    )
    for attribute, before, after in pairs:
        if before != after:
            yield Detail(attribute, None, "Never", "Static", "DirectModification", None, before, after)


def _known(value: Any) -> Any:
    match value:
        case Unknown():
            return KNOWN_AFTER_APPLY
        case dict():
            return {key: _known(item) for key, item in value.items()}
        case list():
            return [_known(item) for item in value]
        case _:
            return value


def describe_change(change: ResourceChange, *, values: bool) -> dict[str, Any]:
    """A change as DescribeChangeSet answers it; ``values`` is its IncludePropertyValues."""
    scope = list(dict.fromkeys(detail.attribute for detail in change.details))
    shown: dict[str, Any] = {
        "PolicyAction": change.policy_action,
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id or None,
        "ResourceType": change.type,
        "Replacement": change.replacement,
        "Scope": scope,
        "Details": [_describe_detail(detail, values=values) for detail in change.details],
    }
    if values:
        # Recorded so from AWS: with property values an addition counts as a replacement.
        shown["Replacement"] = change.replacement or ("True" if change.action == "Add" else None)
        shown["BeforeContext"] = change.before and _json(change.before)
        shown["AfterContext"] = change.after and _json(change.after)
    return {"Type": "Resource", "ResourceChange": {key: value for key, value in shown.items() if value is not None}}


def _describe_detail(detail: Detail, *, values: bool) -> dict[str, Any]:
    target = {"Attribute": detail.attribute, "Name": detail.name, "RequiresRecreation": detail.recreation}
    if values and detail.name is not None:
        target["Path"] = f"/{detail.attribute}/{detail.name}"
        target["BeforeValue"] = None if detail.before is None else _text(detail.before)
        target["AfterValue"] = None if detail.after is None else _text(detail.after)
        kind = "Add" if detail.before is None else "Remove" if detail.after is None else "Modify"
        target["AttributeChangeType"] = kind
    shown = {
        "Target": {key: value for key, value in target.items() if value is not None},
        "Evaluation": detail.evaluation,
        "ChangeSource": detail.source,
        "CausingEntity": detail.causing,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)
