"""The exported files: whole, in step with the plan, and with commands that the AWS CLI knows."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import PurePosixPath

import pytest
from botocore.session import Session

from crosslane.config.model import Account, Mode
from crosslane.desired.build import desired_state
from crosslane.desired.export import export_files
from tests.desired.guide_config import ACCOUNTS, EVERYWHERE, guide_config

CLI_ONLY = {"profile", "region", "query", "output"}


def commands(text: str) -> list[list[str]]:
    """The AWS CLI commands in the README's shell blocks, as words."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            command = re.sub(r"^\w+=\$\((.*)\)$", r"\1", line)
            if command.startswith("aws "):
                found.append(shlex.split(command, comments=True))
    return found


@pytest.mark.parametrize("mode", list(Mode))
def test_templates_and_policies_are_those_of_the_plan(mode: Mode) -> None:
    desired = desired_state(guide_config(mode, EVERYWHERE))
    files = export_files(desired)
    for stack in desired.stacks:
        text = files[f"stacks/{stack.account}/{stack.name}/template.json"]
        assert json.loads(text) == json.loads(stack.template)
        given = json.loads(files[f"stacks/{stack.account}/{stack.name}/parameters.json"])
        assert set(given) == {parameter.name for parameter in stack.parameters}
    for state in desired.bootstraps:
        for policy in state.policies:
            text = files[f"bootstrap/{state.account}/{policy.name}.json"]
            assert json.loads(text) == policy.document.to_json()
        assert json.loads(files[f"bootstrap/{state.account}/trust-policy.json"]) == state.role.trust.to_json()


@pytest.mark.parametrize("mode", list(Mode))
def test_every_command_is_one_the_cli_knows_with_options_it_takes(mode: Mode) -> None:
    session = Session()
    found = commands(export_files(desired_state(guide_config(mode, EVERYWHERE)))["README.md"])
    assert len(found) > 20
    for _, service, operation, *words in found:
        options = {word[2:] for word in words if word.startswith("--")}
        assert service == "configure" or {"region", "profile"} <= options, (service, operation)
        if (service, operation) == ("cloudformation", "deploy"):
            known = {"stack-name", "template-file", "parameter-overrides", "capabilities", "tags"}
            assert options <= known | CLI_ONLY
            continue
        if service == "configure":
            continue
        model = session.get_service_model(service)
        name = "".join(part.capitalize() for part in operation.split("-"))
        shape = model.operation_model(name).input_shape
        assert shape is not None
        members = {re.sub(r"(?<!^)(?=[A-Z])", "-", member).lower() for member in shape.members}
        assert options - CLI_ONLY <= members, (service, operation)
        required = {re.sub(r"(?<!^)(?=[A-Z])", "-", member).lower() for member in shape.required_members}
        assert required <= options, (service, operation)


def test_every_file_that_a_command_names_is_there() -> None:
    files = export_files(desired_state(guide_config(bootstrapped=EVERYWHERE)))
    named = set()
    for words in commands(files["README.md"]):
        named |= {word.removeprefix("file://") for word in words if word.startswith("file://")}
        if "--template-file" in words:
            named.add(words[words.index("--template-file") + 1])
    assert named
    assert named <= set(files)


def test_stacks_come_in_the_order_of_their_levels_and_outputs_before_their_use() -> None:
    text = export_files(desired_state(guide_config()))["README.md"]
    places = [text.index(f"--stack-name {name} ") for name in ("pre-reqs", "toolsacct-codepipeline-role")]
    places.append(text.index("--stack-name sample-lambda-pipeline "))
    assert places == sorted(places)
    for variable in ("CMK", "ArtifactBucket"):
        assert places[0] < text.index(f"{variable}=$(") < places[1]
    assert 'CMKARN="$CMK"' in text
    assert 'S3Bucket="$ArtifactBucket"' in text


def test_every_stack_operation_has_region_profile_and_tags() -> None:
    for words in commands(export_files(desired_state(guide_config()))["README.md"]):
        if words[1:3] != ["cloudformation", "deploy"]:
            continue
        assert words[words.index("--region") + 1] == "eu-west-1"
        assert words[words.index("--profile") + 1] in ("tools_admin_deployer", "dev", "test", "prod")
        assert "crosslane:pipeline=sample-lambda" in words
        assert "crosslane:tools-account=111111111111" in words


def test_profiles_of_the_config_are_used_where_they_differ_from_the_accounts_name() -> None:
    accounts = (*ACCOUNTS[:3], Account("prod", "444444444444", "company production"))
    desired = desired_state(guide_config(accounts=accounts))
    text = export_files(desired, {one.name: one.profile for one in accounts if one.profile})["README.md"]
    assert "--profile 'company production'" in text


def test_paths_stay_below_the_folder() -> None:
    for path in export_files(desired_state(guide_config(bootstrapped=EVERYWHERE))):
        assert not PurePosixPath(path).is_absolute()
        assert ".." not in PurePosixPath(path).parts


def test_no_key_is_asked_for_in_mode_keyless() -> None:
    text = export_files(desired_state(guide_config(Mode.KEYLESS)))["README.md"]
    assert "create-access-key" not in text
    assert "create-user" not in text
    assert "aws sts assume-role" in text
