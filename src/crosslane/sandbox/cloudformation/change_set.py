"""Change sets: a definition that waits, with what it would change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crosslane.sandbox.cloudformation.changes import Difference, describe_change
from crosslane.sandbox.cloudformation.parameters import MASK
from crosslane.sandbox.cloudformation.stack import Definition

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass(slots=True, eq=False)
class ChangeSet:
    """``on_failure`` is OnStackFailure, None for the stack's default; changed only under the store's lock."""

    id: str
    name: str
    type: str
    stack_id: str
    stack_name: str
    created: datetime
    definition: Definition
    difference: Difference
    status: str
    execution_status: str
    description: str | None = None
    reason: str | None = None
    on_failure: str | None = None
    token: str | None = None


def describe_parameters(definition: Definition) -> list[dict[str, Any]]:
    """Parameters as the API shows them: values of NoEcho parameters masked."""
    shown = []
    for value in definition.parameters:
        item = {"ParameterKey": value.name, "ParameterValue": MASK if value.no_echo else value.text}
        if value.resolved is not None:
            item["ResolvedValue"] = MASK if value.no_echo else value.resolved
        shown.append(item)
    return shown


def summary(change_set: ChangeSet) -> dict[str, Any]:
    """A change set as ListChangeSets answers it."""
    shown = {
        "StackId": change_set.stack_id,
        "StackName": change_set.stack_name,
        "ChangeSetId": change_set.id,
        "ChangeSetName": change_set.name,
        "ExecutionStatus": change_set.execution_status,
        "Status": change_set.status,
        "StatusReason": change_set.reason,
        "CreationTime": change_set.created,
        "Description": change_set.description,
        "IncludeNestedStacks": False,
    }
    return {key: value for key, value in shown.items() if value is not None}


def describe(change_set: ChangeSet, *, values: bool) -> dict[str, Any]:
    """A change set as DescribeChangeSet answers it, all changes in one piece."""
    definition = change_set.definition
    shown = summary(change_set) | {
        "NotificationARNs": list(definition.notification_arns),
        "RollbackConfiguration": {},
        "Capabilities": list(definition.capabilities),
        "Changes": [describe_change(change, values=values) for change in change_set.difference.changes],
    }
    if definition.parameters:
        shown["Parameters"] = describe_parameters(definition)
    if definition.tags:
        shown["Tags"] = [{"Key": key, "Value": value} for key, value in definition.tags]
    if change_set.on_failure is not None:
        shown["OnStackFailure"] = change_set.on_failure
    return shown
