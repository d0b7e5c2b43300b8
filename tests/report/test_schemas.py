"""The JSON documents that others rely on: what the program prints fits the schemas that ship with it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from crosslane.apply.hands import PipelineFacts
from crosslane.apply.outcome import Outcome, StepResult
from crosslane.aws.calls import CallLog
from crosslane.cli.main import program, run
from crosslane.errors import OutcomeError
from crosslane.plan.model import CHANGING, Plan
from crosslane.report.document import pipeline_document, plan_document, run_document
from crosslane.report.schema import PRINTED_BY, Printed, schema_text
from tests.fakes.printed import problems
from tests.fakes.situation import Situation, everything_exists

SCHEMAS: dict[Printed, dict[str, Any]] = {printed: json.loads(schema_text(printed)) for printed in Printed}


def objects(value: object) -> Iterator[dict[str, Any]]:
    """All subschemas that describe an object."""
    if isinstance(value, dict):
        if value.get("type") == "object":
            yield value
        for part in value.values():
            yield from objects(part)
    elif isinstance(value, list):
        for part in value:
            yield from objects(part)


def leaves(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words that call it."""
    if not isinstance(command, click.Group):
        yield " ".join(words), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from leaves(inner, (*words, name))


def test_every_command_that_prints_json_has_a_schema() -> None:
    printing = {words for words, one in leaves(program) if any("--json" in option.opts for option in one.params)}
    assert printing == set(PRINTED_BY)
    assert set(Printed) == {Printed.ERROR, *(printed for each in PRINTED_BY.values() for printed in each)}


@pytest.mark.parametrize("printed", list(Printed))
def test_they_are_schemas_of_draft_2020_12(printed: Printed) -> None:
    assert SCHEMAS[printed]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[printed])


@pytest.mark.parametrize("printed", list(Printed))
def test_further_members_are_allowed_everywhere(printed: Printed) -> None:
    found = list(objects(SCHEMAS[printed]))
    assert found
    assert all(one.get("additionalProperties", True) is not False for one in found)


def test_every_schema_file_has_its_name() -> None:
    folder = Path(__file__).parents[2] / "src" / "crosslane" / "report" / "schemas"
    assert {path.stem for path in folder.iterdir()} == {str(printed) for printed in Printed}


def test_the_words_of_the_schemas_are_the_words_of_the_program() -> None:
    actions = SCHEMAS[Printed.PLAN]["properties"]["actions"]["items"]["properties"]
    steps = SCHEMAS[Printed.RUN]["properties"]["steps"]["items"]["properties"]
    assert set(actions["op"]["enum"]) == {str(op) for op in CHANGING}
    assert set(steps["outcome"]["enum"]) == {str(outcome) for outcome in Outcome}


def plans() -> dict[str, Plan]:
    """One plan for each kind of thing that a plan can say."""
    drifted = everything_exists()
    drifted.remote.declare_role_exists(drifted.tools.role, attached=("arn:aws:iam::aws:policy/AdministratorAccess",))
    drifted.remote.declare_stack_exists(drifted.stack("S1"), status="ROLLBACK_COMPLETE")
    drifted.remote.declare_stack_exists(drifted.stack("S4"), template='{"Resources": {}}')
    foreign = everything_exists()
    foreign.remote.declare_user_exists(foreign.user, tags=())
    blind = Situation()
    blind.remote.declare_unreadable("stacks", ("dev", blind.stack("S3").name))
    return {
        "nothing there": Situation().plan(),
        "all there": everything_exists().plan(),
        "drifted": drifted.plan(),
        "foreign": foreign.plan(),
        "adopted": foreign.plan(adopt=True),
        "blind": blind.plan(),
    }


@pytest.mark.parametrize("name", list(plans()))
def test_a_plan_prints_what_its_schema_says(name: str) -> None:
    document = plan_document(plans()[name])

    assert problems(Printed.PLAN, document) == []
    assert document["ok"] == (name not in ("foreign", "blind"))


def results_of(plan: Plan, failing: str | None) -> list[StepResult]:
    results = []
    for step in plan.steps:
        if step.id == failing:
            error = OutcomeError("stack pre-reqs is ROLLBACK_COMPLETE", "StackFailed", step.account, "correct it")
            results.append(StepResult(step, Outcome.FAILED, "failed", 1.5, error))
        elif failing in step.after:
            results.append(StepResult(step, Outcome.PENDING, "a step before it did not succeed"))
        else:
            results.append(StepResult(step, Outcome.CREATED, "made"))
    return results


def run_of(failing: str | None = None) -> dict[str, Any]:
    situation = Situation()
    calls = CallLog()
    calls.add("iam", "CreateUser")
    calls.add("iam", "GetUser")
    facts = PipelineFacts(situation.desired.pipeline_arn, ("Source", "Build"))
    return run_document(
        results_of(situation.plan(), failing),
        seconds=1.23456,
        calls=calls,
        places=situation.places,
        arns={"tools": "arn:aws:sts::111111111111:assumed-role/SignIn/me"},
        profiles=["tools_admin"],
        pipeline=None if failing else pipeline_document("sample-lambda-pipeline", facts, "eu-west-1", "aws"),
        cautions=situation.plan().cautions,
    )


def test_a_run_prints_what_its_schema_says() -> None:
    document = run_of()

    assert problems(Printed.RUN, document) == []
    assert document["ok"] is True
    assert document["calls"] == {"total": 2, "mutating": 1}
    assert document["accounts"]["dev"] == {"id": "222222222222", "profile": "dev", "arn": None}


def test_a_run_with_a_failed_step_prints_what_its_schema_says() -> None:
    document = run_of("tools/stack/pre-reqs")

    assert problems(Printed.RUN, document) == []
    assert document["ok"] is False
    assert document["error"] == {
        "code": "StackFailed",
        "message": "stack pre-reqs is ROLLBACK_COMPLETE",
        "account": "tools",
        "next": "correct it",
    }
    assert "pending" in {step["outcome"] for step in document["steps"]}


@pytest.mark.parametrize("member", SCHEMAS[Printed.RUN]["required"])
def test_a_run_without_a_member_is_refused_by_the_schema(member: str) -> None:
    document = run_of()
    del document[member]

    assert problems(Printed.RUN, document)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("steps", 0, "outcome"), "done"),
        (("steps", 0, "guide"), "S7"),
        (("steps", 0, "guide"), "G17"),
        (("accounts", "dev", "id"), "222"),
        (("calls", "mutating"), -1),
        (("error",), {"code": "X", "message": "ok and an error cannot both be", "account": None, "next": None}),
        (("pipeline", "arn"), "sample"),
    ],
)
def test_a_wrong_value_is_refused_by_the_schema(where: tuple[str | int, ...], value: object) -> None:
    document: Any = copy.deepcopy(run_of())
    inner = document
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value

    assert problems(Printed.RUN, document)


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--config", "absent.toml", "--json"],
        ["up", "--json", "--no-such-option"],
        ["upp", "--json"],
        ["verify", "--json", "--config", "."],
    ],
)
def test_a_command_that_fails_early_prints_an_error_document_and_nothing_else(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    code = run(arguments)

    out, err = capsys.readouterr()
    document = json.loads(out)
    assert code == 2
    assert problems(Printed.ERROR, document) == []
    assert document["error"]["message"] in err
