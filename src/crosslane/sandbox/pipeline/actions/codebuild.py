"""The build and test action of CodeBuild.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html (2026-11-25)
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosslane.sandbox.builds.model import Handoff
from crosslane.sandbox.pipeline.act import Act, failure_code
from crosslane.sandbox.pipeline.model import ActionFailure

_MINUTES = 8 * 60
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html, timeout of an action"""

_UNSUPPORTED = ("BatchEnabled", "CombineArtifacts", "BuildspecOverride")


def run(act: Act) -> None:
    """Raises ``ActionFailure``."""
    for name in _UNSUPPORTED:
        if act.configuration.get(name, "false").lower() != "false":
            raise ActionFailure("NotImplemented", f"The sandbox does not support {name} of CodeBuild actions")
    outputs = tuple(act.place(one["name"]) for one in act.run.action["outputArtifacts"])
    handoff = _handoff(act, outputs)
    token = str(uuid.uuid4())
    codebuild = act.client("codebuild")
    partition = act.line.arn.split(":")[1]
    act.resources.builds.expect(act.role_account, token, handoff)
    try:
        started = codebuild.start_build(
            projectName=act.setting("ProjectName"),
            sourceVersion=f"arn:{partition}:s3:::{handoff.primary.bucket}/{handoff.primary.key}",
            environmentVariablesOverride=_variables(act),
            idempotencyToken=token,
        )["build"]
    except (ClientError, BotoCoreError) as error:
        raise ActionFailure(failure_code(error), f"Error calling startBuild: {error}") from error
    project = (
        f"https://console.aws.amazon.com/codebuild/home?region={act.region}#/projects/{started['projectName']}/view"
    )
    act.tell(
        external_id=started["id"],
        external_url=f"https://console.aws.amazon.com/codebuild/home?region={act.region}#/builds/{started['id']}/view/new",
        entity_url=project,
    )
    build = _await(act, codebuild, started["id"])
    exported = {one["name"]: one["value"] for one in build.get("exportedEnvironmentVariables", ())}
    act.tell(variables=exported)
    if build["buildStatus"] != "SUCCEEDED":
        raise ActionFailure("JobFailed", _reason(build))
    act.tell(outputs=outputs)


def _handoff(act: Act, outputs: tuple[Any, ...]) -> Handoff:
    inputs = act.run.inputs
    named = act.configuration.get("PrimarySource")
    if named is None and len(inputs) > 1:
        message = "PrimarySource is missing: the action has more than one input artifact"
        raise ActionFailure("ConfigurationError", message)
    primary = next((one for one in inputs if named in (None, one.name)), None)
    if primary is None:
        raise ActionFailure("ConfigurationError", f"The primary source {named} is no input artifact of the action")
    revisions = {artifact: revision.id for artifact, revision in act.execution.revisions.values()}
    _, key = act.store()
    pipeline = str(act.execution.definition["name"])
    return Handoff(pipeline, primary, inputs, outputs, key, revisions.get(primary.name, ""))


def _variables(act: Act) -> list[Mapping[str, str]]:
    text = act.configuration.get("EnvironmentVariables")
    if not text:
        return []
    try:
        return [
            {"name": str(one["name"]), "value": str(one["value"]), "type": str(one.get("type", "PLAINTEXT"))}
            for one in json.loads(text)
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        message = "EnvironmentVariables has to be a JSON list of objects with name, value and type"
        raise ActionFailure("ConfigurationError", message) from None


def _await(act: Act, codebuild: Any, build_id: str) -> Mapping[str, Any]:
    found: dict[str, Any] = {}

    def over() -> bool:
        try:
            builds = codebuild.batch_get_builds(ids=[build_id])["builds"]
        except (ClientError, BotoCoreError) as error:
            raise ActionFailure(failure_code(error), f"Error calling batchGetBuilds: {error}") from error
        if not builds:
            raise ActionFailure("JobFailed", f"The build {build_id} is gone")
        found.update(builds[0])
        stream = found.get("logs", {}).get("cloudWatchLogsArn")
        if stream != act.run.log_stream:
            act.tell(log_stream=stream)
        return bool(found["buildComplete"])

    act.wait(over, _MINUTES, f"The build {build_id}")
    return found


def _reason(build: Mapping[str, Any]) -> str:
    """The first phase that did not succeed says why."""
    told = f"Build terminated with state: {build['buildStatus']}"
    for phase in build["phases"]:
        if phase.get("phaseStatus", "SUCCEEDED") != "SUCCEEDED":
            context = (phase.get("contexts") or [{}])[0]
            code, message = context.get("statusCode", ""), context.get("message", "")
            return f"{told}. Phase: {phase['phaseType']}, Code: {code}, Message: {message}"
    return told
