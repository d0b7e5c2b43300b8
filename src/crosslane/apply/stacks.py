"""Stacks: create, update through a change set that is checked first, wait, and say what failed first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from crosslane.apply.deletion import delete
from crosslane.apply.hands import Hands
from crosslane.apply.outcome import Done, Outcome
from crosslane.apply.template_upload import template_argument
from crosslane.apply.waiting import STACK, eventually
from crosslane.aws.errors import DENIED_CODES, AwsError
from crosslane.aws.gateway import Gateway
from crosslane.desired.model import Stack
from crosslane.errors import OutcomeError
from crosslane.live.model import LiveStack
from crosslane.live.read import is_absent, last_update, read_stack
from crosslane.plan.model import DeleteStack, Op, PutStack, ReadOutputs, Step
from crosslane.plan.stacks import decide_stack, resolved, under_way

EMPTY_CHANGE_SET = ("didn't contain changes", "No updates are to be performed")
"""How CloudFormation says that a change set has nothing to do; it is an answer, not a failure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-view.html
"""


STALE_FOR = 30.0
"""Seconds for which a description may lag behind a call that was accepted."""


def put_stack(task: PutStack, step: Step, hands: Hands) -> Done:
    """Bring the stack to what is wanted, whatever state it is in; an operation of somebody else is waited for.

    The deployer may change a key only if it carries this pipeline's tag. What is adopted does not carry it yet, so with
    ``--adopt`` the sign-in does what is there already; it also finishes what the deployer was denied half-way.
    """
    stack, live = task.stack, task.live
    gateway = hands.deployer(stack.account)
    lookup = hands.found.outputs.get
    decision = decide_stack(stack, live, lookup)
    if decision.op is Op.WAIT and live is not None:
        hands.progress.note(step, f"{decision.reason}; waits for it")
        live = _settled(gateway, live.id, step, hands)
        decision = decide_stack(stack, live, lookup)
    if live is not None and hands.adopt:
        gateway = hands.base(stack.account)
    match decision.op:
        case Op.KEEP:
            return Done(Outcome.UNCHANGED, decision.reason)
        case Op.CREATE:
            _create(stack, gateway, step, hands)
            return Done(Outcome.CREATED, "CREATE_COMPLETE")
        case Op.REPLACE if live is not None:
            hands.progress.note(step, decision.reason)
            _delete(gateway, live, step, hands)
            _create(stack, gateway, step, hands)
            return Done(Outcome.REPLACED, f"it was {live.status}; CREATE_COMPLETE")
        case Op.UPDATE if live is not None:
            if live.status in _UNFINISHED_ROLLBACK:
                _finish_rollback(gateway, live, step, hands)
            changed = _update(stack, live, gateway, step, hands)
            outcome = Outcome.ADOPTED if step.op is Op.ADOPT else Outcome.UPDATED
            return Done(outcome if changed else Outcome.UNCHANGED, ", ".join(changed) or "nothing to change")
        case _:
            raise AssertionError(f"no way to do {decision.op} to a stack")


def read_outputs(task: ReadOutputs, step: Step, hands: Hands) -> Done:
    """Read the outputs that later stacks take (S2)."""
    stack = task.stack
    gateway = hands.deployer(stack.account)
    answer = gateway.call("cloudformation", "DescribeStacks", {"StackName": stack.name})["Stacks"][0]
    values = {output["OutputKey"]: output["OutputValue"] for output in answer.get("Outputs", [])}
    for output in task.outputs:
        if output.key not in values:
            raise OutcomeError(
                f"stack {stack.name} has no output {output.key}",
                code="OutputMissing",
                account=stack.account,
                next="run crosslane plan to see how the stack differs",
            )
        hands.found.outputs[output] = values[output.key]
    return Done(Outcome.VERIFIED, ", ".join(f"{output.key} {values[output.key]}" for output in task.outputs))


def delete_stack(task: DeleteStack, step: Step, hands: Hands) -> Done:
    """Delete the stack and wait until it is gone."""
    _delete(hands.deployer(task.account), task.stack, step, hands)
    return Done(Outcome.DELETED, "DELETE_COMPLETE")


def _create(stack: Stack, gateway: Gateway, step: Step, hands: Hands) -> None:
    token = hands.token()
    with template_argument(stack, gateway, hands) as template:
        parameters = {
            **_arguments(stack, hands, template),
            "OnFailure": "ROLLBACK",
            "ClientRequestToken": token,
        }
        answer = _call_when_known(gateway, "CreateStack", parameters, stack.account, hands)
        _wait(gateway, answer["StackId"], frozenset({"CREATE_COMPLETE"}), token, step, hands)


def _update(stack: Stack, live: LiveStack, gateway: Gateway, step: Step, hands: Hands) -> tuple[str, ...]:
    """Update through a change set; returns the changed resources, none where there was nothing to change."""
    token = hands.token()
    wanted = dict(stack.tags)
    tags = {**dict(live.tags), **wanted}
    with template_argument(stack, gateway, hands) as template:
        parameters = {
            **_arguments(stack, hands, template),
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
            "ChangeSetName": f"crosslane-{token}",
            "ChangeSetType": "UPDATE",
            "ClientToken": token,
        }
        answer = _call_when_known(gateway, "CreateChangeSet", parameters, stack.account, hands)
        named = {"ChangeSetName": answer["Id"], "StackName": live.id}
        changes = _changes(gateway, named, stack, hands)
        if changes is None:
            delete(gateway, "cloudformation", "DeleteChangeSet", named)
            return ()
        _refuse_unplanned_replacement(gateway, named, stack, changes)
        try:
            gateway.call("cloudformation", "ExecuteChangeSet", {**named, "ClientRequestToken": token})
        except AwsError as error:
            # Repeated after its answer was lost, the call may find that it is under way already.
            if error.code != "InvalidChangeSetStatus" or not _has_begun(_events(gateway, live.id), token):
                raise
        _wait(gateway, live.id, frozenset({"UPDATE_COMPLETE"}), token, step, hands, before=live)
    return tuple(f"{change['Action'].lower()} {change['LogicalResourceId']}" for change in changes) or ("tags",)


def _arguments(stack: Stack, hands: Hands, template: Mapping[str, str]) -> dict[str, Any]:
    values = resolved(stack, hands.found.outputs.get)
    unknown = [name for name, value in values if value is None]
    if unknown:
        raise AssertionError(f"stack {stack.name} came before the stack that gives {', '.join(unknown)}")
    return {
        "StackName": stack.name,
        **template,
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in values],
        "Capabilities": list(stack.capabilities),
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags],
    }


def _call_when_known(
    gateway: Gateway, operation: str, parameters: dict[str, Any], account: str, hands: Hands
) -> dict[str, Any]:
    """Call; a denial may pass by itself while this run's own change of IAM spreads."""
    return eventually(
        lambda: gateway.call("cloudformation", operation, parameters),
        retry=lambda error: account in hands.found.fresh and error.code in DENIED_CODES,
        clock=hands.clock,
    )


def _changes(gateway: Gateway, named: dict[str, str], stack: Stack, hands: Hands) -> list[dict[str, Any]] | None:
    """The resource changes of the change set once it is ready; None if it is empty."""
    for _ in hands.clock.pauses(STACK):
        answer = gateway.call("cloudformation", "DescribeChangeSet", named)
        match answer["Status"]:
            case "CREATE_COMPLETE":
                changes = gateway.pages("cloudformation", "DescribeChangeSet", "Changes", named)
                return [change["ResourceChange"] for change in changes if "ResourceChange" in change]
            case "FAILED":
                reason = answer.get("StatusReason", "no reason given")
                if any(text in reason for text in EMPTY_CHANGE_SET):
                    return None
                delete(gateway, "cloudformation", "DeleteChangeSet", named)
                raise OutcomeError(
                    f"the change set of stack {stack.name} failed: {reason}",
                    code="ChangeSetFailed",
                    account=stack.account,
                )
    raise OutcomeError(f"the change set of stack {stack.name} is not ready after an hour", account=stack.account)


def _refuse_unplanned_replacement(
    gateway: Gateway, named: dict[str, str], stack: Stack, changes: Iterable[Mapping[str, Any]]
) -> None:
    """Stop before an update would lose the key, the bucket or the pipeline; nothing has happened yet.

    What has the type of one of them under another logical id counts too: in a stack that was adopted it is the one
    that has been in use.
    """
    resources = json.loads(stack.template)["Resources"]
    types = {resources[logical_id]["Type"] for logical_id in stack.protected}
    for change in changes:
        logical_id = change["LogicalResourceId"]
        lost = change["Action"] == "Remove" or change.get("Replacement") in ("True", "Conditional")
        if lost and (logical_id in stack.protected or change.get("ResourceType") in types):
            delete(gateway, "cloudformation", "DeleteChangeSet", named)
            fate = "removed" if change["Action"] == "Remove" else "replaced"
            raise OutcomeError(
                f"the update of stack {stack.name} was stopped: {logical_id} ({change.get('PhysicalResourceId')}) "
                f"would be {fate}, which was not planned",
                code="UnplannedReplacement",
                account=stack.account,
                next="take back the change of the config that causes it, or destroy and set up anew",
            )


_UNFINISHED_ROLLBACK = {"UPDATE_ROLLBACK_FAILED": "ContinueUpdateRollback", "UPDATE_FAILED": "RollbackStack"}
"""The call that leads out of each status in which a change set cannot be relied on.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html (2026-11-24)
"""


def _finish_rollback(gateway: Gateway, live: LiveStack, step: Step, hands: Hands) -> None:
    token = hands.token()
    hands.progress.note(step, f"rolls it back first: it is in {live.status}")
    asked = {"StackName": live.id, "ClientRequestToken": token}
    gateway.call("cloudformation", _UNFINISHED_ROLLBACK[live.status], asked)
    _wait(gateway, live.id, frozenset({"UPDATE_ROLLBACK_COMPLETE"}), token, step, hands, before=live)


def _delete(gateway: Gateway, live: LiveStack, step: Step, hands: Hands) -> None:
    token = hands.token()
    gateway.call("cloudformation", "DeleteStack", {"StackName": live.id, "ClientRequestToken": token})
    _wait(gateway, live.id, frozenset({"DELETE_COMPLETE"}), token, step, hands, before=live)


def _settled(gateway: Gateway, stack_id: str, step: Step, hands: Hands) -> LiveStack | None:
    """The stack once nothing is under way on it; None if it is gone by then."""
    for _ in hands.clock.pauses(STACK):
        try:
            live = read_stack(gateway, stack_id)
        except AwsError as error:
            if is_absent(error):
                return None
            raise
        if live.status == "DELETE_COMPLETE":
            return None
        if not under_way(live.status):
            return live
    raise OutcomeError(f"stack {stack_id} is still busy after an hour", code="StackBusy", account=step.account)


def _wait(
    gateway: Gateway,
    stack_id: str,
    good: frozenset[str],
    token: str,
    step: Step,
    hands: Hands,
    *,
    before: LiveStack | None = None,
) -> None:
    """Wait until the stack rests; raise with the first failing resource unless it rests in a ``good`` status.

    ``before`` is the stack as it was: for a moment after a call it may still be described so.
    """
    seen: set[str] = set()
    for waited in hands.clock.pauses(STACK):
        stack = gateway.call("cloudformation", "DescribeStacks", {"StackName": stack_id})["Stacks"][0]
        status = stack["StackStatus"]
        if hands.progress.wants_events:
            _tell_events(gateway, stack_id, token, seen, step, hands)
        if (
            before is not None
            and waited < STALE_FOR
            and (status, last_update(stack)) == (before.status, before.updated)
            and not _has_begun(_events(gateway, stack_id), token)
        ):
            continue
        if status in good:
            return
        if not under_way(status):
            cause = first_failure(_events(gateway, stack_id), token) or stack.get(
                "StackStatusReason", "no reason given"
            )
            raise OutcomeError(
                f"stack {stack['StackName']} is {status}: {cause}",
                code="StackFailed",
                account=step.account,
                next="correct the cause and run the same command again: it goes on from here",
            )
    raise OutcomeError(f"stack {stack_id} is still busy after an hour", code="StackBusy", account=step.account)


def _has_begun(events: Iterable[Mapping[str, Any]], token: str) -> bool:
    """Whether the operation with this token shows: one that fails soon rests in the status that it came from."""
    return any(event.get("ClientRequestToken") == token for event in events)


def first_failure(events: Iterable[Mapping[str, Any]], token: str) -> str | None:
    """The first resource that failed in the operation with this token, and why.

    Resources that were only cancelled because another failed do not count. ``events`` are newest first, as
    DescribeStackEvents gives them.
    """
    for event in reversed(list(events)):
        reason = event.get("ResourceStatusReason", "")
        if (
            event.get("ClientRequestToken") == token
            and event["ResourceStatus"].endswith("_FAILED")
            and event.get("PhysicalResourceId") != event["StackId"]
            and "cancelled" not in reason
        ):
            return f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason or 'no reason given'}"
    return None


def _events(gateway: Gateway, stack_id: str) -> list[dict[str, Any]]:
    return gateway.pages("cloudformation", "DescribeStackEvents", "StackEvents", {"StackName": stack_id})


def _tell_events(gateway: Gateway, stack_id: str, token: str, seen: set[str], step: Step, hands: Hands) -> None:
    for event in reversed(_events(gateway, stack_id)):
        if event["EventId"] not in seen and event.get("ClientRequestToken") == token:
            seen.add(event["EventId"])
            reason = f": {event['ResourceStatusReason']}" if event.get("ResourceStatusReason") else ""
            hands.progress.note(step, f"{event['LogicalResourceId']} {event['ResourceStatus']}{reason}")
