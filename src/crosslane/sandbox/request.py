"""One request to the sandbox, after parsing: the value that every layer in front of moto works on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request. Root-user and anonymous callers have no ``access_key``.

    ``arn`` is the ARN that GetCallerIdentity reports (for a role: the assumed-role session's).
    """

    account: str
    arn: str
    user_id: str
    access_key: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An API call: botocore's service name (``cloudformation``) and operation (``CreateStack``), the parsed
    ``parameters`` in botocore's shape, the ``region`` and ``account`` that it is for, and the ``caller``."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    region: str
    account: str
    caller: Caller
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class ServiceError(Exception):
    """An error that the sandbox answers in the service's own wire format, so that clients raise ClientError."""

    code: str
    message: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


Handler = Callable[[Request], Mapping[str, Any]]
"""Answers one operation that moto lacks or gets wrong: parameters in, the output shape's members out."""
