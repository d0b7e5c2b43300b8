"""What a stack is: its definition, its resources, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.events import Event
from crosslane.sandbox.cloudformation.parameters import ParameterValue, masked, plain_value
from crosslane.sandbox.cloudformation.template import DeletionPolicy, Template

Tags = tuple[tuple[str, str], ...]

UPDATABLE = frozenset(
    ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_FAILED")
)
"""Statuses from which an update may start (the two failed ones only with rollback disabled).
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html (2026-11-24)"""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a create or update asks for. ``role_arn`` is the service role, None for the caller's own rights."""

    template: Template
    parameters: tuple[ParameterValue, ...]
    tags: Tags
    capabilities: tuple[str, ...]
    role_arn: str | None
    notification_arns: tuple[str, ...]

    def values(self) -> dict[str, Any]:
        """What ``Ref`` gives for each parameter."""
        return {value.name: plain_value(self.template.parameters[value.name], value) for value in self.parameters}

    def masked(self, value: Any) -> Any:
        """``value`` with the values of NoEcho parameters hidden, for what is shown."""
        secrets = [parameter.text for parameter in self.parameters if parameter.no_echo and parameter.text]
        return masked(value, secrets) if secrets else value


@dataclass(frozen=True, slots=True)
class StackResource:
    """One resource as it stands. ``properties`` are the resolved ones last applied, stack tags included.

    ``physical_id`` is empty until something exists. ``made_now`` marks what the first, not yet successful, creation
    of the stack made, for ``RetainExceptOnCreate``.
    """

    logical_id: str
    type: str
    status: str
    updated: datetime
    physical_id: str = ""
    reason: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    depends_on: frozenset[str] = frozenset()
    deletion_policy: DeletionPolicy = "Delete"
    update_replace_policy: DeletionPolicy = "Delete"
    metadata: Any = None
    made_now: bool = True
    drift: str = "NOT_CHECKED"

    @property
    def alive(self) -> bool:
        """Whether the resource is there and usable: made, and neither failed nor deleted."""
        return bool(self.physical_id) and self.status not in ("CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED")


@dataclass(frozen=True, slots=True)
class Output:
    key: str
    value: str
    description: str | None = None
    export: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing an update did, to be undone by a rollback: made (no ``before``), changed, or replaced.

    ``noted_only``: nothing was called; what the stack keeps about the resource changed (needs, policies, metadata).
    """

    logical_id: str
    before: StackResource | None
    after: StackResource
    noted_only: bool = False


@dataclass(slots=True, eq=False)
class Stack:
    """A stack in the store; changed only under the store's lock.

    ``journal`` are the steps since the last stable state and ``stable`` that state's definition, for rollbacks;
    ``retired`` are replaced resources that the cleanup has to delete.
    """

    id: str
    name: str
    created: datetime
    status: str
    definition: Definition | None = None
    reason: str | None = None
    updated: datetime | None = None
    deleted: datetime | None = None
    resources: dict[str, StackResource] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    outputs: tuple[Output, ...] = ()
    imports: frozenset[str] = frozenset()
    change_set_id: str | None = None
    disable_rollback: bool = False
    retain_except_on_create: bool = False
    timeout_minutes: int | None = None
    termination_protection: bool = False
    deletion_mode: str | None = None
    policy: str | None = None
    stable: Definition | None = None
    stable_outputs: tuple[Output, ...] = ()
    journal: list[Step] = field(default_factory=list)
    retired: list[StackResource] = field(default_factory=list)
    cancelled: bool = False
    drift_status: str = "NOT_CHECKED"
    drift_checked: datetime | None = None

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    def defined(self) -> Definition:
        """The definition; a stack in review has none yet."""
        if self.definition is None:
            raise invalid(f"Stack [{self.name}] does not exist")
        return self.definition
