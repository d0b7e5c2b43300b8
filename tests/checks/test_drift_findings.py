"""What ``verify`` says of things that are not as they should be."""

from __future__ import annotations

from crosslane.checks.drift import plan_findings
from tests.fakes.situation import Situation, everything_exists


def test_a_stack_that_is_not_there_is_said_to_be_missing_instead_of_listed() -> None:
    found = {finding.subject: finding for finding in plan_findings(Situation().plan())}

    assert found["stack pre-reqs"].evidence == "it does not exist"
    assert found["stack pre-reqs"].fix == "crosslane up"


def test_a_stack_that_was_never_whole_is_said_to_be_so() -> None:
    situation = everything_exists()
    situation.remote.declare_stack_exists(situation.stack("S1"), status="ROLLBACK_COMPLETE")

    found = {finding.subject: finding for finding in plan_findings(situation.plan())}

    assert "ROLLBACK_COMPLETE" in found["stack pre-reqs"].evidence
