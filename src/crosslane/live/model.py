"""What is there, as read from AWS and from the profile files: the other half of a plan.

A thing that could not be read is ``Unreadable``, never ``Absent`` and never an empty list: a denial that
reads as "nothing there" would make a plan that is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypeVar, Union

from crosslane.desired.model import PIPELINE_TAG, TOOLS_TAG, Tags


@dataclass(frozen=True, slots=True)
class Absent:
    """Read, and not there."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Could not be read. ``code`` is AWS's error code, ``reason`` our line about it."""

    reason: str
    code: str


T = TypeVar("T")
Reading = Union[T, Absent, Unreadable]  # noqa: UP007 - `|` with a TypeVar makes no alias
"""What a read gives: the value, or that it is absent, or why it could not be read."""


class Who(Enum):
    """The three identities of an account."""

    BASE = "base"
    """The person's sign-in (profile ``X``) or the ordinary chain."""
    KEY = "key"
    """The user's access key (profile ``X_admin``)."""
    DEPLOYER = "deployer"
    """The session of the deployer role (profile ``X_admin_deployer``)."""


@dataclass(frozen=True, slots=True)
class LiveIdentity:
    """What GetCallerIdentity says: 12-digit account id and the caller's ARN."""

    account_id: str
    arn: str


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key of a user; the secret is nowhere but in the profile file."""

    id: str
    active: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class LivePolicy:
    """A customer managed policy; ``document`` is canonical JSON text of its default version."""

    arn: str
    document: str
    tags: Tags
    changed: datetime | None = None
    """When its default version became so; IAM tells the time of no other change."""


@dataclass(frozen=True, slots=True)
class LiveUser:
    """A user with the ARNs of its ``attached`` policies and of its ``boundary``."""

    arn: str
    attached: tuple[str, ...]
    boundary: str | None
    access_keys: tuple[AccessKey, ...]
    tags: Tags
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveRole:
    """A role; ``trust`` is canonical JSON text."""

    arn: str
    trust: str
    attached: tuple[str, ...]
    boundary: str | None
    max_session_seconds: int
    description: str
    tags: Tags
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveProvider:
    """An OIDC identity provider with the audiences that it takes."""

    arn: str
    client_ids: tuple[str, ...]
    tags: Tags


@dataclass(frozen=True, slots=True)
class LiveStack:
    """A stack; ``template`` is canonical JSON text where the body is JSON, else the body as it is."""

    id: str
    name: str
    status: str
    reason: str | None
    template: str
    parameters: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    tags: Tags
    updated: str | None = None
    """When it was last updated; an operation that has begun shows in it."""

    def output(self, key: str) -> str | None:
        """The value of an output; None if the stack has none of that name."""
        return dict(self.outputs).get(key)


@dataclass(frozen=True, slots=True)
class LiveRepository:
    """The CodeCommit repository of the source stage."""

    arn: str
    tags: Tags
    has_branch: bool
    """Whether the branch of the source stage exists: without it the pipeline's first run fails."""


@dataclass(frozen=True, slots=True)
class LiveData:
    """Artifact buckets (names) and keys (ARNs, those not yet scheduled for deletion) with this pipeline's tags."""

    buckets: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LocalProfile:
    """A profile in the credential files: whose it is (our mark or None), its static key's id, the expiry of the
    session that it gives, and its ``credential_process``. ``pending_key_id`` is a key that a rotation has made and not
    taken yet, ``retired_key_id`` the one that it replaced; ``static`` says whether the key's secret is in the files."""

    name: str
    owner: str | None
    access_key_id: str | None
    expires: datetime | None
    process: str | None = None
    pending_key_id: str | None = None
    retired_key_id: str | None = None
    static: bool = True


@dataclass(frozen=True, slots=True)
class Live:
    """Everything that was read. Keys are (account, name); a policy's key has its name."""

    identities: Mapping[tuple[str, Who], Reading[LiveIdentity]]
    profiles: Mapping[str, LocalProfile]
    policies: Mapping[tuple[str, str], Reading[LivePolicy]]
    users: Mapping[tuple[str, str], Reading[LiveUser]]
    roles: Mapping[tuple[str, str], Reading[LiveRole]]
    stacks: Mapping[tuple[str, str], Reading[LiveStack]]
    repository: Reading[LiveRepository]
    providers: Mapping[tuple[str, str], Reading[LiveProvider]] = field(default_factory=dict)
    """OIDC identity providers; the name is the issuer."""


LATELY = timedelta(minutes=2)
"""Well beyond the seconds for which parts of AWS do not know yet what IAM has just made."""


def changed_lately(live: Live, now: datetime) -> frozenset[str]:
    """The accounts in which IAM was changed so lately that a denial may pass by itself.

    A run that was cut off may have made something that the run after it finds there, and not yet usable.
    """
    moments: list[tuple[str, datetime | None]] = []
    for (account, _), policy in live.policies.items():
        moments += [(account, policy.changed)] if isinstance(policy, LivePolicy) else []
    for (account, _), user in live.users.items():
        if isinstance(user, LiveUser):
            moments += [(account, user.created), *((account, key.created) for key in user.access_keys)]
    for (account, _), role in live.roles.items():
        moments += [(account, role.created)] if isinstance(role, LiveRole) else []
    return frozenset(account for account, moment in moments if moment is not None and now - moment < LATELY)


class Owner(Enum):
    """Whose a tagged thing is."""

    OURS = "ours"
    NOBODYS = "nobody's"
    ANOTHER_PIPELINES = "another pipeline's"


def owner_of(tags: Tags, ours: Tags) -> Owner:
    """Whose a thing with ``tags`` is, seen from the pipeline whose tags are ``ours``."""
    found = dict(tags)
    if all(found.get(key) == value for key, value in ours):
        return Owner.OURS
    if PIPELINE_TAG in found or TOOLS_TAG in found:
        return Owner.ANOTHER_PIPELINES
    return Owner.NOBODYS


def canonical(document: Any) -> str:
    """Canonical JSON of a parsed document, for comparing: keys sorted, no white space."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def canonical_text(text: str) -> str:
    """Canonical form of JSON text; text that is no JSON stays as it is."""
    try:
        return canonical(json.loads(text))
    except ValueError:
        return text


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """One resource of a stack that is not as its template says, or of which CloudFormation could not tell."""

    logical_id: str
    type: str | None
    """None where CloudFormation told the name alone."""
    status: str
    """MODIFIED, DELETED or UNKNOWN."""
    differences: tuple[str, ...]
    reason: str | None = None
    """Why the status is UNKNOWN."""


@dataclass(frozen=True, slots=True)
class StackDrift:
    """What a drift detection found: ``resources`` that drifted, or of which it could not tell."""

    resources: tuple[ResourceDrift, ...]
    failed: str | None = None
    """Why the detection as a whole says less than it should; None if it came to its end."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What a principal has beside managed policies: names of ``inline`` policies, and of a user's ``groups``."""

    inline: tuple[str, ...]
    groups: tuple[str, ...]
