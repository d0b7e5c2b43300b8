"""CloudWatch: alarms on metrics.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html (2026-11-25)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    Live,
    Properties,
    ResourceType,
    tag_changes,
    tag_list,
)
from crosslane.sandbox.cloudformation.resources.shape import TAGS

_DIMENSIONS = [{"Name*": str, "Value*": str}]
_ALARM = {
    "ActionsEnabled": bool,
    "AlarmActions": [str],
    "AlarmDescription": str,
    "AlarmName": str,
    "ComparisonOperator": str,
    "DatapointsToAlarm": int,
    "Dimensions": _DIMENSIONS,
    "EvaluateLowSampleCountPercentile": str,
    "EvaluationPeriods": int,
    "ExtendedStatistic": str,
    "InsufficientDataActions": [str],
    "MetricName": str,
    "Metrics": [
        {
            "Expression": str,
            "Id*": str,
            "Label": str,
            "MetricStat": {
                "Metric*": {"Dimensions": _DIMENSIONS, "MetricName": str, "Namespace": str},
                "Period*": int,
                "Stat*": str,
                "Unit": str,
            },
            "Period": int,
            "ReturnData": bool,
        }
    ],
    "Namespace": str,
    "OKActions": [str],
    "Period": int,
    "Statistic": str,
    "Tags": TAGS,
    "Threshold": float,
    "ThresholdMetricId": str,
    "TreatMissingData": str,
    "Unit": str,
}


def _put(context: Context, name: str, properties: Properties) -> None:
    """PutMetricAlarm sets the whole alarm; tags count at its first call only."""
    given = {key: value for key, value in properties.items() if key not in ("AlarmName", "Tags")}
    context.client("cloudwatch").put_metric_alarm(AlarmName=name, **({"ActionsEnabled": True} | given))


def _find(context: Context, name: str) -> Mapping[str, Any] | None:
    for alarm in context.client("cloudwatch").describe_alarms(AlarmNames=[name]).get("MetricAlarms", ()):
        found: Mapping[str, Any] = alarm
        return found
    return None


def _existing(context: Context, properties: Properties) -> str | None:
    name = properties.get("AlarmName")
    return name if name is not None and _find(context, name) is not None else None


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    name = properties.get("AlarmName") or context.name(255)
    arn = context.arn("cloudwatch", f"alarm:{name}")
    _put(context, name, properties)
    context.made(name)
    if properties.get("Tags"):
        context.client("cloudwatch").tag_resource(ResourceARN=arn, Tags=properties["Tags"])
    return {"Arn": arn}


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    cloudwatch, arn = context.client("cloudwatch"), live.attributes["Arn"]
    _put(context, live.physical_id, new)
    changed, removed = tag_changes(live.properties.get("Tags"), new.get("Tags"))
    if changed:
        cloudwatch.tag_resource(ResourceARN=arn, Tags=tag_list(changed))
    if removed:
        cloudwatch.untag_resource(ResourceARN=arn, TagKeys=removed)
    return live.attributes


def _delete(context: Context, live: Live) -> None:
    context.client("cloudwatch").delete_alarms(AlarmNames=[live.physical_id])


def _read(context: Context, live: Live) -> Properties | None:
    alarm = _find(context, live.physical_id)
    if alarm is None:
        return None
    tags = context.client("cloudwatch").list_tags_for_resource(ResourceARN=live.attributes["Arn"]).get("Tags", [])
    shown = {name: alarm.get(name) for name in live.properties if name not in ("Metrics", "Tags")}
    return shown | {"Tags": tags}


TYPES = (
    ResourceType(
        name="AWS::CloudWatch::Alarm",
        shape=_ALARM,
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        existing=_existing,
        create_only=frozenset({"AlarmName"}),
        attributes=frozenset({"Arn"}),
        tags="list",
    ),
)
