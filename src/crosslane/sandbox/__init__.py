"""An offline AWS with several accounts, which enforces IAM. For tests::

    from crosslane.sandbox import Sandbox

    with Sandbox({"tools": "111111111111", "prod": "222222222222"}) as aws:
        aws.client("prod", "s3").list_buckets()

The pytest plugin has the same as the fixture ``aws``. Guide: docs/testing-with-the-sandbox.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosslane.sandbox.decisions import Decision
    from crosslane.sandbox.testing import Principal, Sandbox

__all__ = ["Decision", "Principal", "Sandbox"]


def __getattr__(name: str) -> Any:
    """Loads what is asked for and no sooner: every run of pytest imports this package."""
    if name == "Decision":
        from crosslane.sandbox.decisions import Decision

        return Decision
    if name in __all__:
        from crosslane.sandbox import testing

        return getattr(testing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
