"""What a good run does, from nothing to nothing: the same commands are recorded and then tried with each mutant."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import WaiterError

from crosslane.config.load import load_config
from tests.end_to_end.place import CONFIG, ROOT, Place, Result, environment

FOUR_ACCOUNTS = CONFIG + '\n[bootstrap]\nmode = "{{mode}}"\naccounts = ["tools", "dev", "test", "prod"]\n'


def config_of(mode: str) -> str:
    """The text of the config, for ``place_in``: every account has its deployer, so that all of them are tried."""
    return FOUR_ACCOUNTS.replace("{{mode}}", mode)


@dataclass(frozen=True, slots=True)
class Act:
    """One command of the run; it must end with code 0."""

    name: str
    do: Callable[[Place], Result]


NOT_STARTED = "not started"
PIPELINE = "sample-lambda-pipeline"
APP = ROOT / "examples" / "sample-lambda" / "app"


def _push(place: Place) -> Result:
    """The sample app is pushed, which starts the pipeline; it goes to its end, and is then run once more."""
    app = place.folder / "app"
    files = [
        {"filePath": str(one.relative_to(app)), "fileContent": one.read_bytes()}
        for one in sorted(app.rglob("*"))
        if one.is_file()
    ]
    place.aws("dev", "codecommit").create_commit(repositoryName="sample-lambda", branchName="main", putFiles=files)
    ended = _to_the_end(place)
    if ended != "Succeeded":
        told = json.dumps(_state(place), default=str)
        return Result(1, told, f"the execution that the push started: {ended}")
    return place.run("run", "--approve", "--timeout", "1", "--json")


def _to_the_end(place: Place) -> str:
    """Approves what waits for it; how the newest execution has ended, ``InProgress`` if not within a minute."""
    codepipeline = place.aws("tools", "codepipeline")
    limit, status = time.monotonic() + 60, "InProgress"
    while status == "InProgress" and time.monotonic() < limit:
        time.sleep(0.1)
        found = codepipeline.list_pipeline_executions(pipelineName=PIPELINE)["pipelineExecutionSummaries"]
        # The pipeline's first execution found no branch; the push's comes after it.
        if not found or found[0]["trigger"]["triggerType"] != "CloudWatchEvent":
            if time.monotonic() > limit - 45:
                return NOT_STARTED
            continue
        status = str(found[0]["status"])
        for stage in _state(place)["stageStates"]:
            for action in stage["actionStates"]:
                latest = action.get("latestExecution", {})
                if "token" in latest and latest.get("status") == "InProgress":
                    codepipeline.put_approval_result(
                        pipelineName=PIPELINE,
                        stageName=stage["stageName"],
                        actionName=action["actionName"],
                        result={"status": "Approved", "summary": "seen"},
                        token=latest["token"],
                    )
    return status


def _state(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = place.aws("tools", "codepipeline").get_pipeline_state(name=PIPELINE)
    return found


def _up(place: Place) -> Result:
    """With the app beside the config, as a person has it."""
    app = place.folder / "app"
    if not app.exists():
        shutil.copytree(APP, app, ignore=shutil.ignore_patterns("__pycache__"))
        for stage in ("test", "production"):
            (app / f"{stage}.json").write_text(json.dumps(_parameters(place, stage)))
    return place.run("up", "--json")


def _parameters(place: Place, stage: str) -> dict[str, Any]:
    """The app's roles have to carry the account's boundary, where there is one."""
    with environment(place.folder):
        config = load_config(place.config)
    boundaries = {state.account: state.role.boundary for state in place.desired.bootstraps}
    account = next(one.account for one in config.stages if one.name == stage)
    found = boundaries[account]
    return {"Parameters": {"Stage": stage, **({"PermissionsBoundary": found} if found else {})}}


def _destroy(place: Place) -> Result:
    """The app's stacks go first: they are the app's, and their roles carry the boundaries."""
    for account, stack in (("test", "sample-lambda-test"), ("prod", "sample-lambda-production")):
        client = place.aws(account, "cloudformation")
        client.delete_stack(StackName=stack)
        try:
            client.get_waiter("stack_delete_complete").wait(
                StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        except WaiterError as error:
            events = client.describe_stack_events(StackName=stack)["StackEvents"]
            return Result(1, "", "\n".join([str(error), *(one.get("ResourceStatusReason", "") for one in events)]))
    return place.run("destroy", "--data", "--json", "--yes")


def _change_and_up(place: Place) -> Result:
    """Another branch, one more stage in each account, and nobody is asked any more: every stack but the first changes.

    The events of the stacks are read too, as somebody does who wants to see what happens.
    """
    if "approval = true" in place.config.read_text():
        place.edit("approval = true", "approval = false")
        place.edit('source = { account = "dev" }', 'source = { account = "dev", branch = "next" }')
        for account in ("test", "prod"):
            place.append(f'\n[[stages]]\nname = "{account}-2"\naccount = "{account}"\n')
    return place.run("up", "--json", "-v")


ACTS: tuple[Act, ...] = (
    Act("up", _up),
    Act("up again", lambda place: place.run("up", "--json")),
    Act("push and run", _push),
    Act("status", lambda place: place.run("status", "--json")),
    Act("logs", lambda place: place.run("logs", "--json")),
    Act("verify", lambda place: place.run("verify", "--json")),
    Act("rotate", lambda place: place.run("rotate", "--json", "--yes")),
    Act("rotate --finish", lambda place: place.run("rotate", "--finish", "--json", "--yes")),
    Act("refresh", lambda place: place.run("refresh", "--json")),
    Act("up with a change", _change_and_up),
    Act("destroy", _destroy),
)


def acts_of(mode: str, *, short: bool = False) -> tuple[Act, ...]:
    """Without a user there is no key to rotate; the short form only sets up."""
    if short:
        return ACTS[:1]
    return tuple(act for act in ACTS if mode != "keyless" or not act.name.startswith("rotate"))
