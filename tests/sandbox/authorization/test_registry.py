"""What our CloudFormation calls for our stacks, against what AWS's handlers may call by the registry's schemas.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html, ``handlers``: the permissions
that a handler needs. The sandbox may call nothing that AWS would not: then it would ask our policies for rights that
only it needs. What AWS may call beyond that is a table in docs/sandbox-iam.md; that the deployer has those rights is
tested in ``tests/desired``.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from crosslane.config.load import load_config
from crosslane.desired.build import desired_state
from tests.end_to_end.place import CONFIG, place_in

SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
PAGE = Path(__file__).parents[3] / "docs" / "sandbox-iam.md"
BEGIN, END = "<!-- registry: begin -->", "<!-- registry: end -->"

OURS_ALONE = {
    "codebuild:BatchGetProjects",
    "codebuild:CreateProject",
    "codebuild:DeleteProject",
    "events:DescribeEventBus",
    "events:PutPermission",
    "events:RemovePermission",
}
"""What our handlers call for types whose schema says nothing of permissions: AWS::CodeBuild::Project,
AWS::Events::EventBusPolicy."""


def permissions(type_name: str) -> set[str]:
    """Every permission that the type's schema lists."""
    digest = json.loads((SCHEMAS / "providers" / "eu-west-1.json").read_text())[type_name]
    schema = json.loads((SCHEMAS / "resources" / f"{digest}.json").read_text())
    handlers: dict[str, Any] = schema.get("handlers", {})
    # Listing all resources of a type is for imports and resource scans.
    used = [handler for name, handler in handlers.items() if name != "list"]
    return {permission for handler in used for permission in handler.get("permissions", ())}


def _by_service(actions: list[str]) -> str:
    """Sorted actions for a reader: each service's prefix once, then the names."""
    pairs = [action.split(":", 1) for action in actions]
    groups = itertools.groupby(pairs, key=lambda pair: pair[0])
    return "; ".join(f"`{service}:` {', '.join(name for _, name in group)}" for service, group in groups)


def types_of(config_file: Path) -> Iterator[str]:
    """The resource types of all our stacks."""
    for stack in desired_state(load_config(config_file)).stacks:
        for resource in json.loads(stack.template)["Resources"].values():
            yield resource["Type"]


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str]]:
    """The types of our stacks, and the actions called through CloudFormation while they were made and removed."""
    folder = tmp_path_factory.mktemp("registry")
    audit = folder / "audit.jsonl"
    with place_in(folder, config=CONFIG, audit=audit) as place:
        place.up()
        assert place.run("verify").code == 0
        assert place.run("destroy", "--yes", "--json").code == 0
        types = set(types_of(place.config))
    records = [json.loads(line) for line in audit.read_text().splitlines()]
    through = [one for one in records if "cloudformation.amazonaws.com" in one["userIdentity"]["invokedBy"]]
    return types, {str(one["action"]) for one in through}


def test_the_sandbox_asks_for_no_right_that_aws_would_not(called: tuple[set[str], set[str]]) -> None:
    types, actions = called
    listed = {permission.lower() for name in types for permission in permissions(name)}
    assert {one for one in actions if one.lower() not in listed} <= OURS_ALONE


def test_what_aws_may_call_beyond_is_listed(called: tuple[set[str], set[str]]) -> None:
    types, actions = called
    folded = {one.lower() for one in actions}
    lines = ["| resource type | in its schema, not called by the sandbox |", "| --- | --- |"]
    for name in sorted(types):
        more = sorted(one for one in permissions(name) if one.lower() not in folded)
        lines.append(f"| {name} | {_by_service(more) or 'nothing'} |")
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    table = "\n".join(lines)
    made = f"{head}{BEGIN}\n{table}\n{END}{tail}"
    if os.environ.get("CROSSLANE_UPDATE_GOLDEN"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made
