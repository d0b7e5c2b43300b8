"""CodePipeline: pipelines.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codepipeline-pipeline.html
(2026-11-24)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crosslane.sandbox.cloudformation.resources.model import (
    Context,
    Live,
    Properties,
    ResourceType,
    tag_changes,
    tag_map,
)
from crosslane.sandbox.cloudformation.resources.shape import TAGS, MapOf, lower_first

_STORE = {"EncryptionKey": {"Id*": str, "Type*": str}, "Location*": str, "Type*": str}
_FILTER = {"Excludes": [str], "Includes": [str]}
_RULE = {
    "Commands": [str],
    "Configuration": MapOf(str),
    "InputArtifacts": [{"Name*": str}],
    "Name": str,
    "Region": str,
    "RoleArn": str,
    "RuleTypeId": {"Category": str, "Owner": str, "Provider": str, "Version": str},
}
_CONDITIONS = [{"Result": str, "Rules": [_RULE]}]
_ACTION = {
    "ActionTypeId*": {"Category*": str, "Owner*": str, "Provider*": str, "Version*": str},
    "Commands": [str],
    "Configuration": MapOf(str),
    "EnvironmentVariables": [{"Name*": str, "Type": str, "Value*": str}],
    "InputArtifacts": [{"Name*": str}],
    "Name*": str,
    "Namespace": str,
    "OutputArtifacts": [{"Files": [str], "Name*": str}],
    "OutputVariables": [str],
    "Region": str,
    "RoleArn": str,
    "RunOrder": int,
    "TimeoutInMinutes": int,
}
_PIPELINE: Final[Mapping[str, Any]] = {
    "ArtifactStore": _STORE,
    "ArtifactStores": [{"ArtifactStore*": _STORE, "Region*": str}],
    "DisableInboundStageTransitions": [{"Reason*": str, "StageName*": str}],
    "ExecutionMode": str,
    "Name": str,
    "PipelineType": str,
    "RestartExecutionOnUpdate": bool,
    "RoleArn*": str,
    "Stages*": [
        {
            "Actions*": [_ACTION],
            "BeforeEntry": {"Conditions": _CONDITIONS},
            "Blockers": [{"Name*": str, "Type*": str}],
            "Name*": str,
            "OnFailure": {"Conditions": _CONDITIONS, "Result": str, "RetryConfiguration": {"RetryMode": str}},
            "OnSuccess": {"Conditions": _CONDITIONS},
        }
    ],
    "Tags": TAGS,
    "Triggers": [
        {
            "GitConfiguration": {
                "PullRequest": [{"Branches": _FILTER, "Events": [str], "FilePaths": _FILTER}],
                "Push": [{"Branches": _FILTER, "FilePaths": _FILTER, "Tags": _FILTER}],
                "SourceActionName*": str,
            },
            "ProviderType*": str,
        }
    ],
    "Variables": [{"DefaultValue": str, "Description": str, "Name*": str}],
}
_NOT_PART_OF_PIPELINE = ("Tags", "DisableInboundStageTransitions", "RestartExecutionOnUpdate")


def _declaration(name: str, properties: Properties) -> dict[str, Any]:
    """The pipeline as CreatePipeline takes it."""
    kept = {key: value for key, value in properties.items() if key not in _NOT_PART_OF_PIPELINE}
    wire: dict[str, Any] = lower_first(_PIPELINE, kept)
    if "artifactStores" in wire:
        wire["artifactStores"] = {item["region"]: item["artifactStore"] for item in wire["artifactStores"]}
    return wire | {"name": name}


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    pipelines = context.client("codepipeline")
    name = properties.get("Name") or context.name(100)
    tags = tag_map(properties.get("Tags"))
    made = pipelines.create_pipeline(pipeline=_declaration(name, properties), **({"tags": _tags(tags)} if tags else {}))
    context.made(name)
    _set_transitions(pipelines, name, {}, properties)
    return {"Arn": context.arn("codepipeline", name), "Version": str(made["pipeline"]["version"])}


def _set_transitions(pipelines: Any, name: str, old: Properties, new: Properties) -> None:
    before = {item["StageName"]: item["Reason"] for item in old.get("DisableInboundStageTransitions", ())}
    after = {item["StageName"]: item["Reason"] for item in new.get("DisableInboundStageTransitions", ())}
    for stage, reason in after.items():
        if before.get(stage) != reason:
            pipelines.disable_stage_transition(
                pipelineName=name, stageName=stage, transitionType="Inbound", reason=reason
            )
    for stage in before:
        if stage not in after:
            pipelines.enable_stage_transition(pipelineName=name, stageName=stage, transitionType="Inbound")


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    pipelines, name, old = context.client("codepipeline"), live.physical_id, live.properties
    attributes = dict(live.attributes)
    if _declaration(name, old) != _declaration(name, new):
        updated = pipelines.update_pipeline(pipeline=_declaration(name, new))["pipeline"]
        attributes["Version"] = str(updated["version"])
    _set_transitions(pipelines, name, old, new)
    changed, removed = tag_changes(old.get("Tags"), new.get("Tags"))
    if changed:
        pipelines.tag_resource(resourceArn=attributes["Arn"], tags=_tags(changed))
    if removed:
        pipelines.untag_resource(resourceArn=attributes["Arn"], tagKeys=removed)
    if new.get("RestartExecutionOnUpdate"):
        pipelines.start_pipeline_execution(name=name)
    return attributes


def _delete(context: Context, live: Live) -> None:
    # DeletePipeline succeeds for a pipeline that is not there.
    context.client("codepipeline").delete_pipeline(name=live.physical_id)


def _read(context: Context, live: Live) -> Properties | None:
    pipelines = context.client("codepipeline")
    found = pipelines.get_pipeline(name=live.physical_id)["pipeline"]
    expected = _declaration(live.physical_id, live.properties)
    names = {name[0].lower() + name[1:]: name for name in live.properties}
    shown = {
        names[key]: live.properties[names[key]] if _same(found.get(key), expected[key]) else found.get(key)
        for key in expected
        if key in names
    }
    tags = pipelines.list_tags_for_resource(resourceArn=live.attributes["Arn"])["tags"]
    return shown | {"Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]}


def _same(actual: Any, expected: Any) -> bool:
    """Whether the live value says what the template says; the service adds empty lists and run orders."""
    match expected, actual:
        case dict(), dict():
            return all(_same(actual.get(key), value) for key, value in expected.items())
        case list(), list():
            return len(expected) == len(actual) and all(map(_same, actual, expected))
        case _:
            return bool(actual == expected)


TYPES = (
    ResourceType(
        name="AWS::CodePipeline::Pipeline",
        shape=_PIPELINE,
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        create_only=frozenset({"Name"}),
        attributes=frozenset({"Arn", "Version"}),
        tags="list",
    ),
)
