"""What a policy document is attached to, guessed from its content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslane.iam.lint.subject import Kind

_BY_SERVICE = {"s3": Kind.BUCKET, "kms": Kind.KEY}


def guess_kind(document: Any) -> Kind:
    """The likeliest kind. SCPs, boundaries and session policies look like identity policies and are taken for such.

    Never fails, whatever the document.
    """
    statements = _statements(document)
    with_principal = [one for one in statements if any(key in one for key in ("Principal", "NotPrincipal"))]
    if not with_principal:
        return Kind.IDENTITY
    services = {service for one in statements for service in _services(one)}
    if not any("Resource" in one or "NotResource" in one for one in statements) and services <= {"sts"}:
        return Kind.TRUST
    if all(_is_resource_control(one) for one in statements) and services != {"kms"}:
        return Kind.RCP
    return _BY_SERVICE.get(next(iter(services)), Kind.RESOURCE) if len(services) == 1 else Kind.RESOURCE


def _statements(document: Any) -> list[Mapping[str, Any]]:
    found = document.get("Statement") if isinstance(document, Mapping) else None
    listed = found if isinstance(found, list | tuple) else [found]
    return [one for one in listed if isinstance(one, Mapping)]


def _services(statement: Mapping[str, Any]) -> list[str]:
    actions = statement.get("Action", statement.get("NotAction"))
    listed = actions if isinstance(actions, list | tuple) else [actions]
    return [one.partition(":")[0].lower() for one in listed if isinstance(one, str)]


def _is_resource_control(statement: Mapping[str, Any]) -> bool:
    """An RCP denies, everyone, actions of all resources: no resource's own policy would be written so."""
    return (
        statement.get("Effect") == "Deny"
        and statement.get("Principal") in ("*", {"AWS": "*"})
        and statement.get("Resource") in ("*", ["*"])
        and "Action" in statement
    )
