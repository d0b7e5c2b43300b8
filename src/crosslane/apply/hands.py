"""What carrying out a task needs: identities to call with, files to write, a clock, and what earlier steps found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from crosslane.apply.journal import Journal
from crosslane.apply.progress import Progress
from crosslane.apply.waiting import Clock
from crosslane.aws.gateway import Cloud, Gateway
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.ring import Ring
from crosslane.credentials.secret import Keys
from crosslane.credentials.session_cache import SessionCache
from crosslane.desired.model import OutputOf, Tags
from crosslane.errors import EnvironmentFailure


def no_mfa_code(serial: str) -> str:
    """Where nobody can be asked for a code."""
    raise EnvironmentFailure(
        f"the role asks for a code of the MFA device {serial.rpartition('/')[2]}, and there is no terminal to ask at",
        code="MfaCodeNeeded",
        next="crosslane refresh --mfa-code CODE, then run it again",
    )


@dataclass(frozen=True, slots=True)
class PipelineFacts:
    """The pipeline as it is, with the names of its stages."""

    arn: str
    stages: tuple[str, ...]
    first_run: str | None = None
    """One line about the latest execution, or None if there was none."""


@dataclass(slots=True)
class Found:
    """What steps found for later steps and for the report; filled by one step each, read by later ones."""

    outputs: dict[OutputOf, str] = field(default_factory=dict)
    sessions: dict[str, Keys] = field(default_factory=dict)
    arns: dict[str, str] = field(default_factory=dict)
    """The base identity's ARN by account."""
    pipeline: PipelineFacts | None = None
    fresh: set[str] = field(default_factory=set)
    """Accounts in which this run, or one shortly before, changed IAM: there, denials may be a matter of seconds."""
    lock: Lock = field(default_factory=Lock)

    def changed_iam(self, account: str) -> None:
        """Note that IAM was changed in the account just now."""
        with self.lock:
            self.fresh.add(account)


@dataclass(frozen=True, slots=True)
class Hands:
    """``bases`` has each account's own profile (None: the chain), ``keys`` and ``deployers`` those of the bootstrap.

    ``token`` gives a fresh random token for calls that AWS makes idempotent by one; ``now`` is the time in UTC.
    """

    cloud: Cloud
    files: ProfileFiles
    journal: Journal
    sessions: SessionCache
    mark: str
    tags: Tags
    bases: Mapping[str, str | None]
    keys: Mapping[str, str]
    deployers: Mapping[str, str]
    adopt: bool
    clock: Clock
    now: Callable[[], datetime]
    token: Callable[[], str]
    progress: Progress
    mfa_code: Callable[[str], str] = no_mfa_code
    """Gives the code that the MFA device of that ARN shows now; ``EnvironmentFailure`` if nobody can be asked."""
    ring: Ring | None = None
    """The keyring, where access keys' secrets are kept in it."""
    left_ring: Ring | None = None
    """The keyring that has secrets of an earlier choice, where they are to be in the file now."""
    found: Found = field(default_factory=Found)

    def forget_secret(self, access_key_id: str) -> None:
        """Take the secret of a key that is gone out of the keyring, if it is in one."""
        ring = self.ring or self.left_ring
        if ring is not None:
            ring.forget(access_key_id)

    def base(self, account: str) -> Gateway:
        """The person's own identity in the account."""
        return self.cloud.gateway(account, self.bases[account])

    def key(self, account: str, *, fresh: bool = False) -> Gateway:
        """The user's access key; in an account without one, the person's own identity."""
        if account not in self.keys:
            return self.base(account)
        return self.cloud.gateway(account, self.keys[account], fresh=fresh)

    def deployer(self, account: str, *, fresh: bool = False) -> Gateway:
        """The deployer's session; in an account without one, the person's own identity."""
        if account not in self.deployers:
            return self.base(account)
        return self.cloud.gateway(account, self.deployers[account], fresh=fresh)
