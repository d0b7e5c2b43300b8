"""A plan as data: typed steps in a dependency graph, each with its reason and how it is undone.

Making a plan calls nothing. The executor in ``apply`` alone knows how a task is carried out; dry run, sandbox and AWS
take the same plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crosslane.desired.model import (
    Caution,
    IdentityProvider,
    KeyProfile,
    ManagedPolicy,
    OutputOf,
    Repository,
    Role,
    SessionProfile,
    Stack,
    Tags,
    User,
)
from crosslane.live.model import LivePolicy, LiveProvider, LiveRole, LiveStack, LiveUser, Who


class Op(StrEnum):
    """What a step does to its thing."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"
    KEEP = "keep"
    """Read, and as it should be."""
    VERIFY = "verify"
    """Only asks; changes nothing."""
    OPEN = "open"
    """A new session of a role: nothing in the account changes."""
    WAIT = "wait"
    """Somebody else's operation is under way; what is to do is found when it ends."""


CHANGING = frozenset({Op.CREATE, Op.UPDATE, Op.REPLACE, Op.DELETE, Op.ADOPT})


@dataclass(frozen=True, slots=True)
class Change:
    """One property that differs; None stands for "not there"."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class VerifyIdentity:
    """The caller of ``who`` must be in ``account_id``, and be ``arn`` where that is known beforehand."""

    who: Who
    profile: str | None
    account_id: str
    arn: str | None


@dataclass(frozen=True, slots=True)
class VerifyProfile:
    """The profile must be there (in the files, or the chain must give credentials)."""

    profile: str


@dataclass(frozen=True, slots=True)
class PutPolicy:
    policy: ManagedPolicy
    live: LivePolicy | None


@dataclass(frozen=True, slots=True)
class PutUser:
    user: User
    live: LiveUser | None


@dataclass(frozen=True, slots=True)
class AttachToUser:
    user: User
    missing: tuple[str, ...]
    surplus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PutRole:
    role: Role
    live: LiveRole | None


@dataclass(frozen=True, slots=True)
class PutProvider:
    provider: IdentityProvider
    live: LiveProvider | None


@dataclass(frozen=True, slots=True)
class AttachToRole:
    role: Role
    missing: tuple[str, ...]
    surplus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifyAttached:
    """The role's attached policies, read again, must be exactly the desired ones."""

    role: Role


@dataclass(frozen=True, slots=True)
class PutAccessKey:
    """A working access key of the user in the profile; ``stale`` is the key id that the profile holds in vain.

    ``process`` is the profile's ``credential_process`` where the secret is kept in the keyring, else None.
    """

    profile: KeyProfile
    stale: str | None
    process: str | None = None


@dataclass(frozen=True, slots=True)
class PutKeyProfile:
    """Region and output of the profile, and its ``credential_process`` where the secret is kept in the keyring."""

    profile: KeyProfile
    process: str | None = None


@dataclass(frozen=True, slots=True)
class OpenSession:
    profile: SessionProfile


@dataclass(frozen=True, slots=True)
class PutSessionProfile:
    """``process`` is the profile's ``credential_process``; None stores the session's keys themselves."""

    profile: SessionProfile
    process: str | None


@dataclass(frozen=True, slots=True)
class VerifyStackAccess:
    """The deployer's profile must be able to read the stack: what the main script is given (G16)."""

    profile: SessionProfile
    stack: str


@dataclass(frozen=True, slots=True)
class PutRepository:
    repository: Repository


@dataclass(frozen=True, slots=True)
class PutStack:
    stack: Stack
    live: LiveStack | None
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class ReadOutputs:
    """The outputs that later stacks take as parameters."""

    stack: Stack
    outputs: tuple[OutputOf, ...]


@dataclass(frozen=True, slots=True)
class VerifyPipeline:
    """The pipeline must be there, with these stages, and its actions' roles as planned."""

    account: str
    name: str


@dataclass(frozen=True, slots=True)
class DeleteStack:
    account: str
    stack: LiveStack


@dataclass(frozen=True, slots=True)
class DeleteBucket:
    """Empties all versions of the bucket, then deletes it."""

    account: str
    bucket: str


@dataclass(frozen=True, slots=True)
class ScheduleKeyDeletion:
    account: str
    key_arn: str
    days: int


@dataclass(frozen=True, slots=True)
class DeleteRepository:
    repository: Repository


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Deletes the user's access keys and attachments, then the user."""

    user: User


@dataclass(frozen=True, slots=True)
class DeleteRole:
    role: Role


@dataclass(frozen=True, slots=True)
class DeleteProvider:
    """The identity provider goes if it is ours and no role but ``role``, the deployer's, trusts it."""

    account: str
    arn: str
    role: str


@dataclass(frozen=True, slots=True)
class DeletePolicy:
    policy: ManagedPolicy


@dataclass(frozen=True, slots=True)
class RemoveProfiles:
    names: tuple[str, ...]


Task = (
    VerifyIdentity
    | VerifyProfile
    | PutPolicy
    | PutUser
    | AttachToUser
    | PutRole
    | PutProvider
    | AttachToRole
    | VerifyAttached
    | PutAccessKey
    | PutKeyProfile
    | OpenSession
    | PutSessionProfile
    | VerifyStackAccess
    | PutRepository
    | PutStack
    | ReadOutputs
    | VerifyPipeline
    | DeleteStack
    | DeleteBucket
    | ScheduleKeyDeletion
    | DeleteRepository
    | DeleteUser
    | DeleteRole
    | DeletePolicy
    | DeleteProvider
    | RemoveProfiles
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``after`` names the steps that must have succeeded; ``undo`` says how a person takes it back."""

    id: str
    account: str
    guide: str | None
    title: str
    op: Op
    kind: str
    name: str
    reason: str
    task: Task
    changes: tuple[Change, ...] = ()
    after: tuple[str, ...] = ()
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something of that name is there and is not this pipeline's. ``adoptable`` unless it is another pipeline's, or
    cannot become ours as it is."""

    account: str
    kind: str
    name: str
    reason: str
    adoptable: bool
    next: str | None = None
    """What to do first, where ``--adopt`` and other names do not help."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Something the plan needs could not be read."""

    account: str
    kind: str
    name: str
    code: str
    reason: str


Part = Step | Conflict | Blocked
"""What planning one thing gives: a step, or what stands in its way."""


def step_id(account: str, what: str, name: str) -> str:
    """The stable id of a step."""
    return f"{account}/{what}/{name}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order that respects ``after``; with conflicts or blocks it must not be applied."""

    steps: tuple[Step, ...]
    conflicts: tuple[Conflict, ...]
    blocked: tuple[Blocked, ...]
    cautions: tuple[Caution, ...]
    tags: Tags

    @property
    def changing(self) -> tuple[Step, ...]:
        """The steps that change something, in order."""
        return tuple(step for step in self.steps if step.op in CHANGING)
