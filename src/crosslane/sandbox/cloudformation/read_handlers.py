"""The operations that only show.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html (2026-11-24)
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from crosslane.sandbox.cloudformation.capabilities import needed
from crosslane.sandbox.cloudformation.change_set_handlers import find_change_set
from crosslane.sandbox.cloudformation.core import Answer, Core
from crosslane.sandbox.cloudformation.describe import (
    describe_resource,
    describe_stack,
    page,
    present,
    resource_detail,
    resource_summary,
    stack_summary,
)
from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.events import describe_event
from crosslane.sandbox.cloudformation.requests import check_template, named, template_of
from crosslane.sandbox.cloudformation.stack import Stack, StackResource
from crosslane.sandbox.cloudformation.store import Store
from crosslane.sandbox.cloudformation.template import ParameterDeclaration, Template
from crosslane.sandbox.request import Request


def describe_stacks(core: Core, request: Request) -> Answer:
    """DescribeStacks: one, or all that are not deleted."""
    given, store = request.parameters, core.store(request)
    with store.changed:
        if not given.get("StackName"):
            shown = [s for s in reversed(store.stacks.values()) if s.status != "DELETE_COMPLETE"]
            return page(shown, given.get("NextToken"), "Stacks", describe_stack)
        _linger(core, store, store.get(named(request)))
        # Found anew: a stack that was deleted meanwhile has no name any more.
        return {"Stacks": [describe_stack(store.get(named(request)))]}


def _linger(core: Core, store: Store, stack: Stack) -> None:
    """Wait a moment for a short operation, see ``engine.LINGER_SECONDS``."""
    until = time.monotonic() + core.linger
    while stack.busy and (left := until - time.monotonic()) > 0:
        store.changed.wait(left)


def list_stacks(core: Core, request: Request) -> Answer:
    """ListStacks, deleted ones too."""
    store = core.store(request)
    wanted = request.parameters.get("StackStatusFilter")
    with store.changed:
        shown = [stack for stack in reversed(store.stacks.values()) if not wanted or stack.status in wanted]
        return page(shown, request.parameters.get("NextToken"), "StackSummaries", stack_summary)


def describe_stack_events(core: Core, request: Request) -> Answer:
    """DescribeStackEvents, the newest first."""
    store = core.store(request)
    if not request.parameters.get("StackName"):
        raise invalid("1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member "
                      "must not be null")  # fmt: skip
    with store.changed:
        stack = store.get(named(request), "Stack [{}] does not exist")
        newest_first = list(reversed(stack.events))
        return page(
            newest_first,
            request.parameters.get("NextToken"),
            "StackEvents",
            lambda event: describe_event(event, stack.id, stack.name),
        )


def describe_stack_resources(core: Core, request: Request) -> Answer:
    """DescribeStackResources of a stack, or of the stack that a physical resource is in."""
    given, store = request.parameters, core.store(request)
    with store.changed:
        if given.get("StackName"):
            stack = store.get(named(request))
            resources = list(stack.resources.values())
        elif physical_id := given.get("PhysicalResourceId"):
            stack, resources = _owner(store, physical_id)
        else:
            raise invalid("Either StackName or PhysicalResourceId must be specified.")
        logical_id = given.get("LogicalResourceId")
        if logical_id is not None and given.get("StackName"):
            resources = [_resource(stack, logical_id)]
        return {"StackResources": [describe_resource(stack, resource) for resource in resources]}


def _owner(store: Store, physical_id: str) -> tuple[Stack, list[StackResource]]:
    for stack in store.stacks.values():
        if any(res.physical_id == physical_id and res.alive for res in stack.resources.values()):
            return stack, list(stack.resources.values())
    raise invalid(f"Stack for {physical_id} does not exist")


def _resource(stack: Stack, logical_id: str) -> StackResource:
    if logical_id not in stack.resources:
        raise invalid(f"Resource {logical_id} does not exist for stack {stack.name}")
    return stack.resources[logical_id]


def describe_stack_resource(core: Core, request: Request) -> Answer:
    """DescribeStackResource."""
    store = core.store(request)
    with store.changed:
        stack = store.get(named(request), "Stack '{}' does not exist")
        resource = _resource(stack, request.parameters["LogicalResourceId"])
        return {"StackResourceDetail": resource_detail(stack, resource)}


def list_stack_resources(core: Core, request: Request) -> Answer:
    """ListStackResources."""
    store = core.store(request)
    with store.changed:
        stack = store.get(named(request))
        resources = list(stack.resources.values())
        return page(resources, request.parameters.get("NextToken"), "StackResourceSummaries", resource_summary)


def get_template(core: Core, request: Request) -> Answer:
    """GetTemplate of a stack or of a change set, before or after its transform."""
    given, store = request.parameters, core.store(request)
    with store.changed:
        if given.get("ChangeSetName"):
            found = find_change_set(store, given).definition.template
        elif given.get("StackName"):
            stack = store.get(named(request))
            if stack.definition is None:
                raise invalid(f"Stack with id {given['StackName']} does not exist")
            found = stack.definition.template
        else:
            raise invalid("StackName is required if ChangeSetName is not specified.")
    # Without transforms the processed template is the original.
    processed = given.get("TemplateStage") == "Processed" and found.processed is not None
    stages = ["Original", "Processed"] if found.processed is not None or not found.transforms else ["Original"]
    return {"TemplateBody": found.processed if processed else found.text, "StagesAvailable": stages}


def validate_template(core: Core, request: Request) -> Answer:
    """ValidateTemplate: parameters and capabilities, or what is wrong."""
    template = template_of(request, core.session(request, None))
    check_template(template)
    parameters = [
        present(
            {
                "ParameterKey": declared.name,
                "DefaultValue": declared.default,
                "NoEcho": declared.no_echo,
                "Description": declared.description,
            }
        )
        for declared in template.parameters.values()
    ]
    shown = {
        "Parameters": parameters,
        "Description": template.description,
        "DeclaredTransforms": list(template.transforms),
    }
    return present(shown) | _capabilities(template)


def _capabilities(template: Template) -> dict[str, Any]:
    capability, types = needed(template)
    if capability is None:
        return {}
    reason = f"The following resource(s) require capabilities: [{', '.join(types)}]"
    return {"Capabilities": [capability], "CapabilitiesReason": reason}


def get_template_summary(core: Core, request: Request) -> Answer:
    """GetTemplateSummary of a text or of a stack."""
    given, store = request.parameters, core.store(request)
    if given.get("StackName"):
        with store.changed:
            stack = store.get(named(request))
            if stack.definition is None:
                raise invalid("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.")
            template = stack.definition.template
    else:
        template = template_of(request, core.session(request, None))
        check_template(template)
    shown = {
        "Parameters": [_parameter(declared) for declared in template.parameters.values()],
        "Description": template.description,
        "ResourceTypes": [resource.type for resource in template.resources.values()],
        "Version": template.body.get("AWSTemplateFormatVersion"),
        "DeclaredTransforms": list(template.transforms),
        "Metadata": None if template.metadata is None else json.dumps(template.metadata),
    }
    return present(shown) | _capabilities(template)


def _parameter(declared: ParameterDeclaration) -> dict[str, Any]:
    constraints = {"AllowedValues": list(declared.allowed_values)} if declared.allowed_values else {}
    return present(
        {
            "ParameterKey": declared.name,
            "DefaultValue": declared.default,
            "ParameterType": declared.type,
            "NoEcho": declared.no_echo,
            "Description": declared.description,
            "ParameterConstraints": constraints,
        }
    )


def list_exports(core: Core, request: Request) -> Answer:
    """ListExports of the account and region."""
    store = core.store(request)
    with store.changed:
        found = sorted(store.exports(), key=lambda item: str(item[1].export))
        return page(
            found,
            request.parameters.get("NextToken"),
            "Exports",
            lambda item: {"ExportingStackId": item[0].id, "Name": item[1].export, "Value": item[1].value},
        )


def list_imports(core: Core, request: Request) -> Answer:
    """ListImports: the stacks that use an export."""
    name, store = request.parameters["ExportName"], core.store(request)
    with store.changed:
        users = store.importers(name)
        if not users:
            raise invalid(f"Export '{name}' is not imported by any stack.")
        return page(users, request.parameters.get("NextToken"), "Imports", lambda user: user)


OPERATIONS: Final[Mapping[str, Callable[[Core, Request], Answer]]] = {
    "DescribeStacks": describe_stacks,
    "ListStacks": list_stacks,
    "DescribeStackEvents": describe_stack_events,
    "DescribeStackResources": describe_stack_resources,
    "DescribeStackResource": describe_stack_resource,
    "ListStackResources": list_stack_resources,
    "GetTemplate": get_template,
    "ValidateTemplate": validate_template,
    "GetTemplateSummary": get_template_summary,
    "ListExports": list_exports,
    "ListImports": list_imports,
}
