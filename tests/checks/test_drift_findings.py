"""What ``verify`` says of things that are not as they should be."""

from __future__ import annotations

from crosslane.checks.drift import plan_findings
from tests.fakes.situation import Situation


def test_a_stack_that_is_not_there_is_said_to_be_missing_instead_of_listed() -> None:
    found = {finding.subject: finding for finding in plan_findings(Situation().plan())}

    assert found["stack pre-reqs"].evidence == "it does not exist"
    assert found["stack pre-reqs"].fix == "crosslane up"
