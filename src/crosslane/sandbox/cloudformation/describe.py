"""Stacks and their resources as the API answers them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosslane.sandbox.cloudformation.change_set import describe_parameters
from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.stack import Stack, StackResource

PAGE = 100


def page(items: Sequence[Any], token: str | None, key: str, show: Callable[[Any], Any]) -> dict[str, Any]:
    """One page of a listing. Tokens count from the start; only a page's items are shown (and built)."""
    start = 0
    if token is not None:
        if not token.isdigit() or int(token) > len(items):
            raise invalid("Invalid NextToken")
        start = int(token)
    answer: dict[str, Any] = {key: [show(item) for item in items[start : start + PAGE]]}
    if start + PAGE < len(items):
        answer["NextToken"] = str(start + PAGE)
    return answer


def present(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Only the members that have a value."""
    return {key: value for key, value in shown.items() if value is not None}


def describe_stack(stack: Stack) -> dict[str, Any]:
    """A stack as DescribeStacks answers it."""
    definition = stack.definition
    shown: dict[str, Any] = {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": [],
        "TimeoutInMinutes": stack.timeout_minutes,
        "Tags": [],
        "EnableTerminationProtection": None if stack.deleted else stack.termination_protection,
        "DriftInformation": drift_information(stack),
        "DeletionMode": stack.deletion_mode,
        "RetainExceptOnCreate": stack.retain_except_on_create or None,
    }
    if definition is not None:
        shown |= {
            "Description": definition.template.description,
            "Parameters": describe_parameters(definition) or None,
            "NotificationARNs": list(definition.notification_arns),
            "Capabilities": list(definition.capabilities) or None,
            "RoleARN": definition.role_arn,
            "Tags": [{"Key": key, "Value": value} for key, value in definition.tags],
        }
    if stack.outputs:
        shown["Outputs"] = [
            present(
                {
                    "OutputKey": output.key,
                    "OutputValue": output.value,
                    "Description": output.description,
                    "ExportName": output.export,
                }
            )
            for output in stack.outputs
        ]
    return present(shown)


def drift_information(stack: Stack) -> dict[str, Any]:
    return present({"StackDriftStatus": stack.drift_status, "LastCheckTimestamp": stack.drift_checked})


def stack_summary(stack: Stack) -> dict[str, Any]:
    """A stack as ListStacks answers it."""
    return present(
        {
            "StackId": stack.id,
            "StackName": stack.name,
            "TemplateDescription": stack.definition.template.description if stack.definition else None,
            "CreationTime": stack.created,
            "LastUpdatedTime": stack.updated,
            "DeletionTime": stack.deleted,
            "StackStatus": stack.status,
            "StackStatusReason": stack.reason,
            "DriftInformation": drift_information(stack),
        }
    )


def _resource(resource: StackResource) -> dict[str, Any]:
    return {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id or None,
        "ResourceType": resource.type,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": {"StackResourceDriftStatus": resource.drift},
    }


def resource_summary(resource: StackResource) -> dict[str, Any]:
    """A resource as ListStackResources answers it."""
    return present(_resource(resource) | {"LastUpdatedTimestamp": resource.updated})


def describe_resource(stack: Stack, resource: StackResource) -> dict[str, Any]:
    """A resource as DescribeStackResources answers it."""
    return present(_resource(resource) | {"StackName": stack.name, "StackId": stack.id, "Timestamp": resource.updated})


def resource_detail(stack: Stack, resource: StackResource) -> dict[str, Any]:
    """A resource as DescribeStackResource answers it."""
    metadata = None if resource.metadata is None else json.dumps(resource.metadata)
    return present(
        _resource(resource)
        | {
            "StackName": stack.name,
            "StackId": stack.id,
            "LastUpdatedTimestamp": resource.updated,
            "Metadata": metadata,
        }
    )
