"""What a stack's status means for the plan: CloudFormation takes no update in many of them."""

from __future__ import annotations

import pytest

from crosslane.plan.model import Op
from crosslane.plan.stacks import decide_stack, under_way
from tests.fakes.situation import everything_exists, step_of

STATUSES = {
    "CREATE_COMPLETE": Op.KEEP,
    "UPDATE_COMPLETE": Op.KEEP,
    "UPDATE_ROLLBACK_COMPLETE": Op.KEEP,
    "IMPORT_COMPLETE": Op.KEEP,
    "IMPORT_ROLLBACK_COMPLETE": Op.KEEP,
    "UPDATE_FAILED": Op.UPDATE,
    "UPDATE_ROLLBACK_FAILED": Op.UPDATE,
    "REVIEW_IN_PROGRESS": Op.REPLACE,
    "ROLLBACK_COMPLETE": Op.REPLACE,
    "ROLLBACK_FAILED": Op.REPLACE,
    "CREATE_FAILED": Op.REPLACE,
    "DELETE_FAILED": Op.REPLACE,
    "CREATE_IN_PROGRESS": Op.WAIT,
    "ROLLBACK_IN_PROGRESS": Op.WAIT,
    "DELETE_IN_PROGRESS": Op.WAIT,
    "UPDATE_IN_PROGRESS": Op.WAIT,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Op.WAIT,
    "UPDATE_ROLLBACK_IN_PROGRESS": Op.WAIT,
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": Op.WAIT,
    "IMPORT_IN_PROGRESS": Op.WAIT,
    "IMPORT_ROLLBACK_IN_PROGRESS": Op.WAIT,
}
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html"""


@pytest.mark.parametrize(("status", "op"), STATUSES.items(), ids=list(STATUSES))
def test_an_otherwise_right_stack_is_treated_by_its_status(status: str, op: Op) -> None:
    situation = everything_exists()
    situation.remote.declare_stack_exists(situation.stack("S1"), status=status)

    plan = situation.plan()
    step = step_of(plan, "stack", "pre-reqs")

    assert step.op is op
    if op is not Op.KEEP:
        assert status in step.reason or op is Op.UPDATE


@pytest.mark.parametrize("status", [status for status, op in STATUSES.items() if op is Op.KEEP])
def test_a_stack_that_takes_updates_and_differs_is_updated(status: str) -> None:
    situation = everything_exists()
    situation.remote.declare_stack_exists(situation.stack("S1"), status=status, template='{"Resources": {}}')

    assert step_of(situation.plan(), "stack", "pre-reqs").op is Op.UPDATE


def test_every_status_of_cloudformation_is_in_the_table() -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("cloudformation")
    known = set(model.shape_for("StackStatus").enum)  # type: ignore[attr-defined]
    assert set(STATUSES) | {"DELETE_COMPLETE", "IMPORT_ROLLBACK_FAILED"} == known


def test_review_in_progress_is_nobodys_operation() -> None:
    assert not under_way("REVIEW_IN_PROGRESS")
    assert under_way("CREATE_IN_PROGRESS")


def test_an_absent_stack_is_created_whatever_its_parameters() -> None:
    situation = everything_exists()

    assert decide_stack(situation.stack("S6"), None, lambda output: None).op is Op.CREATE


def test_a_parameter_that_is_not_known_yet_counts_as_a_change() -> None:
    situation = everything_exists()
    live = situation.remote.live().stacks["tools", situation.stack("S6").name]

    decision = decide_stack(situation.stack("S6"), live, lambda output: None)  # type: ignore[arg-type]

    assert decision.op is Op.UPDATE
    assert {change.after for change in decision.changes} == {"(known after the stack it comes from)"}
