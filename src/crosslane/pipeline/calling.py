"""Who calls: the deployer where it may, else the person's sign-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from crosslane.aws.errors import AccessDenied, CredentialsFailure


class Caller(Protocol):
    """One identity in one account; a ``Gateway`` is one."""

    account: str
    """The config's name of the account."""

    def call(self, service: str, operation: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """As ``Gateway.call``."""
        ...


class FirstThatMay:
    """A caller that asks as the first of ``callers``, and as the next one if that is denied or has no credentials.

    A refused call did nothing, so asking again as somebody else is safe for calls that change something too. Who
    was refused for a service's operation is not asked for it again. The last caller's refusal is raised.
    """

    def __init__(self, callers: Sequence[Caller]) -> None:
        if not callers:
            raise ValueError("nobody to call as")
        self.account = callers[0].account
        self._callers = tuple(callers)
        self._from: dict[tuple[str, str], int] = {}

    def call(self, service: str, operation: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Raises as ``Gateway.call`` does."""
        first = self._from.get((service, operation), 0)
        for index, caller in enumerate(self._callers[first:], first):
            try:
                answer = caller.call(service, operation, parameters)
            except (AccessDenied, CredentialsFailure):
                if index == len(self._callers) - 1:
                    raise
                self._from[service, operation] = index + 1
            else:
                return answer
        raise AssertionError("the last caller answers or raises")


class Checked:
    """A caller whose identity is looked at before its first call; ``check`` gets its account id and its ARN.

    A profile of another account must not read, start or approve a pipeline that happens to have the same name.
    """

    def __init__(self, caller: Caller, check: Callable[[str, str], None]) -> None:
        self.account = caller.account
        self._caller = caller
        self._check: Callable[[str, str], None] | None = check

    def call(self, service: str, operation: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Raises as ``Gateway.call`` does, and what the check raises."""
        if self._check is not None:
            identity = self._caller.call("sts", "GetCallerIdentity")
            self._check(identity["Account"], identity["Arn"])
            self._check = None
        return self._caller.call(service, operation, parameters)


def all_pages(
    caller: Caller, service: str, operation: str, key: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """All items under ``key`` of an operation that is paged by ``nextToken``."""
    found: list[dict[str, Any]] = []
    asked = dict(parameters)
    while True:
        answer = caller.call(service, operation, asked)
        found += answer.get(key, [])
        if not answer.get("nextToken"):
            return found
        asked["nextToken"] = answer["nextToken"]
