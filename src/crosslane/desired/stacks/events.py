"""Events of the repository: which ones count, and whom EventBridge's roles trust."""

from __future__ import annotations

from typing import Any

from crosslane.config.model import Config
from crosslane.desired.model import Document
from crosslane.desired.template import Json, service_trust, sub


def branch_pattern(config: Config, account: Any) -> Json:
    """The event pattern of pushes to the source branch; ``account`` is the id of the repository's account.

    https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html (2026-11-24)
    """
    source = config.pipeline.source
    repository = f"arn:${{AWS::Partition}}:codecommit:${{AWS::Region}}:${{Account}}:{source.repository}"
    return {
        "source": ["aws.codecommit"],
        "detail-type": ["CodeCommit Repository State Change"],
        "account": [account],
        "resources": [{"Fn::Sub": [repository, {"Account": account}]}],
        "detail": {
            "event": ["referenceCreated", "referenceUpdated"],
            "referenceType": ["branch"],
            "referenceName": [source.branch],
        },
    }


def events_trust(rule: str) -> Document:
    """Trust in EventBridge, acting for the rule ``rule`` on the default bus of the same account.

    EventBridge's console makes roles for targets with these two conditions, under the Sid TrustEventBridgeService (seen
    in public repositories, 2026-11-24; unverified against AWS itself). That ``aws:SourceArn`` is the rule's ARN:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html (2026-11-24)
    """
    return service_trust(
        "events",
        "EventBridge acts for this rule of this account only",
        {
            "StringEquals": {
                "aws:SourceAccount": sub("${AWS::AccountId}"),
                "aws:SourceArn": sub(
                    f"arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:rule/{rule}"
                ),
            }
        },
    )
