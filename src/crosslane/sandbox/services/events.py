"""EventBridge: events that reach the targets of rules, policies of event buses kept word for word, and targets that
need a role.

moto keeps one statement a principal, rewrites conditions, and knows neither pipelines nor bus policies.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosslane.sandbox.eventbridge.routing import Bus, Router
from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.store import Store

Key = tuple[str, str]
Check = Callable[[Request], None]
MOST_ENTRIES = 10
"""https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html (2026-11-25)"""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A statement of a bus policy, in the place where moto keeps its own kind."""

    statement: Mapping[str, Any]

    def describe(self) -> Mapping[str, Any]:
        """What moto puts into the policy that it answers."""
        return self.statement


def handlers(store: Store, router: Router) -> dict[Key, Handler]:
    """The operations that moto gets wrong.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html: a whole ``Policy`` replaces
    what is there; a statement by its parts replaces the one of the same id."""

    def put(request: Request) -> Mapping[str, Any]:
        bus = _bus(store, request)
        policy = request.parameters.get("Policy")
        if policy is None:
            statement = _statement(store, request, bus.arn)
            bus._statements[statement["Sid"]] = Verbatim(statement)
            return {}
        bus._statements = {statement["Sid"]: Verbatim(statement) for statement in _statements(policy)}
        return {}

    def remove(request: Request) -> Mapping[str, Any]:
        bus = _bus(store, request)
        if request.parameters.get("RemoveAllPermissions"):
            bus._statements.clear()
            return {}
        if not bus._statements:
            raise ServiceError("ResourceNotFoundException", "EventBus does not have a policy.")
        if bus._statements.pop(request.parameters.get("StatementId"), None) is None:
            message = "Statement with the provided id does not exist."
            raise ServiceError("ResourceNotFoundException", message)
        return {}

    def put_events(request: Request) -> Mapping[str, Any]:
        entries = request.parameters["Entries"]
        if not 1 <= len(entries) <= MOST_ENTRIES:
            message = f"Member must have length less than or equal to {MOST_ENTRIES}"
            raise ServiceError("ValidationException", f"1 validation error detected: 'entries': {message}")
        answers = [_put_event(store, router, request, entry) for entry in entries]
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}

    answered: dict[str, Handler] = {"PutPermission": put, "RemovePermission": remove, "PutEvents": put_events}
    return {("events", operation): handler for operation, handler in answered.items()}


def _put_event(store: Store, router: Router, request: Request, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html (2026-11-25)"""
    for member in ("Source", "DetailType", "Detail"):
        if not entry.get(member):
            reason = f"Parameter {member} is not valid. Reason: {member} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    if str(entry["Source"]).startswith("aws."):
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    named = str(entry.get("EventBusName") or "default")
    parts = named.split(":")
    bus = Bus(request.account, request.region, named)
    if named.startswith("arn:") and len(parts) >= 6:
        bus = Bus(parts[4], parts[3], parts[5].rpartition("/")[2])
    if bus.account not in store.accounts:
        return {"ErrorCode": "NotAuthorizedForAccount", "ErrorMessage": f"There is no account {bus.account}."}
    event = {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail}
    event |= {"account": request.account, "resources": list(entry.get("Resources", ()))}
    if entry.get("Time") is not None:
        event["time"] = entry["Time"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"EventId": router.publish(bus, event)}


def checks(store: Store) -> dict[Key, Sequence[Check]]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html and
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html"""

    def targets(request: Request) -> None:
        for target in request.parameters.get("Targets", ()):
            parts = str(target["Arn"]).split(":", 5)
            if len(parts) < 6:
                message = "Parameter Arn is not valid. Reason: Provided Arn is not in correct format."
                raise ServiceError("ValidationException", message)
            service, account, resource = parts[2], parts[4], parts[5]
            elsewhere = account != request.account
            to_bus = service == "events" and resource.startswith("event-bus/")
            if elsewhere and service == "codepipeline":
                message = f"A pipeline of another account is no target: {target['Arn']}"
                raise ServiceError("ValidationException", message)
            if not target.get("RoleArn") and (service == "codepipeline" or (to_bus and elsewhere)):
                raise ServiceError("ValidationException", f"RoleArn is required for target {target['Arn']}.")

    return {("events", "PutTargets"): (targets,)}


def _bus(store: Store, request: Request) -> Any:
    name = str(request.parameters.get("EventBusName") or "default").rpartition("event-bus/")[2]
    buses = store.backend("events", request.account, request.region).event_buses
    if name not in buses:
        raise ServiceError("ResourceNotFoundException", f"Event bus {name} does not exist.")
    return buses[name]


def _statements(policy: str) -> list[dict[str, Any]]:
    try:
        given = json.loads(policy)["Statement"]
        listed = given if isinstance(given, list) else [given]
        return [{"Sid": str(uuid.uuid4()), **statement} for statement in listed]
    except (ValueError, KeyError, TypeError):
        raise ServiceError("ValidationException", "This policy contains invalid Json") from None


def _statement(store: Store, request: Request, arn: str) -> dict[str, Any]:
    parameters = request.parameters
    for member in ("StatementId", "Action", "Principal"):
        if member not in parameters:
            raise ServiceError("ValidationException", f"Parameter {member} must be specified.")
    principal, condition = str(parameters["Principal"]), parameters.get("Condition")
    if condition and principal != "*":
        message = "Value of the parameter 'principal' must be '*' when the parameter 'condition' is set."
        raise ServiceError("ValidationException", message)
    root = {"AWS": f"arn:{store.partition}:iam::{principal}:root"}
    statement: dict[str, Any] = {
        "Sid": parameters["StatementId"],
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else root,
        "Action": parameters["Action"],
        "Resource": arn,
    }
    if condition:
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement
