"""EventBridge: rules are below their bus, events go to a bus one by one.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html (2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.sandbox.authorization.operations.model import Facts, Row, Use, Values, arn
from crosslane.sandbox.request import Request


def _bus(request: Request, facts: Facts, named: Any) -> str:
    text = str(named or "default")
    return text if text.startswith("arn:") else arn(facts, request, "events", f"event-bus/{text}")


def _rule_arn(request: Request, facts: Facts, name: str) -> str:
    bus = _bus(request, facts, request.parameters.get("EventBusName"))
    owner = bus.split(":")[4]
    prefix = bus.rpartition("event-bus/")[2]
    resource = name if prefix == "default" else f"{prefix}/{name}"
    return f"arn:{facts.partition}:events:{request.region}:{owner}:rule/{resource}"


def _on_rule(request: Request, facts: Facts) -> Iterator[Use]:
    given = request.parameters
    context: dict[str, Values] = {"events:creatorAccount": request.caller.account}
    if request.operation == "PutTargets":
        context["events:TargetArn"] = tuple(str(target.get("Arn", "")) for target in given.get("Targets") or ())
    if request.operation == "PutRule":
        context.update(_pattern(given.get("EventPattern")))
    name = str(given.get("Rule") or given.get("Name") or "*")
    yield Use(f"events:{request.operation}", _rule_arn(request, facts, name), context=context)


def _list_rules(request: Request, facts: Facts) -> Iterator[Use]:
    prefix = str(request.parameters.get("NamePrefix") or "")
    yield Use(f"events:{request.operation}", _rule_arn(request, facts, f"{prefix}*"))


def _by_target(request: Request, facts: Facts) -> Iterator[Use]:
    yield Use("events:ListRuleNamesByTarget", _rule_arn(request, facts, "*"))


def _on_bus(request: Request, facts: Facts) -> Iterator[Use]:
    given = request.parameters
    yield Use(f"events:{request.operation}", _bus(request, facts, given.get("EventBusName") or given.get("Name")))


def _put_events(request: Request, facts: Facts) -> Iterator[Use]:
    for entry in request.parameters.get("Entries") or ():
        context: dict[str, Values] = {"events:eventBusInvocation": "false"}
        if entry.get("Source"):
            context["events:source"] = str(entry["Source"])
        if entry.get("DetailType"):
            context["events:detail-type"] = str(entry["DetailType"])
        yield Use("events:PutEvents", _bus(request, facts, entry.get("EventBusName")), context=context)


def _pattern(text: Any) -> dict[str, Values]:
    """``events:source`` and ``events:detail-type`` of a rule: what its pattern asks for."""
    try:
        pattern = json.loads(text) if text else {}
    except ValueError:
        return {}
    found: dict[str, Values] = {}
    for key, name in (("events:source", "source"), ("events:detail-type", "detail-type")):
        values = pattern.get(name) if isinstance(pattern, dict) else None
        if isinstance(values, list):
            found[key] = tuple(str(value) for value in values if isinstance(value, str))
    return found


_ON_RULE = ("DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "ListTargetsByRule", "PutRule", "PutTargets")
_ON_BUS = (
    "CreateEventBus",
    "DeleteEventBus",
    "DescribeEventBus",
    "PutPermission",
    "RemovePermission",
    "UpdateEventBus",
)

ROWS: Mapping[tuple[str, str], Row] = {
    **{("events", operation): _on_rule for operation in (*_ON_RULE, "RemoveTargets")},
    **{("events", operation): _on_bus for operation in (*_ON_BUS, "UpdateEventBus")},
    ("events", "ListRules"): _list_rules,
    ("events", "ListRuleNamesByTarget"): _by_target,
    ("events", "PutEvents"): _put_events,
}
