"""What ``destroy`` takes, in which order, and what it leaves alone."""

from __future__ import annotations

import pytest

from crosslane.config.model import Mode
from crosslane.desired.model import PIPELINE_TAG, TOOLS_TAG
from crosslane.live.model import Absent, LiveData, Reading, Unreadable
from crosslane.plan.destroy import Removal, plan_destroy
from crosslane.plan.model import Op, Plan
from tests.fakes.four_accounts import MARK, four_accounts
from tests.fakes.situation import Situation, everything_exists

STORED = LiveData(("pre-reqs-artifactbucket-1",), ("arn:aws:kms:eu-west-1:111111111111:key/1",))


def destroy(situation: Situation, *, data: bool = False, stored: Reading[LiveData] = STORED) -> Plan:
    live = situation.remote.live()
    return plan_destroy(situation.desired, live, stored, mark=MARK, removal=Removal(data))


def kinds(plan: Plan) -> list[str]:
    return [step.kind for step in plan.steps]


def test_where_nothing_is_there_is_nothing_to_do() -> None:
    plan = destroy(Situation(), stored=LiveData((), ()))

    assert plan.steps == ()
    assert plan.cautions == ()


def test_it_goes_backwards_from_the_pipeline_to_the_profiles() -> None:
    plan = destroy(everything_exists(), data=True)

    assert [(step.account, step.name) for step in plan.steps if step.kind == "stack"] == [
        ("tools", "sample-lambda-pipeline"),
        ("dev", "toolsacct-codepipeline-role"),
        ("test", "toolsacct-codepipeline-cloudformation-role"),
        ("prod", "toolsacct-codepipeline-cloudformation-role"),
        ("tools", "pre-reqs"),
    ]
    assert list(dict.fromkeys(kinds(plan))) == [
        "stack", "bucket", "key", "repository", "user", "role", "policy", "profiles",
    ]  # fmt: skip


def test_steps_wait_for_what_uses_them() -> None:
    plan = destroy(everything_exists(), data=True)

    after = {step.id: set(step.after) for step in plan.steps}
    users = {"tools/user/admin", "tools/role/aws-refarch-cross-account-pipeline-service-role"}
    for step in plan.steps:
        assert step.op is Op.DELETE
        if step.kind == "policy":
            assert users <= after[step.id]
        if step.kind in ("user", "role"):
            assert {one.id for one in plan.steps if one.kind in ("stack", "bucket", "key")} <= after[step.id]
    assert len(after[plan.steps[-1].id]) == len(plan.steps) - 1


def test_bucket_key_and_repository_stay_and_are_named() -> None:
    plan = destroy(everything_exists())

    assert not {"bucket", "key", "repository"} & set(kinds(plan))
    (caution,) = plan.cautions
    for name in (*STORED.buckets, *STORED.keys, "sample-lambda"):
        assert name in caution.message


def test_a_repository_of_somebody_else_stays_even_with_data() -> None:
    situation = everything_exists()
    situation.remote.declare_repository_exists(tags=())

    assert "repository" not in kinds(destroy(situation, data=True))


@pytest.mark.parametrize("tags", [(), ((PIPELINE_TAG, "other"), (TOOLS_TAG, "111111111111"))])
def test_what_is_not_ours_stays_and_is_named(tags: tuple[tuple[str, str], ...]) -> None:
    situation = everything_exists()
    situation.remote.declare_role_exists(situation.tools.role, tags=tags)
    situation.remote.declare_stack_exists(situation.stack("S4"), tags=tags)

    plan = destroy(situation)

    assert "role" not in kinds(plan)
    assert ("test", "stack") not in {(step.account, step.kind) for step in plan.steps}
    named = " ".join(caution.message for caution in plan.cautions if caution.id == "not-ours")
    assert situation.tools.role.name in named
    assert situation.stack("S4").name in named


def test_a_profile_without_our_mark_stays() -> None:
    situation = everything_exists()
    situation.remote.declare_key_works(situation.key_profile, situation.user, owner=None)

    assert [step.name for step in destroy(situation).steps if step.kind == "profiles"] == ["tools_admin_deployer"]


def test_what_cannot_be_read_blocks_because_it_may_be_ours() -> None:
    situation = everything_exists()
    situation.remote.declare_unreadable("roles", ("tools", situation.tools.role.name))

    assert [block.name for block in destroy(situation).blocked] == [situation.tools.role.name]


def test_data_that_cannot_be_found_blocks_only_where_it_was_to_go() -> None:
    refused = Unreadable("no", "AccessDenied")

    assert [block.kind for block in destroy(everything_exists(), data=True, stored=refused).blocked] == ["data"]
    assert destroy(everything_exists(), data=False, stored=refused).blocked == ()


def test_a_removal_that_was_cut_off_goes_on_with_what_is_left() -> None:
    situation = everything_exists()
    for stack in situation.desired.stacks:
        situation.remote.stacks[stack.account, stack.name] = Absent()
    situation.remote.users["tools", "admin"] = Absent()

    plan = destroy(situation)

    assert list(dict.fromkeys(kinds(plan))) == ["role", "policy", "profiles"]


def test_without_a_user_there_is_none_to_delete() -> None:
    plan = destroy(everything_exists(four_accounts(Mode.KEYLESS)))

    assert "user" not in kinds(plan)
    assert [step.name for step in plan.steps if step.kind == "profiles"] == ["tools_admin_deployer"]


def test_a_stack_in_any_status_is_removed() -> None:
    situation = everything_exists()
    for stack, status in zip(
        situation.desired.stacks,
        ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS", "CREATE_FAILED"),
        strict=True,
    ):
        situation.remote.declare_stack_exists(stack, status=status)

    assert kinds(destroy(situation)).count("stack") == 5
