"""Whether the principals that a policy names exist, as IAM, KMS and S3 check before they store one.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from crosslane.sandbox.store import Store

_ACCOUNT = re.compile(r"\d{12}|arn:[^:]+:iam::\d{12}:root")
_USER_OR_ROLE = re.compile(r"arn:[^:]+:iam::(\d{12}):(user|role)/[^*?]+")
_SESSION = re.compile(r"arn:[^:]+:sts::(\d{12}):assumed-role/([^/]+)/.+")
_FEDERATED_USER = re.compile(r"arn:[^:]+:sts::\d{12}:federated-user/.+")
_UNIQUE_ID = re.compile(r"A(IDA|ROA)[A-Z0-9]{16,}")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")

Known = Callable[[str], bool]
"""Whether a user or role of this ARN, which exists, is known to the service that checks."""


def unknown_principals(store: Store, document: str, known: Known) -> Iterator[tuple[str, str]]:
    """The kind (``AWS``, ``SERVICE``) and value of each principal in the document that does not exist.

    A document that is no JSON object yields nothing: it is refused for that elsewhere.
    """
    try:
        parsed = json.loads(document)
    except ValueError:
        return
    statements = parsed.get("Statement", []) if isinstance(parsed, dict) else []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal") if isinstance(statement, dict) else None
        if not isinstance(principal, dict):
            continue
        for value in _values(principal.get("AWS")):
            if not _exists(store, value, known):
                yield "AWS", value
        for value in _values(principal.get("Service")):
            if not _SERVICE.fullmatch(value):
                yield "SERVICE", value


def _values(element: Any) -> list[str]:
    if element is None:
        return []
    return [str(value) for value in element] if isinstance(element, list) else [str(element)]


def _exists(store: Store, principal: str, known: Known) -> bool:
    if principal == "*" or _ACCOUNT.fullmatch(principal) or _FEDERATED_USER.fullmatch(principal):
        return True
    if found := _USER_OR_ROLE.fullmatch(principal):
        entity = store.user(principal) if found[2] == "user" else store.role(principal)
        return entity is not None and known(principal)
    if found := _SESSION.fullmatch(principal):
        account = found[1]
        return account in store.accounts and any(
            role.name == found[2] and known(role.arn) for role in list(store.iam(account).roles.values())
        )
    if _UNIQUE_ID.fullmatch(principal):
        return any(
            principal in store.iam(account).roles
            or any(user.id == principal for user in list(store.iam(account).users.values()))
            for account in store.accounts
        )
    return False
