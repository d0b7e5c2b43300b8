"""Deleting what may be gone already: by somebody else, or by an attempt whose answer was lost."""

from __future__ import annotations

from typing import Any

from crosslane.aws.errors import AwsError
from crosslane.aws.gateway import Gateway
from crosslane.live.read import is_absent


def delete(gateway: Gateway, service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Call ``operation``; that its thing is not there is no error."""
    try:
        gateway.call(service, operation, parameters)
    except AwsError as error:
        if not is_absent(error):
            raise
