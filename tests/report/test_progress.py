"""What a terminal shows of a run."""

from __future__ import annotations

import io

from rich.console import Console

from crosslane.report.progress import LiveProgress
from tests.fakes.situation import Situation

ARN = "arn:aws:iam::111111111111:policy/aws-refarch-cross-account-pipeline-sts-and-cloudformation-policy"


def test_a_long_line_is_left_to_the_terminal_to_wrap_so_that_an_arn_is_copied_whole() -> None:
    shown = io.StringIO()
    step = next(step for step in Situation().plan().steps if step.guide == "G5")
    with LiveProgress(Console(file=shown, force_terminal=True, width=60), verbose=0) as progress:
        progress.started(step)
        progress.finished(step, "created", ARN)

    assert ARN in shown.getvalue()
