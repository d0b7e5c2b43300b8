"""Which resource failed first, from events as DescribeStackEvents gives them: newest first, of many operations."""

from __future__ import annotations

from crosslane.apply.stacks import first_failure

STACK = "arn:aws:cloudformation:eu-west-1:111111111111:stack/pre-reqs/1"


def event(name: str, status: str, reason: str = "", token: str | None = "mine", physical: str = "") -> dict[str, str]:
    found = {
        "LogicalResourceId": name,
        "ResourceType": "AWS::IAM::Role",
        "ResourceStatus": status,
        "StackId": STACK,
        "PhysicalResourceId": physical,
    }
    return (
        found | ({"ResourceStatusReason": reason} if reason else {}) | ({"ClientRequestToken": token} if token else {})
    )


def test_the_oldest_failure_counts_and_cancelled_ones_do_not() -> None:
    events = [
        event("pre-reqs", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed", physical=STACK),
        event("Late", "CREATE_FAILED", "because of the first"),
        event("Other", "CREATE_FAILED", "Resource creation cancelled"),
        event("First", "CREATE_FAILED", "name is taken"),
        event("First", "CREATE_IN_PROGRESS"),
    ]

    assert first_failure(events, "mine") == "First (AWS::IAM::Role): name is taken"


def test_what_an_earlier_operation_said_is_not_told_again() -> None:
    events = [event("New", "UPDATE_FAILED", "this one"), event("Old", "CREATE_FAILED", "long ago", token="theirs")]

    assert first_failure(events, "mine") == "New (AWS::IAM::Role): this one"


def test_the_stacks_own_event_is_no_resource() -> None:
    assert first_failure([event("pre-reqs", "DELETE_FAILED", "see below", physical=STACK)], "mine") is None


def test_a_failure_without_a_reason_is_named_all_the_same() -> None:
    assert first_failure([event("Mute", "DELETE_FAILED")], "mine") == "Mute (AWS::IAM::Role): no reason given"


def test_no_failure_is_none() -> None:
    assert first_failure([event("Good", "CREATE_COMPLETE")], "mine") is None
    assert first_failure([], "mine") is None
