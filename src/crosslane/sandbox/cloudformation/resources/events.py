"""EventBridge: rules, event buses and their policies.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html (2026-11-24)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    HandlerError,
    Live,
    Properties,
    ResourceType,
    found,
    tag_changes,
    tag_list,
)
from crosslane.sandbox.cloudformation.resources.shape import JSON, TAGS, MapOf

_TARGET = {
    "Arn*": str,
    "DeadLetterConfig": {"Arn": str},
    "Id*": str,
    "Input": str,
    "InputPath": str,
    "InputTransformer": {"InputPathsMap": MapOf(str), "InputTemplate*": str},
    "RetryPolicy": {"MaximumEventAgeInSeconds": int, "MaximumRetryAttempts": int},
    "RoleArn": str,
    "SqsParameters": {"MessageGroupId*": str},
}
_RULE = {
    "Description": str,
    "EventBusName": str,
    "EventPattern": JSON,
    "Name": str,
    "RoleArn": str,
    "ScheduleExpression": str,
    "State": str,
    "Tags": TAGS,
    "Targets": [_TARGET],
}
_DEFAULT_BUS = "default"
_NO_POLICY = '{"Version":"2012-10-17","Statement":[]}'
_ONE_AT_A_TIME = threading.Lock()
"""A bus has one policy; statements of two stacks must not overwrite each other."""


def _bus(properties: Properties) -> str:
    """The bus's name; a template may give its ARN."""
    return str(properties.get("EventBusName", _DEFAULT_BUS)).rpartition("/")[2]


def _rule_id(name: str, bus: str) -> str:
    return name if bus == _DEFAULT_BUS else f"{bus}|{name}"


def _rule_name(live: Live) -> str:
    return live.physical_id.rpartition("|")[2]


def _put_rule(context: Context, name: str, properties: Properties, *, tagged: bool) -> str:
    given = {key: properties[key] for key in ("Description", "RoleArn", "ScheduleExpression") if key in properties}
    if "EventPattern" in properties:
        given["EventPattern"] = json.dumps(properties["EventPattern"])
    if tagged and properties.get("Tags"):
        given["Tags"] = properties["Tags"]
    state = properties.get("State", "ENABLED")
    answer = context.client("events").put_rule(Name=name, EventBusName=_bus(properties), State=state, **given)
    return str(answer["RuleArn"])


def _put_targets(context: Context, name: str, bus: str, targets: list[dict[str, Any]]) -> None:
    if not targets:
        return
    answer = context.client("events").put_targets(Rule=name, EventBusName=bus, Targets=targets)
    if answer.get("FailedEntryCount"):
        failed = answer["FailedEntries"][0]
        raise HandlerError(f"{failed.get('ErrorMessage')} (Target {failed.get('TargetId')}: {failed.get('ErrorCode')})")


def _existing_rule(context: Context, properties: Properties) -> str | None:
    name, bus = properties.get("Name"), _bus(properties)
    if name is None or not found(lambda: context.client("events").describe_rule(Name=name, EventBusName=bus)):
        return None
    return _rule_id(name, bus)


def _create_rule(context: Context, properties: Properties) -> Mapping[str, Any]:
    name, bus = properties.get("Name") or context.name(64), _bus(properties)
    arn = _put_rule(context, name, properties, tagged=True)
    context.made(_rule_id(name, bus))
    _put_targets(context, name, bus, list(properties.get("Targets", ())))
    return {"Arn": arn, "RuleName": name}


def _update_rule(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    events, name, bus, old = context.client("events"), _rule_name(live), _bus(new), live.properties
    shown = ("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State")
    if any(old.get(key) != new.get(key) for key in shown):
        _put_rule(context, name, new, tagged=False)
    before = {target["Id"]: target for target in old.get("Targets", ())}
    after = {target["Id"]: target for target in new.get("Targets", ())}
    _put_targets(context, name, bus, [target for key, target in after.items() if before.get(key) != target])
    if removed := [key for key in before if key not in after]:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=removed)
    changed, dropped = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        events.tag_resource(ResourceARN=live.attributes["Arn"], Tags=tag_list(changed))
    if dropped:
        events.untag_resource(ResourceARN=live.attributes["Arn"], TagKeys=dropped)
    return live.attributes


def _delete_rule(context: Context, live: Live) -> None:
    events, name, bus = context.client("events"), _rule_name(live), _bus(live.properties)
    if ids := [target["Id"] for target in live.properties.get("Targets", ())]:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=ids)
    events.delete_rule(Name=name, EventBusName=bus)


def _read_rule(context: Context, live: Live) -> Properties | None:
    events, name, bus = context.client("events"), _rule_name(live), _bus(live.properties)
    rule = events.describe_rule(Name=name, EventBusName=bus)
    shown: dict[str, Any] = {
        "Name": rule["Name"],
        "Description": rule.get("Description"),
        "RoleArn": rule.get("RoleArn"),
        "State": rule["State"],
        "ScheduleExpression": rule.get("ScheduleExpression"),
        "EventPattern": json.loads(rule["EventPattern"]) if rule.get("EventPattern") else None,
        "Targets": events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"],
        "Tags": events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"],
    }
    return shown


# --- AWS::Events::EventBus ----------------------------------------------------------------------------------------

_EVENT_BUS = {"Description": str, "Name*": str, "Tags": TAGS}


def _create_bus(context: Context, properties: Properties) -> Mapping[str, Any]:
    arn = context.client("events").create_event_bus(**properties)["EventBusArn"]
    context.made(properties["Name"])
    return {"Arn": arn, "Name": properties["Name"]}


def _update_bus(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    events, arn = context.client("events"), live.attributes["Arn"]
    if live.properties.get("Description") != new.get("Description"):
        events.update_event_bus(Name=live.physical_id, Description=new.get("Description", ""))
    changed, dropped = tag_changes(live.properties.get("Tags"), new.get("Tags"))
    if changed:
        events.tag_resource(ResourceARN=arn, Tags=tag_list(changed))
    if dropped:
        events.untag_resource(ResourceARN=arn, TagKeys=dropped)
    return live.attributes


def _delete_bus(context: Context, live: Live) -> None:
    context.client("events").delete_event_bus(Name=live.physical_id)


def _read_bus(context: Context, live: Live) -> Properties | None:
    bus = context.client("events").describe_event_bus(Name=live.physical_id)
    tags = context.client("events").list_tags_for_resource(ResourceARN=live.attributes["Arn"])["Tags"]
    return {"Name": bus["Name"], "Tags": tags}


# --- AWS::Events::EventBusPolicy: one statement of a bus's policy ---------------------------------------------------

_BUS_POLICY = {
    "Action": str,
    "Condition": {"Key": str, "Type": str, "Value": str},
    "EventBusName": str,
    "Principal": str,
    "Statement": JSON,
    "StatementId*": str,
}


def _statement(properties: Properties) -> dict[str, Any]:
    """The statement to put, whole; the older form spells it out in properties."""
    if "Statement" in properties:
        return {"Sid": properties["StatementId"], **properties["Statement"]}
    return {
        "Sid": properties["StatementId"],
        "Action": properties.get("Action"),
        "Principal": properties.get("Principal"),
    }


def _put_bus_policy(context: Context, properties: Properties) -> None:
    """PutPermission adds one statement: in the old form by its arguments, in the new one as part of a whole policy."""
    events, bus = context.client("events"), _bus(properties)
    if "Statement" not in properties:
        given = {key: properties[key] for key in ("Action", "Principal", "Condition") if key in properties}
        events.put_permission(EventBusName=bus, StatementId=properties["StatementId"], **given)
        return
    with _ONE_AT_A_TIME:
        policy = json.loads(events.describe_event_bus(Name=bus).get("Policy") or _NO_POLICY)
        others = [item for item in policy["Statement"] if item.get("Sid") != properties["StatementId"]]
        policy["Statement"] = [*others, _statement(properties)]
        events.put_permission(EventBusName=bus, Policy=json.dumps(policy))


def _existing_bus_policy(context: Context, properties: Properties) -> str | None:
    bus, sid = _bus(properties), properties["StatementId"]
    policy = json.loads(context.client("events").describe_event_bus(Name=bus).get("Policy") or _NO_POLICY)
    return f"{bus}|{sid}" if any(item.get("Sid") == sid for item in policy["Statement"]) else None


def _create_bus_policy(context: Context, properties: Properties) -> Mapping[str, Any]:
    _put_bus_policy(context, properties)
    context.made(f"{_bus(properties)}|{properties['StatementId']}")
    return {}


def _update_bus_policy(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    if "Statement" not in new:
        _delete_bus_policy(context, live)
    _put_bus_policy(context, new)
    return live.attributes


def _delete_bus_policy(context: Context, live: Live) -> None:
    bus, _, statement = live.physical_id.rpartition("|")
    context.client("events").remove_permission(EventBusName=bus, StatementId=statement)


def _read_bus_policy(context: Context, live: Live) -> Properties | None:
    bus, _, sid = live.physical_id.rpartition("|")
    policy = json.loads(context.client("events").describe_event_bus(Name=bus).get("Policy") or _NO_POLICY)
    for statement in policy["Statement"]:
        if statement.get("Sid") == sid:
            expected = live.properties.get("Statement")
            same = expected is not None and _statement(live.properties) == statement
            return {"StatementId": sid, "Statement": expected if same else statement}
    return None


TYPES = (
    ResourceType(
        name="AWS::Events::Rule",
        shape=_RULE,
        create=_create_rule,
        update=_update_rule,
        delete=_delete_rule,
        read=_read_rule,
        existing=_existing_rule,
        create_only=frozenset({"Name", "EventBusName"}),
        attributes=frozenset({"Arn", "RuleName"}),
        tags="list",
    ),
    ResourceType(
        name="AWS::Events::EventBus",
        shape=_EVENT_BUS,
        create=_create_bus,
        update=_update_bus,
        delete=_delete_bus,
        read=_read_bus,
        create_only=frozenset({"Name"}),
        attributes=frozenset({"Arn", "Name"}),
        tags="list",
    ),
    ResourceType(
        name="AWS::Events::EventBusPolicy",
        shape=_BUS_POLICY,
        create=_create_bus_policy,
        update=_update_bus_policy,
        delete=_delete_bus_policy,
        read=_read_bus_policy,
        existing=_existing_bus_policy,
        create_only=frozenset({"EventBusName", "StatementId"}),
    ),
)
