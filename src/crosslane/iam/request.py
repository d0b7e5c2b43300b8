"""A request to be decided: who does what to which resource, and what else is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crosslane.iam.principal import Principal
from crosslane.iam.values import condition_text

ContextValue = str | bool | int | float | Sequence[str]
"""A single value, or the values of a multivalued key."""


class Request:
    """One request, fixed once made.

    ``action`` is "service:Action" in any case; ``resource`` an ARN, or "*" where the action names no resource;
    ``account`` the resource's owner (default: the account in its ARN, else the principal's). ``context`` holds the
    condition keys of the request and nothing is added to it: see ``Principal.context`` and ``Request.of``.
    """

    __slots__ = ("_folded", "account", "action", "context", "name", "parts", "principal", "resource")

    def __init__(
        self,
        principal: Principal,
        action: str,
        resource: str = "*",
        account: str | None = None,
        context: Mapping[str, ContextValue] | None = None,
    ) -> None:
        self.principal = principal
        self.name = action
        self.action = action.lower()
        self.resource = resource
        self.parts = resource.split(":", 5)
        if account is None:
            account = self.parts[4] if len(self.parts) == 6 and self.parts[4] else principal.account
        self.account = account
        self.context: Mapping[str, ContextValue] = {} if context is None else context
        self._folded: dict[str, ContextValue] | None = None

    @classmethod
    def of(
        cls,
        principal: Principal,
        action: str,
        resource: str = "*",
        account: str | None = None,
        context: Mapping[str, ContextValue] | None = None,
        role_arn: str | None = None,
    ) -> Request:
        """As AWS would see it: the principal's own keys and ``aws:ResourceAccount`` are added to ``context``.

        Keys given win over keys added. ``role_arn`` is the ARN with its path of a session's role.
        """
        request = cls(principal, action, resource, account)
        merged: dict[str, ContextValue] = {**principal.context(role_arn)}
        if request.account is not None:
            merged["aws:ResourceAccount"] = request.account
        given = {key.lower() for key in context or {}}
        merged = {key: value for key, value in merged.items() if key.lower() not in given}
        merged.update(context or {})
        return cls(principal, action, resource, request.account, merged)

    @property
    def service(self) -> str:
        """The action's service prefix, in lower case."""
        return self.action.partition(":")[0]

    def folded(self) -> dict[str, ContextValue]:
        """The context by keys in lower case, without keys that have no value."""
        folded = self._folded
        if folded is None:
            folded = {key.lower(): value for key, value in self.context.items() if value is not None}
            self._folded = folded
        return folded

    def single(self, key: str) -> str | None:
        """The text of a single-valued key, given in lower case; None if it is absent or multivalued."""
        value = self.folded().get(key)
        if value is None or isinstance(value, str):
            return value
        return condition_text(value) if isinstance(value, bool | int | float) else None

    def __repr__(self) -> str:
        return f"Request({self.principal.name!r}, {self.name!r}, {self.resource!r}, {self.account!r})"


def texts_of(value: ContextValue) -> tuple[str, ...]:
    """The values of a key as texts."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool | int | float):
        return (condition_text(value),)
    return tuple(one if isinstance(one, str) else condition_text(one) for one in value)
