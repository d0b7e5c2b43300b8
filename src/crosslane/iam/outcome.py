"""What a policy, a layer, or all layers together say about a request."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """Allowed by somebody, denied by somebody, or allowed by nobody."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"
