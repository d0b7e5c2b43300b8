"""AWS's errors as ours: the code and the request id kept, the account named, what to do next said.

::

    AwsError                   any error answer of a service
    ├── AccessDenied           the call was not authorized
    └── CredentialsFailure     no credentials, expired or unknown ones: sign in again
    Unreachable                no answer: network, DNS, TLS, timeouts
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidConfigError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from crosslane.errors import EnvironmentFailure

EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
ENDED_CODES = EXPIRED_CODES | {"CredentialRetrieval", "NoCredentials"}
"""A sign-in that is over: signing in again helps."""
UNKNOWN_KEY_CODES = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"})
DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})


@dataclass(eq=False)
class AwsError(EnvironmentFailure):
    """A service answered with an error. ``operation`` is ``service:Operation``."""

    operation: str = ""
    request_id: str | None = None
    text: str = ""
    """AWS's own message, word for word."""
    repeats: int = 0
    """How often the call was sent again before this answer came."""


class AccessDenied(AwsError):
    """The principal may not make this call (yet: IAM is eventually consistent)."""


@dataclass(eq=False)
class CredentialsFailure(AwsError):
    """There are no usable credentials: none, expired, or unknown to AWS."""


class Unreachable(EnvironmentFailure):
    """No answer came."""


def translate(
    error: Exception, *, account: str, profile: str | None, service: str, operation: str
) -> EnvironmentFailure:
    """Our error for what botocore raised on a call; never contains a credential. Raises what is none of botocore's."""
    who = f"profile {profile}" if profile else "the default credential chain"
    sign_in = f"crosslane sign-in {account}".rstrip()
    again = (
        f"sign in again ({sign_in}), so that {who} holds credentials that AWS accepts; then run it again"
        if profile
        else "give the job credentials (AWS_ACCESS_KEY_ID, or AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN), "
        f"or give {account or 'the account'} a profile in the config"
    )
    action = f"{service}:{operation}"
    unusable = partial(CredentialsFailure, account=account, operation=action)
    match error:
        case ClientError():
            return _from_answer(error, account=account, who=who, again=again, action=action)
        case ProfileNotFound():
            return unusable(
                f"profile {profile} does not exist in the AWS config and credentials files",
                code="ProfileNotFound",
                next=f"create it by signing in ({sign_in}), or correct `profile` of this account in the config",
            )
        case NoCredentialsError() | PartialCredentialsError():
            return unusable(f"{who} has no credentials", code="NoCredentials", next=again)
        case UnauthorizedSSOTokenError() | SSOTokenLoadError():
            ended = isinstance(error, UnauthorizedSSOTokenError)
            told = f"the sign-in of {who} has ended" if ended else f"{who} is not signed in"
            return unusable(told, code="CredentialRetrieval", next=again)
        case SSOError() | TokenRetrievalError() | InvalidConfigError() | CredentialRetrievalError():
            return unusable(f"{who} could not get credentials: {error}", code="CredentialRetrieval", next=again)
        case NoRegionError():
            return EnvironmentFailure(
                f"no region for {action}",
                code="NoRegion",
                account=account,
                next="set pipeline.region in the config",
            )
        case ConnectTimeoutError() | ReadTimeoutError() | ConnectionError() | HTTPClientError():
            return Unreachable(
                f"{action} got no answer: {error}",
                code="Unreachable",
                account=account,
                next="check the network, proxy and endpoint, and run the same command again",
            )
        case ConfigParseError():
            return EnvironmentFailure(
                str(error),
                code="ConfigNotReadable",
                account=account,
                next="correct this file; no AWS tool can read it either",
            )
        case BotoCoreError():
            return EnvironmentFailure(f"{action} could not be sent: {error}", code="BotoCore", account=account)
        case _:
            raise error


def _from_answer(error: ClientError, *, account: str, who: str, again: str, action: str) -> AwsError:
    """The error for an error answer, by AWS's code."""
    answer = error.response.get("Error", {})
    code = str(answer.get("Code", "Unknown"))
    text = str(answer.get("Message", "")).strip() or code
    metadata = error.response.get("ResponseMetadata", {})
    kind: type[AwsError] = AccessDenied if code in DENIED_CODES else AwsError
    message, next_ = f"{action} failed for {who}: {code}: {text}", None
    if code in EXPIRED_CODES:
        kind, next_ = CredentialsFailure, again
        message = f"the credentials of {who} have expired ({code} on {action})"
    elif code in UNKNOWN_KEY_CODES or code == "SignatureDoesNotMatch":
        kind, next_ = CredentialsFailure, again
        message = f"AWS does not accept the access key of {who} ({code} on {action})"
    return kind(
        message,
        code=code,
        account=account,
        next=next_,
        operation=action,
        request_id=metadata.get("RequestId"),
        text=text,
        repeats=int(metadata.get("RetryAttempts", 0)),
    )
