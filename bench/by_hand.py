"""The guide and the main script as a person runs them: one AWS CLI process after the other.

The stacks' templates are those that crosslane deploys, so that both sides create the same things. The script deploys
two of them twice (S7, S8); its first pass goes here without what the second one adds, as in the script.
"""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.world import BIN, World, client, run
from crosslane.desired.model import Desired, OutputOf, Stack

COMMANDS = Path(__file__).parent / "commands.toml"
WIDE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
"""Stands for the guide's policy file; its content is nothing to the time."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that a row of the guide or the script took, all its processes together."""

    row: str
    seconds: float


def by_hand(world: World, desired: Desired) -> list[Timing]:
    """Run the commands of all rows; ``Failed`` at the first that fails.

    Only the processes are timed: pasting (G14) and thinking are free.
    """
    environment = world.aws_environment()
    given = _files(world)
    stacks = {stack.guide: stack for stack in desired.stacks if stack.guide}
    for row, stack in stacks.items():
        given[f"{row}.name"] = stack.name
    timings = []
    for command in tomllib.loads(COMMANDS.read_text())["command"]:
        if text := command.get("paste"):
            with world.running.credentials_file.open("a") as file:
                file.write(_filled(text, given))
            continue
        if row := command.get("stack"):
            words = _deploy(world, stacks[row], first_pass=command.get("half", False), desired=desired)
        else:
            words = [_filled(word, given) for word in shlex.split(command["run"])]
        words[0] = str(BIN / words[0])
        seconds, output = run(words, environment, _filled(command.get("input", ""), given))
        timings.append(Timing(command["row"], seconds))
        for name, path in command.get("keep", {}).items():
            given[name] = _picked(json.loads(output), path)
    return timings


def _files(world: World) -> dict[str, str]:
    """The files that the guide's commands name, and the accounts' ids."""
    tools = world.config.tools.id
    trusting = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{tools}:root"}, "Action": "sts:AssumeRole"}
    documents = {"policy": WIDE, "trust": {"Version": "2012-10-17", "Statement": [trusting]}}
    for name, document in documents.items():
        (world.directory / f"{name}.json").write_text(json.dumps(document))
    files = {name: str(world.directory / f"{name}.json") for name in documents}
    return files | {account.name: account.id for account in world.config.accounts}


def _deploy(world: World, stack: Stack, *, first_pass: bool, desired: Desired) -> list[str]:
    """The script's ``aws cloudformation deploy`` of one stack."""
    template = json.loads(stack.template)
    file = world.directory / f"{stack.account}-{stack.name}{'-first' if first_pass else ''}.json"
    file.write_text(json.dumps(without_second_pass(template) if first_pass else template))
    values = {parameter.name: _value(world, parameter.value, desired) for parameter in stack.parameters}
    profile = "tools_admin_deployer" if stack.account == "tools" else stack.account
    words = ["aws", "cloudformation", "deploy", "--stack-name", stack.name, "--template-file", str(file)]
    words += ["--capabilities", "CAPABILITY_NAMED_IAM", "--profile", profile]
    return words + (["--parameter-overrides", *(f"{name}={value}" for name, value in values.items())] if values else [])


def without_second_pass(template: Mapping[str, Any]) -> dict[str, Any]:
    """What the script deploys first: a key policy without its last statement, actions without their roles."""
    changed: dict[str, Any] = json.loads(json.dumps(template))
    for resource in changed["Resources"].values():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::KMS::Key":
                properties["KeyPolicy"]["Statement"].pop()
            case "AWS::CodePipeline::Pipeline":
                for stage in properties["Stages"]:
                    for action in stage["Actions"]:
                        action.pop("RoleArn", None)
            case _:
                pass
    return changed


def _value(world: World, value: str | OutputOf, desired: Desired) -> str:
    """A parameter as text. Another stack's output was read by S2, and is kept from there without a further process."""
    if isinstance(value, str):
        return value
    return _outputs(world, value)[value.key]


def _outputs(world: World, wanted: OutputOf) -> dict[str, str]:
    """Outputs of a stack, read beside the timed processes."""
    found = client(world, wanted.account, "cloudformation").describe_stacks(StackName=wanted.stack)
    stack = found["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _filled(text: str, given: Mapping[str, str]) -> str:
    """``text`` with each ``{name}`` replaced; other braces stay."""
    for name, value in given.items():
        text = text.replace("{" + name + "}", value)
    return text


def _picked(document: Any, path: str) -> str:
    for part in path.split("."):
        document = document[part]
    return str(document)
