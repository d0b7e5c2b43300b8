"""The manual approval: waits for PutApprovalResult.

https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html (2026-11-25)
"""

from __future__ import annotations

import uuid

from crosslane.sandbox.pipeline.act import Act
from crosslane.sandbox.pipeline.model import ActionFailure

_MINUTES = 7 * 24 * 60
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html, timeout of a manual approval"""


def run(act: Act) -> None:
    """Raises ``ActionFailure`` when it was rejected or nobody has answered in time."""
    act.tell(token=str(uuid.uuid4()), external_url=act.configuration.get("ExternalEntityLink"))
    minutes = float(act.run.action.get("timeoutInMinutes") or _MINUTES)
    act.wait(lambda: act.run.decision is not None, minutes, "The manual approval")
    if act.run.decision != "Approved":
        raise ActionFailure("Rejected", f"Rejected by {act.run.updated_by}: {act.run.summary or 'without a word'}")
