"""As whom CloudFormation acts for a stack: the caller, or the service role it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.request import Caller, ServiceError

SERVICE_PRINCIPAL = "cloudformation.amazonaws.com"
_SESSION_NAME = "AWSCloudFormation"


class Clients(Protocol):
    """Makes botocore clients that call back through the sandbox's own server."""

    def as_caller(self, caller: Caller, service: str, region: str, *, via: str | None = None) -> Any: ...

    def as_role(self, role_arn: str, session_name: str, service: str, region: str, *, via: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Session:
    """Gives clients that act with the rights of the service role, or of the caller if there is none.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html (2026-11-24)
    """

    clients: Clients
    caller: Caller
    region: str
    role_arn: str | None

    def client(self, service: str) -> Any:
        """A botocore client for one service."""
        if self.role_arn is None:
            return self.clients.as_caller(self.caller, service, self.region, via=SERVICE_PRINCIPAL)
        return self.clients.as_role(self.role_arn, _SESSION_NAME, service, self.region, via=SERVICE_PRINCIPAL)


def check_role(session: Session) -> None:
    """Refuse a service role that does not exist or that CloudFormation may not assume."""
    if session.role_arn is None:
        return
    try:
        session.client("sts").get_caller_identity()
    except ServiceError as error:
        raise _not_assumable(session.role_arn) from error
    except Exception as error:
        if getattr(error, "response", None) is None:
            raise
        raise _not_assumable(session.role_arn) from error


def _not_assumable(role_arn: str) -> ServiceError:
    return invalid(f"Role {role_arn} is invalid or cannot be assumed")
