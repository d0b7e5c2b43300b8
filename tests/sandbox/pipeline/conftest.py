"""A pipeline across four accounts as ``crosslane up`` makes it, and what a person does with it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crosslane.sandbox.git import environment as git_environment
from tests.end_to_end.place import Place, person, place_in

PIPELINE = "sample-lambda-pipeline"
MINUTE = 0.5
"""Seconds that a minute of a time limit lasts here."""

SPEC = """\
version: 0.2
phases:
  build:
    commands:
      - cp template.json packaged-template.yml
artifacts:
  files: [packaged-template.yml, test.json, production.json]
"""
TEMPLATE: Mapping[str, Any] = {
    "Parameters": {"Days": {"Type": "Number", "Default": 1}},
    "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}}},
    "Outputs": {"Group": {"Value": {"Ref": "Logs"}}},
}
_numbers = itertools.count()


@dataclass(frozen=True)
class Delivery:
    """The place and what is done in it."""

    place: Place

    def aws(self, account: str, service: str) -> Any:
        """A client of the account's administrator."""
        return self.place.aws(account, service)

    def environment(self, profile: str = "dev") -> dict[str, str]:
        """What ``crosslane sandbox env`` sets, for somebody who uses that profile."""
        running = self.place.running
        kept = {name: value for name, value in person(self.place.folder).items() if not name.startswith("GIT_")}
        return {
            **kept,
            "AWS_ENDPOINT_URL": running.endpoint,
            "AWS_SHARED_CREDENTIALS_FILE": str(running.credentials_file),
            "AWS_CONFIG_FILE": str(running.config_file),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **git_environment.variables(running.endpoint, profile, self.place.region),
        }

    def git(self, folder: Path, *arguments: str, profile: str = "dev", check: bool = True) -> str:
        """Runs git; gives back all that it prints."""
        done = subprocess.run(
            ["git", "-c", "user.name=Dev", "-c", "user.email=dev@example.com", *arguments],
            cwd=folder,
            env=self.environment(profile),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert not check or done.returncode == 0, done.stdout
        return done.stdout if check else f"{done.returncode}\n{done.stdout}"

    @property
    def url(self) -> str:
        """Where the API says that the source repository is."""
        found = self.aws("dev", "codecommit").get_repository(repositoryName="sample-lambda")
        return str(found["repositoryMetadata"]["cloneUrlHttp"])

    def push(self, files: Mapping[str, str | None] | None = None, branch: str = "main") -> str:
        """Pushes the small app with these files changed (None leaves one out); returns the commit."""
        folder = self.place.folder / f"app-{next(_numbers)}"
        folder.mkdir()
        self.git(folder, "init", "-q", "-b", branch)
        everything: dict[str, str | None] = {
            "buildspec.yml": SPEC,
            "template.json": json.dumps(TEMPLATE),
            "test.json": "{}",
            "production.json": "{}",
            "number": str(next(_numbers)),
            **(files or {}),
        }
        for name, text in everything.items():
            if text is not None:
                (folder / name).write_text(text)
        self.git(folder, "add", "-A")
        self.git(folder, "commit", "-q", "-m", "a change")
        self.git(folder, "push", "-q", "-f", self.url, branch)
        return self.git(folder, "rev-parse", "HEAD").strip()

    def executions(self, pipeline: str = PIPELINE) -> list[dict[str, Any]]:
        """Newest first."""
        found = self.aws("tools", "codepipeline").list_pipeline_executions(pipelineName=pipeline)
        listed: list[dict[str, Any]] = found["pipelineExecutionSummaries"]
        return listed

    def execution_of(self, commit: str) -> str:
        """The execution that a push has started, once its source action is through."""
        found = wait(
            lambda: [
                one for one in self.executions() if commit in [rev["revisionId"] for rev in one["sourceRevisions"]]
            ]
        )
        return str(found[0]["pipelineExecutionId"])

    def status(self, execution: str, pipeline: str = PIPELINE) -> str:
        """Of an execution."""
        codepipeline = self.aws("tools", "codepipeline")
        found = codepipeline.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution)
        return str(found["pipelineExecution"]["status"])

    def ended(self, execution: str, pipeline: str = PIPELINE) -> str:
        """The status, once it is over."""
        return str(wait(lambda: status if (status := self.status(execution, pipeline)) != "InProgress" else ""))

    def stage(self, name: str, pipeline: str = PIPELINE) -> dict[str, Any]:
        """A stage's state."""
        state = self.aws("tools", "codepipeline").get_pipeline_state(name=pipeline)
        found: dict[str, Any] = next(one for one in state["stageStates"] if one["stageName"] == name)
        return found

    def actions(self, execution: str, pipeline: str = PIPELINE) -> dict[str, dict[str, Any]]:
        """An execution's action runs by name; the last of each."""
        codepipeline = self.aws("tools", "codepipeline")
        chosen = {"pipelineExecutionId": execution}
        found = codepipeline.list_action_executions(pipelineName=pipeline, filter=chosen)["actionExecutionDetails"]
        return {one["actionName"]: one for one in reversed(found)}

    def failure(self, execution: str, pipeline: str = PIPELINE) -> tuple[str, str, str]:
        """The failed action of a failed execution: its name, code and message."""
        assert self.ended(execution, pipeline) == "Failed", self.actions(execution, pipeline)
        failed = [one for one in self.actions(execution, pipeline).values() if one["status"] == "Failed"]
        assert len(failed) == 1
        details = failed[0]["output"]["executionResult"]["errorDetails"]
        return failed[0]["actionName"], details["code"], details["message"]

    def approval(self, execution: str, stage: str = "ApproveDeployProd", pipeline: str = PIPELINE) -> dict[str, Any]:
        """Name and token of the approval that an execution waits for."""

        def waiting() -> dict[str, Any] | None:
            found = self.stage(stage, pipeline)
            if found.get("latestExecution", {}).get("pipelineExecutionId") != execution:
                assert self.status(execution, pipeline) == "InProgress", self.actions(execution, pipeline)
                self._make_way(found, pipeline)
                return None
            action = found["actionStates"][0]
            latest = action.get("latestExecution", {})
            if latest.get("status") != "InProgress" or "token" not in latest:
                return None
            return {"actionName": action["actionName"], "token": latest["token"]}

        found: dict[str, Any] = wait(waiting)
        return found

    def _make_way(self, stage: Mapping[str, Any], pipeline: str) -> None:
        """Stops the execution of an earlier test that waits in the stage."""
        latest = stage.get("latestExecution", {})
        if latest.get("status") == "InProgress" and "inboundExecution" in stage:
            self.aws("tools", "codepipeline").stop_pipeline_execution(
                pipelineName=pipeline, pipelineExecutionId=latest["pipelineExecutionId"], abandon=True
            )

    def decide(
        self, execution: str, status: str, stage: str = "ApproveDeployProd", pipeline: str = PIPELINE, summary: str = ""
    ) -> None:
        """Approves or rejects."""
        asked = self.approval(execution, stage, pipeline)
        self.aws("tools", "codepipeline").put_approval_result(
            pipelineName=pipeline, stageName=stage, result={"status": status, "summary": summary or "seen"}, **asked
        )

    def log(self, build: str) -> str:
        """What a build has printed; nothing while it has no log."""
        found = self.aws("tools", "codebuild").batch_get_builds(ids=[build])["builds"][0]
        logs = self.aws("tools", "logs")
        if "streamName" not in found["logs"]:
            return ""
        place = {"logGroupName": found["logs"]["groupName"], "logStreamName": found["logs"]["streamName"]}
        return "\n".join(event["message"] for event in logs.get_log_events(**place, startFromHead=True)["events"])


def wait(look: Callable[[], Any], seconds: float = 40) -> Any:
    """What ``look`` gives as soon as it gives something."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it never came")


@pytest.fixture(scope="session")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    """One sandbox for all tests of this folder, with everything set up and enforced."""
    with place_in(tmp_path_factory.mktemp("delivery"), minute_seconds=MINUTE) as place:
        place.up()
        yield Delivery(place)


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"thing-{next(_numbers)}"
