"""``crosslane reject``: answer a stage that waits for approval."""

from __future__ import annotations

import click

from crosslane.cli.answering import answer_options, answered
from crosslane.cli.options import Invocation, common_options
from crosslane.pipeline.approvals import Answer

EXAMPLES = """\b
Examples:
  crosslane reject
  crosslane reject ApproveDeployProd --comment "looked at in test"
"""


@click.command("reject", epilog=EXAMPLES)
@answer_options
@common_options
def command(invocation: Invocation, stage: str | None, comment: str | None, execution_id: str | None) -> int:
    """Reject the stage that waits; the execution fails there.

    You do it with your own sign-in, and IAM decides whether you may. Code 1 if nothing waits.
    """
    return answered(invocation, Answer.REJECTED, stage, execution_id, comment)
