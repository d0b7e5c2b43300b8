"""What a plan does first: order is what keeps a run safe, and what makes it possible at all."""

from __future__ import annotations

import pytest

from crosslane.config.model import Mode, Stage
from crosslane.plan.model import CHANGING, Op, Plan, PutStack, ReadOutputs, Step, VerifyIdentity, VerifyPipeline
from tests.fakes.four_accounts import ACCOUNTS, four_accounts
from tests.fakes.situation import Situation, everything_exists, step_of

EVERYWHERE = ("tools", "dev", "test", "prod")


def before(plan: Plan, step: Step) -> set[str]:
    """Ids of all steps that must have succeeded before this one."""
    by_id = {one.id: one for one in plan.steps}
    found: set[str] = set()
    waiting = list(step.after)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += by_id[name].after
    return found


def stack_steps(plan: Plan) -> dict[tuple[str, str], Step]:
    return {(step.account, step.name): step for step in plan.steps if isinstance(step.task, PutStack)}


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("bootstrapped", [("tools",), EVERYWHERE])
def test_steps_are_listed_after_the_steps_that_they_wait_for(mode: Mode, bootstrapped: tuple[str, ...]) -> None:
    plan = Situation(four_accounts(mode, bootstrapped=bootstrapped)).plan()

    seen: set[str] = set()
    for step in plan.steps:
        assert set(step.after) <= seen, f"{step.id} is listed before a step that it waits for"
        assert step.id not in seen
        seen.add(step.id)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("bootstrapped", [("tools",), EVERYWHERE])
def test_no_change_comes_before_every_sign_in_was_found_to_be_the_right_account(
    mode: Mode, bootstrapped: tuple[str, ...]
) -> None:
    plan = Situation(four_accounts(mode, bootstrapped=bootstrapped)).plan()

    identities = {f"{account}/identity/{account}" for account in EVERYWHERE}
    for step in plan.steps:
        if step.op in CHANGING or step.op is Op.OPEN:
            assert identities <= before(plan, step), f"{step.id} does not wait for every identity"


@pytest.mark.parametrize("mode", [Mode.LEAST, Mode.KEYLESS])
def test_the_boundary_is_there_before_whoever_it_binds(mode: Mode) -> None:
    situation = Situation(four_accounts(mode))
    plan = situation.plan()

    boundary = step_of(plan, "policy", situation.config.bootstrap.boundary).id
    bound = [step for step in plan.steps if step.kind in ("user", "role") and step.op is Op.CREATE]
    assert len(bound) == (2 if mode is Mode.LEAST else 1)
    for step in bound:
        assert boundary in before(plan, step)


def test_policies_are_attached_only_after_all_of_them_and_their_principal_exist() -> None:
    plan = Situation().plan()

    policies = {step.id for step in plan.steps if step.kind == "policy"}
    attachments = [step for step in plan.steps if step.kind == "attachment"]
    assert len(attachments) == 2
    for step in attachments:
        assert policies <= before(plan, step)
        assert {one.id for one in plan.steps if one.task.__class__.__name__ in ("PutUser", "PutRole")} & before(
            plan, step
        )


def test_the_key_is_made_for_a_user_that_already_has_its_final_policies() -> None:
    situation = Situation()
    plan = situation.plan()

    key = step_of(plan, "access key", situation.user.name)
    assert f"tools/attach-user/{situation.user.name}" in before(plan, key)


def test_the_session_is_opened_with_a_verified_key_of_a_verified_role() -> None:
    situation = Situation()
    plan = situation.plan()

    session = step_of(plan, "session", situation.tools.session_profile.name)
    assert {f"tools/verify-key/{situation.key_profile.name}", f"tools/verify-attached/{situation.tools.role.name}"} <= (
        before(plan, session)
    )


def test_stacks_come_in_three_levels() -> None:
    plan = Situation().plan()
    stacks = stack_steps(plan)

    first = stacks["tools", "pre-reqs"]
    middle = [step for (account, _), step in stacks.items() if account != "tools"]
    last = stacks["tools", "sample-lambda-pipeline"]
    assert len(stacks) == 5
    assert not {step.id for step in stacks.values()} & before(plan, first)
    outputs = next(step for step in plan.steps if isinstance(step.task, ReadOutputs))
    for step in middle:
        assert {first.id, outputs.id} <= before(plan, step)
        assert not {one.id for one in (*middle, last)} & before(plan, step), "the accounts go side by side"
    assert {step.id for step in (first, *middle)} <= before(plan, last)


def test_the_pipeline_comes_after_the_repository_that_it_reads() -> None:
    plan = Situation().plan()

    last = stack_steps(plan)["tools", "sample-lambda-pipeline"]
    assert "dev/repository/sample-lambda" in before(plan, last)


def test_the_pipeline_is_looked_at_when_its_stack_is_done() -> None:
    plan = Situation().plan()

    (look,) = [step for step in plan.steps if isinstance(step.task, VerifyPipeline)]
    assert "tools/stack/sample-lambda-pipeline" in before(plan, look)


def test_stacks_wait_for_the_deployer_of_their_own_account() -> None:
    plan = Situation(four_accounts(bootstrapped=("tools", "test"))).plan()

    stacks = stack_steps(plan)
    assert "test/stack-access/test_admin_deployer" in before(
        plan, stacks["test", "toolsacct-codepipeline-cloudformation-role"]
    )
    assert "tools/stack-access/tools_admin_deployer" in before(plan, stacks["tools", "pre-reqs"])


def test_no_stack_is_deployed_twice() -> None:
    plan = Situation().plan()

    puts = [(step.account, step.name) for step in plan.steps if isinstance(step.task, PutStack)]
    assert len(puts) == len(set(puts)) == 5


def rows(plan: Plan) -> dict[str, list[str]]:
    """For each row of the guide and the script, the accounts of the steps that stand for it."""
    found: dict[str, list[str]] = {}
    for step in plan.steps:
        if step.guide is not None:
            found.setdefault(step.guide, []).append(step.account)
    return found


def test_every_row_of_the_guide_and_the_script_has_its_step() -> None:
    found = rows(Situation().plan())

    assert set(found) == {f"G{row}" for row in range(2, 17)} | {f"S{row}" for row in range(1, 7)}
    assert sorted(found["G2"]) == sorted(found["G3"]) == sorted(EVERYWHERE)
    for row in (*range(4, 17),):
        assert found[f"G{row}"] == ["tools"], f"G{row}"
    assert {row: found[row] for row in found if row.startswith("S")} == {
        "S1": ["tools"], "S2": ["tools"], "S3": ["dev"], "S4": ["test"], "S5": ["prod"], "S6": ["tools"],
    }  # fmt: skip


def test_without_a_key_the_rows_about_user_and_key_have_no_step() -> None:
    found = rows(Situation(four_accounts(Mode.KEYLESS)).plan())

    assert set(found) == {"G2", "G3", "G5", "G7", "G8", "G9", "G13", "G14", "G15", "G16"} | {
        f"S{row}" for row in range(1, 7)
    }


def test_target_accounts_are_s4_and_s5_by_position_and_nothing_beyond() -> None:
    stages = (Stage("a", "prod"), Stage("b", "test"), Stage("c", "dev"))
    plan = Situation(four_accounts(stages=stages)).plan()

    targets = {
        step.account: step.guide
        for step in plan.steps
        if isinstance(step.task, PutStack) and step.name == "toolsacct-codepipeline-cloudformation-role"
    }
    assert targets == {"prod": "S4", "test": "S5", "dev": None}


def test_one_target_account_alone_is_s4() -> None:
    plan = Situation(four_accounts(stages=(Stage("only", "prod"),), accounts=(*ACCOUNTS[:2], ACCOUNTS[3]))).plan()

    assert "S5" not in rows(plan)
    assert rows(plan)["S4"] == ["prod"]


def test_deploy_alone_opens_the_session_and_makes_no_principal() -> None:
    situation = Situation()
    plan = situation.plan(bootstrap=False)

    assert not {step.kind for step in plan.steps} & {"user", "role", "policy", "access key", "attachment"}
    session = step_of(plan, "session", situation.tools.session_profile.name)
    assert session.id in before(plan, stack_steps(plan)["tools", "pre-reqs"])


def test_deploy_alone_still_asks_who_it_is_in_the_accounts_without_a_deployer() -> None:
    plan = Situation().plan(bootstrap=False)

    asked = {step.account for step in plan.steps if isinstance(step.task, VerifyIdentity) and step.guide == "G3"}
    assert asked == {"dev", "test", "prod"}


def test_bootstrap_alone_touches_no_stack() -> None:
    plan = Situation().plan(deploy=False)

    assert not {step.kind for step in plan.steps} & {"stack", "repository", "outputs", "pipeline"}


@pytest.mark.parametrize("mode", list(Mode))
def test_when_all_is_as_wanted_nothing_changes_and_everything_is_still_asked_for(mode: Mode) -> None:
    situation = everything_exists(four_accounts(mode, bootstrapped=EVERYWHERE))
    plan = situation.plan()

    assert plan.changing == ()
    assert not plan.conflicts
    assert not plan.blocked
    assert {step.op for step in plan.steps} == {Op.KEEP, Op.VERIFY}
