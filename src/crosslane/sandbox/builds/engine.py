"""CodeBuild's builds in all accounts: starts, keeps, stops them."""

from __future__ import annotations

import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from crosslane.sandbox.builds import environment
from crosslane.sandbox.builds.model import Build, Handoff, Order, Variable
from crosslane.sandbox.builds.run import Running, Site, run
from crosslane.sandbox.clients import Clients
from crosslane.sandbox.request import Request, ServiceError

PRINCIPAL = "codebuild.amazonaws.com"
_OVERRIDES = (
    "projectName",
    "sourceVersion",
    "environmentVariablesOverride",
    "buildspecOverride",
    "timeoutInMinutesOverride",
    "idempotencyToken",
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What builds need of the sandbox. ``minute`` is how many seconds a minute of a time limit lasts; ``checkout``
    gives a commit's files by (account, region, build role's access key, repository, commit)."""

    clients: Clients
    clock: Callable[[], datetime]
    folder: Path
    endpoint: str
    checkout: Callable[[str, str, str, str, str], bytes]
    minute: float = 60
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


class Builds:
    """Every build of one sandbox."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._machine = environment.machine(around.environment, Path(around.environment.get("HOME") or "/"))
        self._builds: dict[str, Build] = {}
        self._running: dict[str, Running] = {}
        self._numbers: dict[str, int] = {}
        self._handoffs: dict[tuple[str, str], Handoff] = {}
        self._tokens: dict[tuple[str, str], Build] = {}
        self._lock = threading.RLock()
        self._ended = False

    def expect(self, account: str, token: str, handoff: Handoff) -> None:
        """Keeps what CodePipeline has for the build that it starts next with this idempotency token."""
        with self._lock:
            self._handoffs[account, token] = handoff

    def start(self, request: Request, project: Mapping[str, Any]) -> Build:
        """StartBuild. Raises ``ServiceError`` for what cannot be started."""
        given = request.parameters
        for name in given:
            if name not in _OVERRIDES:
                raise ServiceError("NotImplemented", f"The sandbox does not support {name} of codebuild:StartBuild")
        token = str(given.get("idempotencyToken", ""))
        with self._lock:
            if token and (request.account, token) in self._tokens:
                return self._tokens[request.account, token]
            handoff = self._handoffs.pop((request.account, token), None)
            if project["source"]["type"] == "CODEPIPELINE" and handoff is None:
                message = "Builds of a project whose source is CODEPIPELINE are started by CodePipeline only"
                raise ServiceError("InvalidInputException", message)
            if self._ended:
                raise ServiceError("ServiceUnavailable", "The sandbox is about to end", 503)
            order = self._order(request, project, handoff)
            build = Build(order, self._around.clock())
            self._builds[order.id] = build
            running = Running(build, self._site(order))
            self._running[order.id] = running
            if token:
                self._tokens[request.account, token] = build
        threading.Thread(target=self._run, args=(running,), name=f"build {order.id}", daemon=True).start()
        return build

    def find(self, account: str, region: str, build_id: str) -> Build | None:
        """A build by id or ARN."""
        build = self._builds.get(build_id.rpartition(":build/")[2])
        return build if build and (build.order.account, build.order.region) == (account, region) else None

    def all(self, account: str, region: str, project: str | None = None) -> list[Build]:
        """The builds of an account, or of one project, newest first."""
        return [
            build
            for build in reversed(list(self._builds.values()))
            if (build.order.account, build.order.region) == (account, region)
            and project in (None, build.order.project["name"])
        ]

    def stop(self, build: Build) -> None:
        """Ends a build; nothing happens to one that is over."""
        running = self._running.get(build.order.id)
        if running is not None:
            running.stop()

    def end(self) -> None:
        """Kills the processes of all builds: the sandbox ends."""
        with self._lock:
            self._ended = True
            running = list(self._running.values())
        for one in running:
            one.stop()

    def _run(self, running: Running) -> None:
        try:
            run(running)
        finally:
            with self._lock:
                self._running.pop(running.build.order.id, None)
            shutil.rmtree(running.site.folder, ignore_errors=True)

    def _order(self, request: Request, project: Mapping[str, Any], handoff: Handoff | None) -> Order:
        given, name = request.parameters, str(project["name"])
        number = self._numbers[project["arn"]] = self._numbers.get(project["arn"], 0) + 1
        identity = f"{name}:{uuid.uuid4()}"
        group, stream = _log(project, identity.rpartition(":")[2])
        place = str(project["arn"]).rpartition(":")[0]
        who = request.caller.arn.partition("assumed-role/")[2] or request.caller.arn.rpartition(":")[2]
        version = given.get("sourceVersion") or project.get("sourceVersion")
        return Order(
            id=identity,
            arn=f"{place}:build/{identity}",
            number=number,
            account=request.account,
            region=request.region,
            project=project,
            role=_role(project),
            variables=_variables(project, given.get("environmentVariablesOverride", ())),
            buildspec=given.get("buildspecOverride") or project["source"].get("buildspec"),
            source=project["source"],
            version=version,
            minutes=int(given.get("timeoutInMinutesOverride") or project["timeoutInMinutes"]),
            initiator=f"codepipeline/{handoff.pipeline}" if handoff else who,
            group=group,
            stream=stream,
            handoff=handoff,
        )

    def _site(self, order: Order) -> Site:
        around = self._around
        session = f"AWSCodeBuild-{order.uuid}"
        who = {"via": PRINCIPAL, "source_arn": order.project_arn}

        def checkout(name: str, commit: str) -> bytes:
            key = around.clients.session(order.role, session, **who).credentials.access_key
            return around.checkout(order.account, order.region, key, name, commit)

        return Site(
            folder=around.folder / order.uuid,
            endpoint=around.endpoint,
            machine=self._machine,
            role=lambda: around.clients.session(order.role, session, **who),
            client=lambda service: around.clients.as_role(order.role, session, service, order.region, **who),
            checkout=checkout,
            clock=around.clock,
            deadline=time.monotonic() + order.minutes * around.minute,
        )


def _role(project: Mapping[str, Any]) -> str:
    role, arn = str(project["serviceRole"]), str(project["arn"]).split(":")
    return role if role.startswith("arn:") else f"arn:{arn[1]}:iam::{arn[4]}:role/{role}"


def _log(project: Mapping[str, Any], identity: str) -> tuple[str | None, str]:
    """Group and stream (https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CloudWatchLogsConfig.html)."""
    settings = project.get("logsConfig", {}).get("cloudWatchLogs", {})
    if settings.get("status", "ENABLED") == "DISABLED":
        return None, identity
    prefix = settings.get("streamName")
    return settings.get("groupName") or f"/aws/codebuild/{project['name']}", (
        f"{prefix}/{identity}" if prefix else identity
    )


def _variables(project: Mapping[str, Any], overrides: Sequence[Mapping[str, str]]) -> tuple[Variable, ...]:
    listed = (*project["environment"]["environmentVariables"], *overrides)
    by_name = {one["name"]: Variable(one["name"], one["value"], one.get("type", "PLAINTEXT")) for one in listed}
    return tuple(by_name.values())
