"""Takes events to the targets of the rules that match them, in the background as on AWS.

Delivered to are event buses of any account and pipelines, each with the role that the target names; what moto delivers
to (queues, log groups) it goes on delivering to. A delivery that fails is told in the sandbox's log and not repeated.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html (2026-11-25)
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosslane.sandbox.clients import Clients
from crosslane.sandbox.eventbridge.pattern import matches
from crosslane.sandbox.request import Request, ServiceError
from crosslane.sandbox.store import Store

PRINCIPAL = "events.amazonaws.com"
_HOPS = 5
"""Forwarded no further: rules of two accounts could send each other the same event for ever."""


@dataclass(frozen=True, slots=True)
class Bus:
    """An event bus."""

    account: str
    region: str
    name: str = "default"


@dataclass(frozen=True, slots=True)
class _Delivery:
    bus: Bus
    event: Mapping[str, Any]
    hops: int


class Router:
    """EventBridge of all accounts. ``allowed`` raises ``ServiceError`` where a role may not put events on a bus."""

    def __init__(
        self,
        store: Store,
        clients: Clients,
        clock: Callable[[], datetime],
        allowed: Callable[[Request], None],
        report: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
    ) -> None:
        self._store = store
        self._clients = clients
        self._clock = clock
        self._allowed = allowed
        self._report = report
        self._waiting: queue.SimpleQueue[_Delivery] = queue.SimpleQueue()
        self._started = threading.Lock()
        self._thread: threading.Thread | None = None

    def publish(self, bus: Bus, event: Mapping[str, Any]) -> str:
        """Sends an event, with id, account, region and time filled in. Returns its id; nothing is waited for."""
        event_id = str(uuid.uuid4())
        whole = {
            "version": "0",
            "id": event_id,
            "account": bus.account,
            "time": self._clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": bus.region,
            "resources": [],
            **event,
        }
        self._send(_Delivery(bus, whole, 0))
        return event_id

    def _send(self, delivery: _Delivery) -> None:
        self._waiting.put(delivery)
        with self._started:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="eventbridge", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            delivery = self._waiting.get()
            try:
                self._route(delivery)
            except Exception as error:
                self._report(f"eventbridge: {type(error).__name__}: {error}")

    def _route(self, delivery: _Delivery) -> None:
        buses = self._store.backend("events", delivery.bus.account, delivery.bus.region).event_buses
        found = buses.get(delivery.bus.name)
        if found is None:
            self._report(f"eventbridge: there is no event bus {delivery.bus.name} in {delivery.bus.account}")
            return
        for rule in list(found.rules.values()):
            pattern = rule.event_pattern.get_pattern()
            if rule.state != "ENABLED" or not pattern or not matches(pattern, delivery.event):
                continue
            for target in list(rule.targets):
                self._deliver(delivery, rule, target)

    def _deliver(self, delivery: _Delivery, rule: Any, target: Mapping[str, Any]) -> None:
        service, region, account, resource = str(target["Arn"]).split(":", 5)[2:]
        try:
            if service == "codepipeline":
                codepipeline = self._client(rule, target, "codepipeline", region)
                codepipeline.start_pipeline_execution(name=resource)
            elif service == "events" and resource.startswith("event-bus/"):
                self._forward(delivery, rule, target, Bus(account, region, resource.partition("/")[2]))
            else:
                self._as_moto_does(delivery, rule, target)
        except (ServiceError, ClientError, BotoCoreError, NotImplementedError) as error:
            self._report(f"eventbridge: {rule.arn} could not reach {target['Arn']}: {error}")

    def _client(self, rule: Any, target: Mapping[str, Any], service: str, region: str) -> Any:
        role, session = str(target["RoleArn"]), _session_name(rule)
        return self._clients.as_role(role, session, service, region, via=PRINCIPAL, source_arn=rule.arn)

    def _forward(self, delivery: _Delivery, rule: Any, target: Mapping[str, Any], to: Bus) -> None:
        """The event keeps its account, time and id
        (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html)."""
        if delivery.hops >= _HOPS:
            raise ServiceError("TooManyHops", f"the event was forwarded {_HOPS} times")
        if to.account not in self._store.accounts:
            raise ServiceError("ResourceNotFoundException", f"there is no account {to.account}")
        if target.get("RoleArn"):
            role = str(target["RoleArn"])
            session = self._clients.session(role, _session_name(rule), via=PRINCIPAL, source_arn=rule.arn)
            event = delivery.event
            entry = {
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
                "Resources": event["resources"],
                "EventBusName": target["Arn"],
            }
            place = to.region, session.account
            self._allowed(Request("events", "PutEvents", {"Entries": [entry]}, *place, session.caller))
        self._send(_Delivery(to, delivery.event, delivery.hops + 1))

    def _as_moto_does(self, delivery: _Delivery, rule: Any, target: Mapping[str, Any]) -> None:
        everything = type(rule)(
            name=rule.name,
            account_id=delivery.bus.account,
            region_name=delivery.bus.region,
            description=None,
            event_pattern=None,
            schedule_exp=None,
            role_arn=None,
            event_bus_name=rule.event_bus_name,
            state="ENABLED",
            managed_by=None,
            targets=[target],
        )
        moment = self._clock().timestamp()
        with self._store.locked():
            everything.send_to_targets({**delivery.event, "time": moment, "ingestion-time": moment})


def _session_name(rule: Any) -> str:
    return f"events-{rule.name}"[:64]
