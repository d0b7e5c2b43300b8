"""The deploy action of CloudFormation, in all its modes.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html (2026-11-25)
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosslane.sandbox.cloudformation.requests import TEMPLATE_FROM_PIPELINE
from crosslane.sandbox.pipeline.act import Act, failure_code
from crosslane.sandbox.pipeline.actions.template import change_set_input, stack_input
from crosslane.sandbox.pipeline.model import ActionFailure

_MINUTES = 3 * 24 * 60
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html, timeout of a CloudFormation action"""

_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_REPLACED = (
    "CREATE_FAILED",
    "DELETE_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_FAILED",
)
"""Stacks that REPLACE_ON_FAILURE deletes and makes anew: the page above, ``ActionMode``; CREATE_FAILED unverified."""

_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


def run(act: Act) -> None:
    """Raises ``ActionFailure``."""
    modes: dict[str, Callable[[Act, Any, str], None]] = {
        "CHANGE_SET_REPLACE": _replace_change_set,
        "CHANGE_SET_EXECUTE": _execute_change_set,
        "CREATE_UPDATE": _create_or_update,
        "REPLACE_ON_FAILURE": _replace_on_failure,
        "DELETE_ONLY": _delete,
    }
    mode, stack = act.setting("ActionMode"), act.setting("StackName")
    if mode not in modes:
        raise ActionFailure("ConfigurationError", f"ActionMode {mode} is none of {', '.join(modes)}")
    cloudformation = act.client("cloudformation")
    cloudformation.meta.events.register("before-call.cloudformation", _mark, unique_id=TEMPLATE_FROM_PIPELINE)
    act.tell(external_url=f"https://console.aws.amazon.com/cloudformation/home?region={act.region}#/stacks")
    try:
        modes[mode](act, cloudformation, stack)
        if mode not in ("CHANGE_SET_REPLACE", "DELETE_ONLY"):
            _put_outputs(act, _describe(cloudformation, stack) or {})
    except (ClientError, BotoCoreError) as error:
        raise ActionFailure(failure_code(error), str(error)) from error


def _mark(params: dict[str, Any], **_: Any) -> None:
    """Says that the template is an artifact's, which may be longer than a request's."""
    params["headers"][TEMPLATE_FROM_PIPELINE] = "true"


def _replace_change_set(act: Act, cloudformation: Any, stack: str) -> None:
    name = act.setting("ChangeSetName")
    existing = _settled(act, cloudformation, stack)
    new = existing is None or existing["StackStatus"] == "REVIEW_IN_PROGRESS"
    given = change_set_input(act)
    if existing is not None:
        cloudformation.delete_change_set(StackName=stack, ChangeSetName=name)
    kind = "CREATE" if new else "UPDATE"
    made = cloudformation.create_change_set(StackName=stack, ChangeSetName=name, ChangeSetType=kind, **given)
    act.tell(external_id=made["Id"])
    found = _change_set(act, cloudformation, stack, name)
    if found["Status"] == "FAILED" and not _without_changes(found):
        raise ActionFailure("JobFailed", f"Failed to create change set {name}: {found.get('StatusReason', '')}")
    act.tell(summary=f"Change set {name} was created." if found["Status"] != "FAILED" else found["StatusReason"])


def _execute_change_set(act: Act, cloudformation: Any, stack: str) -> None:
    name = act.setting("ChangeSetName")
    found = _change_set(act, cloudformation, stack, name)
    act.tell(external_id=found["ChangeSetId"])
    if _without_changes(found):
        act.tell(summary=f"Change set {name} has no changes.")
        return
    if found["Status"] != "CREATE_COMPLETE":
        raise ActionFailure("JobFailed", f"Change set {name} is {found['Status']}: {found.get('StatusReason', '')}")
    seen = _events(cloudformation, found["StackId"])
    cloudformation.execute_change_set(StackName=stack, ChangeSetName=name)
    _await(act, cloudformation, found["StackId"], seen)


def _create_or_update(act: Act, cloudformation: Any, stack: str) -> None:
    existing = _settled(act, cloudformation, stack)
    given = stack_input(act)
    if existing is None:
        made = cloudformation.create_stack(StackName=stack, **given)
        act.tell(external_id=made["StackId"])
        _await(act, cloudformation, made["StackId"], frozenset())
        return
    act.tell(external_id=existing["StackId"])
    seen = _events(cloudformation, existing["StackId"])
    try:
        cloudformation.update_stack(StackName=stack, **given)
    except ClientError as error:
        if _NO_CHANGES[1] not in str(error):
            raise
        act.tell(summary="The stack has no changes.")
        return
    _await(act, cloudformation, existing["StackId"], seen)


def _replace_on_failure(act: Act, cloudformation: Any, stack: str) -> None:
    existing = _settled(act, cloudformation, stack)
    if existing is not None and existing["StackStatus"] in _REPLACED:
        _delete(act, cloudformation, stack)
    _create_or_update(act, cloudformation, stack)


def _delete(act: Act, cloudformation: Any, stack: str) -> None:
    existing = _settled(act, cloudformation, stack)
    if existing is None:
        return
    role = act.configuration.get("RoleArn")
    cloudformation.delete_stack(StackName=stack, **({"RoleARN": role} if role else {}))
    act.tell(external_id=existing["StackId"])

    def gone() -> bool:
        found = _describe(cloudformation, existing["StackId"])
        if found is not None and found["StackStatus"] == "DELETE_FAILED":
            raise ActionFailure("JobFailed", f"The stack cannot be deleted: {found.get('StackStatusReason', '')}")
        return found is None or found["StackStatus"] == "DELETE_COMPLETE"

    act.wait(gone, _MINUTES, f"Deleting the stack {stack}")


def _settled(act: Act, cloudformation: Any, stack: str) -> Mapping[str, Any] | None:
    """The stack when no operation is under way; None if there is none."""
    found: list[Mapping[str, Any] | None] = [None]

    def still() -> bool:
        found[0] = _describe(cloudformation, stack)
        status = "" if found[0] is None else str(found[0]["StackStatus"])
        return not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS"

    act.wait(still, _MINUTES, f"An operation on the stack {stack}")
    return found[0]


def _describe(cloudformation: Any, stack: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return found


def _change_set(act: Act, cloudformation: Any, stack: str, name: str) -> Mapping[str, Any]:
    """The change set, when it is worked out."""
    found: dict[str, Any] = {}

    def ready() -> bool:
        found.update(cloudformation.describe_change_set(StackName=stack, ChangeSetName=name))
        return found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS")

    act.wait(ready, _MINUTES, f"The change set {name}")
    return found


def _without_changes(change_set: Mapping[str, Any]) -> bool:
    reason = str(change_set.get("StatusReason", ""))
    return change_set["Status"] == "FAILED" and any(words in reason for words in _NO_CHANGES)


def _await(act: Act, cloudformation: Any, stack_id: str, seen: frozenset[str]) -> None:
    """Waits for the stack's operation and fails unless it went well."""
    found: dict[str, Any] = {}

    def over() -> bool:
        found.update(_describe(cloudformation, stack_id) or {"StackStatus": "DELETE_COMPLETE"})
        return not found["StackStatus"].endswith("_IN_PROGRESS")

    act.wait(over, _MINUTES, "The stack's operation")
    status = str(found["StackStatus"])
    if status not in _GOOD:
        reason = _first_failure(cloudformation, stack_id, seen) or found.get("StackStatusReason", "")
        raise ActionFailure("JobFailed", f"Stack {found.get('StackName', stack_id)} is {status}. Reason: {reason}")
    act.tell(summary=f"Stack {found['StackName']} is {status}.")


def _events(cloudformation: Any, stack_id: str) -> frozenset[str]:
    """Ids of what has happened so far."""
    return frozenset(event["EventId"] for event in _all_events(cloudformation, stack_id))


def _first_failure(cloudformation: Any, stack_id: str, seen: frozenset[str]) -> str | None:
    """The resource that failed first since then, with CloudFormation's reason."""
    for event in reversed(_all_events(cloudformation, stack_id)):
        failed = str(event["ResourceStatus"]).endswith("_FAILED") and event["PhysicalResourceId"] != stack_id
        if failed and event["EventId"] not in seen:
            return f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
    return None


def _all_events(cloudformation: Any, stack_id: str) -> list[Mapping[str, Any]]:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    try:
        return [event for page in pages for event in page["StackEvents"]]
    except ClientError:
        # They only explain; who may not see them still sees how it ended.
        return []


def _put_outputs(act: Act, stack: Mapping[str, Any]) -> None:
    """The stack's outputs as variables, and as a JSON file in the output artifact if one is named."""
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}
    act.tell(variables=outputs)
    named, artifacts = act.configuration.get("OutputFileName"), act.run.action["outputArtifacts"]
    if not artifacts:
        return
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(named or "CreateStackOutput.json", json.dumps(outputs))
    act.tell(outputs=tuple(act.put(one["name"], written.getvalue()) for one in artifacts))
