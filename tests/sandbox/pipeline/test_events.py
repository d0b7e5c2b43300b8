"""Event patterns, and events on their way to targets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosslane.sandbox.eventbridge.pattern import matches
from tests.sandbox.pipeline.conftest import Delivery, wait

EVENT = {
    "source": "aws.codecommit",
    "account": "222222222222",
    "resources": ["arn:one", "arn:two"],
    "detail": {"event": "referenceUpdated", "size": 5, "flag": True, "nothing": None, "list": [{"a": 1}, {"a": 2}]},
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.codecommit"]}, True),
        ({"source": ["aws.s3", "aws.codecommit"], "account": ["222222222222"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"source": "aws.codecommit"}, False),
        ({"resources": ["arn:two"]}, True),
        ({"resources": ["arn:three"]}, False),
        ({"detail": {"event": ["referenceCreated", "referenceUpdated"]}}, True),
        ({"detail": {"event": [{"prefix": "reference"}]}}, True),
        ({"detail": {"event": [{"suffix": "Created"}]}}, False),
        ({"detail": {"event": [{"prefix": {"equals-ignore-case": "REFERENCE"}}]}}, True),
        ({"detail": {"event": [{"equals-ignore-case": "REFERENCEUPDATED"}]}}, True),
        ({"detail": {"event": [{"anything-but": "referenceDeleted"}]}}, True),
        ({"detail": {"event": [{"anything-but": ["referenceDeleted", "referenceUpdated"]}]}}, False),
        ({"detail": {"event": [{"anything-but": {"prefix": "reference"}}]}}, False),
        ({"detail": {"event": [{"wildcard": "ref*Upd*ed"}]}}, True),
        ({"detail": {"event": [{"exists": True}], "other": [{"exists": False}]}}, True),
        ({"detail": {"event": [{"exists": False}]}}, False),
        ({"detail": {"missing": [{"anything-but": "x"}]}}, False),
        ({"detail": {"missing": {"below": [{"exists": False}]}}}, True),
        ({"detail": {"size": [{"numeric": [">", 0, "<=", 5]}]}}, True),
        ({"detail": {"size": [{"numeric": [">", 5]}]}}, False),
        ({"detail": {"size": ["5"]}}, False),
        ({"detail": {"size": [5.0]}}, True),
        ({"detail": {"flag": [1]}}, False),
        ({"detail": {"flag": [True], "nothing": [None]}}, True),
        ({"detail": {"list": {"a": [2]}}}, True),
        ({"$or": [{"source": ["aws.s3"]}, {"account": ["222222222222"]}]}, True),
        ({"detail": {"event": [{"unknown": "x"}]}}, False),
    ],
)
def test_a_pattern_matches_as_documented(pattern: dict[str, Any], expected: bool) -> None:
    assert matches(pattern, EVENT) is expected


def test_events_of_another_account_are_taken_only_if_the_bus_lets_them_in(delivery: Delivery, name: str) -> None:
    """The stacks' own bus policy lets in what the role of dev's rule forwards, and nobody else."""
    dev, tools = delivery.aws("dev", "events"), delivery.aws("tools", "events")
    sqs = delivery.aws("tools", "sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    tools.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    tools.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    bus = "arn:aws:events:eu-west-1:111111111111:event-bus/default"
    entry = {"Source": name, "DetailType": "Test", "Detail": '{"who": "tools"}'}
    tools.put_events(Entries=[entry])
    found = wait(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    assert json.loads(found[0]["Body"])["detail"] == {"who": "tools"}
    with pytest.raises(Exception, match="not authorized to perform: events:PutEvents"):
        dev.put_events(Entries=[{**entry, "EventBusName": bus}])


def test_services_events_cannot_be_forged_and_bad_ones_are_told(delivery: Delivery) -> None:
    answer = delivery.aws("tools", "events").put_events(
        Entries=[
            {"Source": "aws.codecommit", "DetailType": "CodeCommit Repository State Change", "Detail": "{}"},
            {"Source": "mine", "DetailType": "t", "Detail": "no json"},
            {"Source": "mine", "DetailType": "t", "Detail": "{}"},
        ]
    )
    assert answer["FailedEntryCount"] == 2
    codes = [one.get("ErrorCode") for one in answer["Entries"]]
    assert codes == ["NotAuthorizedForSourceException", "MalformedDetail", None]


def test_a_push_starts_nothing_once_the_rule_is_disabled(delivery: Delivery) -> None:
    events = delivery.aws("tools", "events")
    delivery.execution_of(delivery.push())
    before = len(delivery.executions())
    events.disable_rule(Name="sample-lambda-start")
    try:
        delivery.push()
    finally:
        events.enable_rule(Name="sample-lambda-start")
    commit = delivery.push()
    delivery.execution_of(commit)
    assert len(delivery.executions()) == before + 1
