"""Lets a request in or refuses it, and tells of every decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crosslane.iam import Outcome
from crosslane.sandbox.authorization import denial
from crosslane.sandbox.authorization.audit import Listener
from crosslane.sandbox.authorization.context import Wire
from crosslane.sandbox.authorization.judge import Judge, Judgement
from crosslane.sandbox.authorization.operations import UnmappedError
from crosslane.sandbox.identities import Identity
from crosslane.sandbox.request import Caller, Request, ServiceError


def _unheard(found: Judgement) -> None:
    """The listener where nobody listens."""


class Authorizer:
    """Asks the judge about each request, and refuses what is denied in the service's own words."""

    def __init__(self, judge: Judge, clock: Callable[[], datetime], listener: Listener = _unheard) -> None:
        self._judge = judge
        self._clock = clock
        self._listener = listener

    def check(self, request: Request, identity: Identity | None, wire: Wire, protocol: str) -> None:
        """Raises ``ServiceError`` for what is denied, and for an operation that nobody can be allowed to call because
        its action is unknown."""
        try:
            for found in self._judge.judge(request, identity, wire, self._clock()):
                self._listener(found)
                if not found.allowed:
                    raise denial.denied(found, protocol)
        except UnmappedError:
            message = f"The sandbox cannot authorize {request.service}:{request.operation}: its IAM action is unknown"
            raise ServiceError("NotImplemented", message) from None

    def may_assume(self, service: str, role_arn: str, account: str, region: str, source_arn: str | None) -> bool:
        """Whether a service may assume a role for something in ``account`` (``aws:SourceAccount``), which is
        ``source_arn`` where the service tells it."""
        caller = Caller(account, service, service)
        parameters = {"RoleArn": role_arn}
        request = Request("sts", "AssumeRole", parameters, region, role_arn.split(":")[4], caller)
        source = {"aws:SourceAccount": account, **({"aws:SourceArn": source_arn} if source_arn else {})}
        found = self._judge.assumption(service, role_arn, dict(source), request)
        self._listener(found)
        return found.decision.outcome is Outcome.ALLOWED
