"""Who is behind an access key: role sessions that the sandbox handed out, and IAM users' keys that moto keeps."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from crosslane.sandbox.request import Caller, ServiceError

_KEY_ALPHABET = string.ascii_uppercase + "234567"
_KEPT_SESSIONS = 5000


class Kind(Enum):
    """What a principal is; AWS gives each other rights to call STS."""

    USER = auto()
    ROLE = auto()
    ROOT = auto()


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key with its secret; ``token`` and ``expires`` (UTC, aware) only with temporary ones."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A principal with the credentials it used.

    ``arn`` is the user's, the root's or the assumed-role session's; ``principal_arn`` the user's or the
    role's own. The last members say how a role session was made and are what authorization needs of it.
    """

    kind: Kind
    account: str
    arn: str
    user_id: str
    principal_arn: str
    credentials: Credentials
    name: str
    """User name or role name."""
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tags: tuple[str, ...] = ()
    source_identity: str | None = None
    via: tuple[str, ...] = ()
    """Services that call on the principal's behalf (``cloudformation.amazonaws.com``), first to last."""
    assumed_by: str | None = None
    """The service (``codepipeline.amazonaws.com``) that assumed the role; None for sessions of other principals."""
    source_arn: str | None = None
    """For which resource that service acts (``aws:SourceArn``), where it tells."""

    @property
    def caller(self) -> Caller:
        """The value that requests carry."""
        return Caller(self.account, self.arn, self.user_id, self.credentials.access_key)


UserKeys = Callable[[str], Identity | None]
"""The IAM user whose active, long-term access key this is."""


class BadCredentials(Enum):
    """Why a request is not let in, before anything else is looked at."""

    UNKNOWN = auto()
    EXPIRED = auto()
    MISSING = auto()


def refusal(reason: BadCredentials, service: str, protocol: str) -> ServiceError:
    """The error that the service answers, which differs by protocol.

    https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html,
    https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html,
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (2026-10)
    """
    invalid = "The security token included in the request is invalid."
    expired = "The security token included in the request is expired"
    match (reason, protocol):
        case (BadCredentials.UNKNOWN, _) if service == "s3":
            message = "The AWS Access Key Id you provided does not exist in our records."
            return ServiceError("InvalidAccessKeyId", message, 403)
        case (BadCredentials.EXPIRED, _) if service == "s3":
            return ServiceError("ExpiredToken", "The provided token has expired.", 400)
        case (BadCredentials.MISSING, _) if service == "s3":
            return ServiceError("AccessDenied", "Access Denied", 403)
        case (BadCredentials.UNKNOWN, "ec2"):
            message = "AWS was not able to validate the provided access credentials"
            return ServiceError("AuthFailure", message, 401)
        case (BadCredentials.EXPIRED, "ec2"):
            return ServiceError("RequestExpired", "Request has expired.", 400)
        case (BadCredentials.UNKNOWN, "query"):
            return ServiceError("InvalidClientTokenId", invalid, 403)
        case (BadCredentials.EXPIRED, "query"):
            return ServiceError("ExpiredToken", expired, 403)
        case (BadCredentials.UNKNOWN, _):
            return ServiceError("UnrecognizedClientException", invalid, 400)
        case (BadCredentials.EXPIRED, _):
            return ServiceError("ExpiredTokenException", expired, 400)
        case (BadCredentials.MISSING, "query" | "ec2"):
            return ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
        case (BadCredentials.MISSING, _):
            return ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token", 400)
    raise AssertionError(reason)


class Identities:
    """The table of sessions, safe to use from several threads.

    ``clock`` gives the sandbox's time (UTC, aware), by which sessions expire. ``hidden`` tells which identities are not
    let in although their credentials are right: the key is not known everywhere yet, or the principal is gone.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        user_keys: UserKeys,
        hidden: Callable[[Identity], bool] = lambda identity: False,
    ) -> None:
        self.clock = clock
        self._user_keys = user_keys
        self._hidden = hidden
        self._sessions: dict[str, Identity] = {}
        self._lock = threading.Lock()

    def find(self, access_key: str) -> Identity | None:
        """Whose key it is, expired or not; None if the sandbox knows no such key."""
        return self._sessions.get(access_key) or self._user_keys(access_key)

    def authenticate(self, access_key: str, token: str | None) -> Identity | BadCredentials:
        """The principal behind a request's key and token."""
        identity = self.find(access_key)
        if identity is None:
            return BadCredentials.UNKNOWN
        kept = identity.credentials
        if (kept.token or "") != (token or "") or self._hidden(identity):
            return BadCredentials.UNKNOWN
        if kept.expires is not None and kept.expires <= self.clock():
            return BadCredentials.EXPIRED
        return identity

    def keep(self, identity: Identity) -> Identity:
        """Lets the identity's temporary credentials in from now on."""
        with self._lock:
            if len(self._sessions) >= _KEPT_SESSIONS:
                self._forget_long_expired()
            self._sessions[identity.credentials.access_key] = identity
        return identity

    def _forget_long_expired(self) -> None:
        """Expired sessions are kept for an hour, so that their users read "expired" rather than "unknown"."""
        limit = self.clock() - timedelta(hours=1)
        self._sessions = {
            key: kept
            for key, kept in self._sessions.items()
            if kept.credentials.expires is None or kept.credentials.expires > limit
        }

    def temporary(self, seconds: int) -> Credentials:
        """New temporary credentials that last so many seconds from now."""
        return Credentials(
            access_key="ASIA" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16)),
            secret_key=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(180),
            expires=(self.clock() + timedelta(seconds=seconds)).replace(microsecond=0),
        )
