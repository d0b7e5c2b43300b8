"""A build, from its start to its record.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html (2026-11-25)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Located:
    """An artifact in S3, by its name in the pipeline."""

    name: str
    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Handoff:
    """What CodePipeline gives a build that StartBuild has no parameter for.

    ``primary`` is one of ``inputs``; ``key`` encrypts the outputs; ``revision`` is the commit that the source action
    found.
    """

    pipeline: str
    primary: Located
    inputs: tuple[Located, ...]
    outputs: tuple[Located, ...]
    key: str | None
    revision: str


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable of project or build: ``kind`` PLAINTEXT, PARAMETER_STORE or SECRETS_MANAGER."""

    name: str
    value: str
    kind: str = "PLAINTEXT"


@dataclass(frozen=True, slots=True)
class Order:
    """All that a build is made of: the project with what StartBuild overrides. ``minutes`` is the time limit."""

    id: str
    arn: str
    number: int
    account: str
    region: str
    project: Mapping[str, Any]
    role: str
    variables: tuple[Variable, ...]
    buildspec: str | None
    source: Mapping[str, Any]
    version: str | None
    minutes: int
    initiator: str
    group: str | None
    """The log group; None if the project has logs off."""
    stream: str
    handoff: Handoff | None

    @property
    def uuid(self) -> str:
        """The id without the project's name."""
        return self.id.rpartition(":")[2]

    @property
    def project_arn(self) -> str:
        """For which CodeBuild acts (``aws:SourceArn``)."""
        return str(self.project["arn"])


@dataclass(slots=True)
class PhaseRun:
    """A phase that is under way or over; ``code`` and ``message`` are its context."""

    name: str
    start: datetime
    end: datetime | None = None
    status: str | None = None
    code: str = ""
    message: str = ""

    def members(self) -> Mapping[str, Any]:
        """The API's ``BuildPhase``."""
        found: dict[str, Any] = {"phaseType": self.name, "startTime": self.start}
        if self.end is not None:
            found |= {
                "phaseStatus": self.status,
                "endTime": self.end,
                "durationInSeconds": int((self.end - self.start).total_seconds()),
                "contexts": [{"statusCode": self.code, "message": self.message}],
            }
        return found


@dataclass(slots=True)
class Build:
    """A build's state; changed by its own thread only, except for ``stopping``."""

    order: Order
    start: datetime
    status: str = "IN_PROGRESS"
    end: datetime | None = None
    resolved: str | None = None
    phases: list[PhaseRun] = field(default_factory=list)
    exported: dict[str, str] = field(default_factory=dict)
    artifacts: str | None = None
    logged: bool = False
    """Whether the log's stream is there."""
    stopping: bool = False

    def members(self) -> Mapping[str, Any]:
        """The API's ``Build``."""
        order = self.order
        project = order.project
        found: dict[str, Any] = {
            "id": order.id,
            "arn": order.arn,
            "buildNumber": order.number,
            "startTime": self.start,
            "endTime": self.end,
            "currentPhase": self.phases[-1].name if self.phases else "SUBMITTED",
            "buildStatus": self.status,
            "sourceVersion": order.version,
            "resolvedSourceVersion": self.resolved,
            "projectName": project["name"],
            "phases": [phase.members() for phase in list(self.phases)],
            "source": order.source,
            "artifacts": {"location": self.artifacts or ""},
            "cache": {"type": "NO_CACHE"},
            "environment": {
                **project["environment"],
                "environmentVariables": [
                    {"name": one.name, "value": one.value, "type": one.kind} for one in order.variables
                ],
            },
            "serviceRole": order.role,
            "logs": self._logs(),
            "timeoutInMinutes": order.minutes,
            "queuedTimeoutInMinutes": project["queuedTimeoutInMinutes"],
            "buildComplete": self.end is not None,
            "initiator": order.initiator,
            "encryptionKey": project["encryptionKey"],
            "exportedEnvironmentVariables": [{"name": name, "value": value} for name, value in self.exported.items()],
        }
        return {name: value for name, value in found.items() if value is not None}

    def _logs(self) -> Mapping[str, Any]:
        order = self.order
        if order.group is None:
            return {"cloudWatchLogs": {"status": "DISABLED"}}
        settings = {"cloudWatchLogs": {"status": "ENABLED", "groupName": order.group}}
        if not self.logged:
            return settings
        partition = order.arn.split(":")[1]
        arn = f"arn:{partition}:logs:{order.region}:{order.account}:log-group:{order.group}:log-stream:{order.stream}"
        return {
            "groupName": order.group,
            "streamName": order.stream,
            "cloudWatchLogsArn": arn,
            "deepLink": log_link(order.region, order.group, order.stream),
            **settings,
        }


def log_link(region: str, group: str, stream: str) -> str:
    """The console's page of a log stream."""
    place = f"https://console.aws.amazon.com/cloudwatch/home?region={region}"
    return f"{place}#logsV2:log-groups/log-group/{_twice(group)}/log-events/{_twice(stream)}"


def _twice(text: str) -> str:
    """Encoded as the console's fragments are."""
    return text.replace("/", "$252F")
