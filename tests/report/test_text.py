"""What people read: by account, with reasons, and nothing that an eye cannot take in."""

from __future__ import annotations

import json

from crosslane.apply.outcome import Outcome, StepResult
from crosslane.desired.model import Caution
from crosslane.errors import OutcomeError
from crosslane.report.text import WIDTH, caution_lines, plan_text, run_text, summary
from tests.fakes.situation import Situation, everything_exists

ACCOUNTS = [("tools", "111111111111"), ("dev", "222222222222"), ("test", "333333333333"), ("prod", "444444444444")]


def test_a_plan_is_told_by_account_in_the_configs_order() -> None:
    text = plan_text(Situation().plan(), ACCOUNTS)

    heads = [line for line in text.splitlines() if line and not line.startswith((" ", "!", "Plan"))]
    assert heads == [f"{name} ({digits})" for name, digits in ACCOUNTS]
    assert "  + user admin [G4]" in text
    assert "  + stack sample-lambda-pipeline [S6]" in text
    assert text.splitlines()[-1].startswith("Plan: ")


def test_a_new_stack_is_told_with_the_resources_that_it_makes() -> None:
    lines = plan_text(Situation().plan(), ACCOUNTS).splitlines()

    at = lines.index("  + stack pre-reqs [S1]")
    assert "      + ArtifactBucket (AWS::S3::Bucket)" in lines[at : at + 8]


def test_where_all_is_well_there_is_nothing_to_do() -> None:
    assert plan_text(everything_exists().plan(), ACCOUNTS).splitlines()[-1] == "Nothing to do."


def test_busy_stacks_are_no_reason_to_say_that_all_is_well() -> None:
    situation = everything_exists()
    situation.remote.declare_stack_exists(situation.stack("S4"), status="UPDATE_IN_PROGRESS")

    assert "1 stacks are busy" in summary(situation.plan())


def test_a_change_shows_old_and_new_value() -> None:
    situation = everything_exists()
    situation.remote.declare_role_exists(situation.tools.role, description="mine")

    assert "Description: mine → Deploys the pipeline" in plan_text(situation.plan(), ACCOUNTS)


def test_many_changes_are_cut_unless_all_are_asked_for() -> None:
    situation = everything_exists()
    stack = situation.stack("S1")
    resources = json.loads(stack.template)
    extra = {f"Extra{number}": {"Type": "AWS::SNS::Topic"} for number in range(30)}
    resources["Resources"] |= extra
    situation.remote.declare_stack_exists(stack, template=json.dumps(resources))

    short, long = (plan_text(situation.plan(), ACCOUNTS, verbose=verbose) for verbose in (False, True))

    assert "-v shows them" in short
    assert all(name in long for name in extra)
    assert not all(name in short for name in extra)


def test_what_is_in_the_way_is_told_with_what_helps() -> None:
    situation = everything_exists()
    situation.remote.declare_user_exists(situation.user, tags=())
    situation.remote.declare_unreadable("stacks", ("dev", situation.stack("S3").name))

    text = plan_text(situation.plan(), ACCOUNTS)

    assert "x tools: user admin: it exists and crosslane did not make it; --adopt takes it over" in text
    assert "? dev: stack toolsacct-codepipeline-role could not be read: AccessDenied" in text


def test_a_warning_is_wrapped_and_its_arns_stay_whole() -> None:
    arn = "arn:aws:kms:eu-west-1:111111111111:key/61c68666-a560-4ae0-a869-b7dcb75b5c9b"
    lines = caution_lines([Caution("data-kept", None, f"kept: bucket one-two-three-four-five, key {arn}; more of it")])

    assert any(arn in line for line in lines)
    assert max(map(len, lines)) <= max(WIDTH, len(arn) + 2)


def test_a_failed_run_says_what_failed_what_waits_and_no_next_steps() -> None:
    steps = Situation().plan().steps
    error = OutcomeError("stack pre-reqs is ROLLBACK_COMPLETE: Key: because", "StackFailed")
    results = [
        StepResult(steps[0], Outcome.VERIFIED, "ok"),
        StepResult(steps[1], Outcome.FAILED, str(error), 1.0, error),
        StepResult(steps[2], Outcome.PENDING, "a step before it did not succeed"),
    ]

    text = run_text(
        results,
        seconds=3.14159,
        total_calls=7,
        mutating_calls=1,
        profiles=["tools_admin"],
        pipeline=None,
        console=None,
        following=["never shown"],
    )

    assert "1 verified, 1 pending, 1 failed in 3.1 s; 7 API calls, 1 of them changed something." in text
    assert f"failed    {steps[1].account}: {steps[1].title}: stack pre-reqs is ROLLBACK_COMPLETE" in text
    assert "pending   " in text
    assert "never shown" not in text
