"""What a CloudFormation action gives to CloudFormation: template, parameters, tags and stack policy from artifacts.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-cfn-artifacts.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-parameter-override-functions.html
(2026-11-25)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crosslane.sandbox.pipeline.act import Act
from crosslane.sandbox.pipeline.model import ActionFailure

_OVERRIDES_BYTES = 1024
"""The page of the action, ``ParameterOverrides``."""


@dataclass(frozen=True, slots=True)
class TemplateConfiguration:
    """A template configuration file."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    stack_policy: Any = None


def change_set_input(act: Act) -> dict[str, Any]:
    """What CreateChangeSet takes; stack policies are not among it."""
    given = stack_input(act)
    given.pop("StackPolicyBody", None)
    return given


def stack_input(act: Act) -> dict[str, Any]:
    """What CreateStack and UpdateStack take. Raises ``ActionFailure`` for what is wrong in the configuration."""
    settings = act.configuration
    template = act.file(act.setting("TemplatePath"))
    chosen = _configuration(act)
    parameters = {**chosen.parameters, **_overrides(act)}
    given: dict[str, Any] = {
        "TemplateBody": template,
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Tags": [{"Key": name, "Value": value} for name, value in chosen.tags.items()],
        "Capabilities": [word.strip() for word in settings.get("Capabilities", "").split(",") if word.strip()],
    }
    if settings.get("RoleArn"):
        given["RoleARN"] = settings["RoleArn"]
    if chosen.stack_policy is not None:
        given["StackPolicyBody"] = json.dumps(chosen.stack_policy)
    return given


def _configuration(act: Act) -> TemplateConfiguration:
    reference = act.configuration.get("TemplateConfiguration")
    if not reference:
        return TemplateConfiguration()
    whole = _object(act.file(reference), f"the template configuration {reference}")
    unknown = [name for name in whole if name not in ("Parameters", "Tags", "StackPolicy")]
    if unknown:
        message = f"The template configuration {reference} has an unknown key {unknown[0]}"
        raise ActionFailure("ConfigurationError", message)
    return TemplateConfiguration(
        _texts(whole.get("Parameters", {}), f"Parameters of {reference}"),
        _texts(whole.get("Tags", {}), f"Tags of {reference}"),
        whole.get("StackPolicy"),
    )


def _overrides(act: Act) -> dict[str, str]:
    text = act.configuration.get("ParameterOverrides")
    if not text:
        return {}
    if len(text.encode()) > _OVERRIDES_BYTES:
        raise ActionFailure("ConfigurationError", f"ParameterOverrides is longer than {_OVERRIDES_BYTES} bytes")
    given = _object(text, "ParameterOverrides")
    return {name: _override(act, name, value) for name, value in given.items()}


def _override(act: Act, name: str, value: Any) -> str:
    if not isinstance(value, dict):
        return _texts({name: value}, "ParameterOverrides")[name]
    match value:
        case {"Fn::GetArtifactAtt": [str(artifact), str(attribute)]}:
            return _artifact_attribute(act, artifact, attribute)
        case {"Fn::GetParam": [str(artifact), str(file), str(key)]}:
            found = _object(act.file(f"{artifact}::{file}"), f"{file} of {artifact}")
            if key not in found:
                raise ActionFailure("ConfigurationError", f"{file} of {artifact} has no key {key}")
            return _texts({name: found[key]}, f"{file} of {artifact}")[name]
    message = f"ParameterOverrides: {name} is neither text nor Fn::GetArtifactAtt nor Fn::GetParam"
    raise ActionFailure("ConfigurationError", message)


def _artifact_attribute(act: Act, artifact: str, attribute: str) -> str:
    place = next((one for one in act.run.inputs if one.name == artifact), None)
    if place is None:
        raise ActionFailure("ConfigurationError", f"{artifact} is no input artifact of the action")
    known = {
        "BucketName": place.bucket,
        "ObjectKey": place.key,
        "URL": f"https://{place.bucket}.s3.{act.region}.amazonaws.com/{place.key}",
    }
    if attribute not in known:
        raise ActionFailure("ConfigurationError", f"An artifact has no attribute {attribute}")
    return known[attribute]


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ActionFailure("ConfigurationError", f"{what} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ActionFailure("ConfigurationError", f"{what} is no JSON object")
    return found


def _texts(values: Any, what: str) -> dict[str, str]:
    """Numbers and booleans as text; a list is joined by commas, as parameters of list types are given."""
    if not isinstance(values, dict):
        raise ActionFailure("ConfigurationError", f"{what} is no object")
    found = {}
    for name, value in values.items():
        match value:
            case bool():
                found[name] = "true" if value else "false"
            case str() | int() | float():
                found[name] = str(value)
            case list():
                found[name] = ",".join(map(str, value))
            case _:
                raise ActionFailure("ConfigurationError", f"{what}: {name} is no text")
    return found
