"""What should exist, as frozen values: the output of ``desired_state`` and one half of a plan.

Nothing here talks to AWS, and nothing here knows how a thing is created. ``account`` is always the config's name of
an account. ``guide`` is the row of the guide or the script that a thing stands for (``G4``, ``S1``), or None.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PIPELINE_TAG = "crosslane:pipeline"
TOOLS_TAG = "crosslane:tools-account"
"""What crosslane made carries both tags; together they name one pipeline, and only that pipeline touches it."""

Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy that we write, with the ``reason`` it is there for.

    Values may be CloudFormation intrinsics (mappings such as ``{"Fn::Sub": ...}``) inside a stack's template, hence
    ``Any``; elsewhere they are strings. ``principal`` is the JSON element as it is to appear, or None.
    """

    sid: str
    reason: str
    actions: tuple[str, ...]
    resources: tuple[Any, ...]
    effect: str = "Allow"
    principal: Any = None
    condition: Mapping[str, Mapping[str, Any]] | None = None

    def to_json(self) -> dict[str, Any]:
        """The statement as IAM reads it; lists of one stay lists, and a trust policy has no Resource."""
        out: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect}
        if self.principal is not None:
            out["Principal"] = self.principal
        out["Action"] = list(self.actions)
        if self.resources:
            out["Resource"] = list(self.resources)
        if self.condition:
            out["Condition"] = {operator: dict(keys) for operator, keys in self.condition.items()}
        return out


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document that we write."""

    statements: tuple[Statement, ...]

    def to_json(self) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": [statement.to_json() for statement in self.statements]}

    def to_text(self) -> str:
        """Compact JSON, as sent to AWS; its length (without white space) is what quotas count."""
        return json.dumps(self.to_json(), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A customer managed policy; ``arn`` is known beforehand because its name is."""

    account: str
    name: str
    arn: str
    description: str
    document: Document
    guide: str | None
    tags: Tags


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user with its ``attached`` managed policies' ARNs, and the ``boundary``'s ARN or None."""

    account: str
    name: str
    arn: str
    attached: tuple[str, ...]
    boundary: str | None
    guide: str | None
    tags: Tags


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role made by the bootstrap (roles of stacks are in their templates)."""

    account: str
    name: str
    arn: str
    description: str
    trust: Document
    attached: tuple[str, ...]
    boundary: str | None
    max_session_seconds: int
    guide: str | None
    tags: Tags


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """The IAM OIDC identity provider for ``issuer`` (a URL without ``https://``).

    An account can have only one for each issuer, so it may be shared: one that is there and not ours is used as it is.
    """

    account: str
    issuer: str
    arn: str
    client_id: str
    tags: Tags


@dataclass(frozen=True, slots=True)
class KeyProfile:
    """The profile ``name`` (``tools_admin``) that holds the access key of ``user``.

    ``renews_itself``: the user may replace its own key; else that is for the person's sign-in.
    """

    account: str
    name: str
    user: str
    region: str
    output: str = "json"
    renews_itself: bool = True


@dataclass(frozen=True, slots=True)
class SessionProfile:
    """The profile ``name`` (``tools_admin_deployer``) that holds a session of ``role_arn``, assumed with ``source``.

    ``seconds`` is the longest session that AWS grants this source: one hour where roles are chained. ``mfa_serial`` is
    the device whose code the role's trust asks for, or None.
    """

    account: str
    name: str
    source: str | None
    role_arn: str
    session_name: str
    seconds: int
    region: str
    mfa_serial: str | None = None


@dataclass(frozen=True, slots=True)
class BootstrapState:
    """Everything the guide makes in one account. ``user`` and ``key_profile`` are None in mode ``keyless``, and
    ``provider`` is unless CI jobs may become the deployer.

    ``policies`` are in order of creation: the boundary first, then the user's, then the deployer's.
    """

    account: str
    policies: tuple[ManagedPolicy, ...]
    user: User | None
    role: Role
    key_profile: KeyProfile | None
    session_profile: SessionProfile
    provider: IdentityProvider | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """The CodeCommit repository of the source stage: made if it is absent, used if it is there, never replaced."""

    account: str
    region: str
    name: str
    arn: str
    tags: Tags


@dataclass(frozen=True, slots=True)
class OutputOf:
    """A parameter whose value is the output ``key`` of the stack ``stack`` in ``account``."""

    account: str
    stack: str
    key: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A stack's parameter with its value, or the output of another stack that gives it."""

    name: str
    value: str | OutputOf


@dataclass(frozen=True, slots=True)
class Stack:
    """A CloudFormation stack. ``level`` orders them: all of a level may be deployed side by side.

    ``template`` is the body as sent (JSON text, the same bytes for the same config). ``protected`` are the logical ids
    (key, bucket, pipeline) whose unplanned replacement stops an update.
    """

    account: str
    region: str
    name: str
    level: int
    guide: str | None
    template: str
    parameters: tuple[Parameter, ...]
    capabilities: tuple[str, ...]
    protected: tuple[str, ...]
    tags: Tags


@dataclass(frozen=True, slots=True)
class Caution:
    """Something the person should know before saying yes; ``account`` may be None for the whole."""

    id: str
    account: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Retired:
    """What the bootstrap of an account no longer wants: things of another mode. They go if they are ours."""

    account: str
    users: tuple[User, ...]
    policies: tuple[ManagedPolicy, ...]
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Desired:
    """The whole desired state of one config."""

    pipeline_name: str
    pipeline_arn: str
    tags: Tags
    bootstraps: tuple[BootstrapState, ...]
    repository: Repository
    stacks: tuple[Stack, ...]
    cautions: tuple[Caution, ...]
    retired: tuple[Retired, ...] = ()
