"""Not ours stays untouched: what carries no tags needs --adopt, what carries another pipeline's is never touched."""

from __future__ import annotations

import pytest

from crosslane.desired.model import PIPELINE_TAG, TOOLS_TAG, Tags
from crosslane.plan.model import CHANGING, Op
from tests.fakes.remote import KEY_ID
from tests.fakes.situation import Situation, everything_exists

ANOTHER: Tags = ((PIPELINE_TAG, "other"), (TOOLS_TAG, "999999999999"))
SAME_NAME_ELSEWHERE: Tags = ((PIPELINE_TAG, "sample-lambda"), (TOOLS_TAG, "999999999999"))
HALF_TAGGED: Tags = ((PIPELINE_TAG, "sample-lambda"),)
KINDS = ["policy", "user", "role", "stack"]


def with_one_that_is_not_ours(kind: str, tags: Tags) -> Situation:
    """Everything is there and right, but one thing carries other tags."""
    situation = everything_exists()
    match kind:
        case "policy":
            situation.remote.declare_policy_exists(situation.tools.policies[0], tags=tags)
        case "user":
            situation.remote.declare_user_exists(situation.user, tags=tags, access_keys=(KEY_ID,))
        case "role":
            situation.remote.declare_role_exists(situation.tools.role, tags=tags)
        case _:
            situation.remote.declare_stack_exists(situation.stack("S1"), tags=tags)
    return situation


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_tags_of_ours_is_a_conflict(kind: str) -> None:
    plan = with_one_that_is_not_ours(kind, (("team", "blue"),)).plan()

    (conflict,) = plan.conflicts
    assert (conflict.kind, conflict.adoptable) == (kind, True)
    assert not [step for step in plan.steps if step.kind == kind and step.name == conflict.name]


@pytest.mark.parametrize("kind", KINDS)
def test_with_adopt_it_becomes_ours_and_keeps_what_is_right(kind: str) -> None:
    plan = with_one_that_is_not_ours(kind, (("team", "blue"),)).plan(adopt=True)

    assert plan.conflicts == ()
    (step,) = plan.changing
    assert (step.op, step.kind) == (Op.ADOPT, kind)
    assert {change.path for change in step.changes} == {f"Tags.{PIPELINE_TAG}", f"Tags.{TOOLS_TAG}"}


@pytest.mark.parametrize("adopt", [False, True])
@pytest.mark.parametrize("tags", [ANOTHER, SAME_NAME_ELSEWHERE, HALF_TAGGED])
@pytest.mark.parametrize("kind", KINDS)
def test_what_another_pipeline_holds_is_never_touched(kind: str, tags: Tags, adopt: bool) -> None:
    plan = with_one_that_is_not_ours(kind, tags).plan(adopt=adopt)

    (conflict,) = plan.conflicts
    assert not conflict.adoptable
    assert "[names]" in conflict.reason or "[bootstrap]" in conflict.reason
    assert not [step for step in plan.steps if step.op in CHANGING and step.name == conflict.name]


@pytest.mark.parametrize("profile", ["tools_admin", "tools_admin_deployer"])
def test_a_profile_that_somebody_made_is_a_conflict_until_adopted(profile: str) -> None:
    situation = everything_exists()
    situation.remote.declare_key_works(situation.key_profile, situation.user)
    held = situation.remote.profiles[profile]
    situation.remote.profiles[profile] = type(held)(profile, None, held.access_key_id, held.expires)

    (conflict,) = situation.plan().conflicts
    assert (conflict.kind, conflict.name, conflict.adoptable) == ("profile", profile, True)
    adopted = situation.plan(adopt=True)
    assert adopted.conflicts == ()
    assert [step.name for step in adopted.changing] == [profile], "no second key where the first one works"


@pytest.mark.parametrize("adopt", [False, True])
def test_a_profile_of_another_pipeline_is_never_taken(adopt: bool) -> None:
    situation = everything_exists()
    situation.remote.declare_key_works(situation.key_profile, situation.user, owner="other@999999999999")

    (conflict,) = situation.plan(adopt=adopt).conflicts
    assert (conflict.name, conflict.adoptable) == ("tools_admin", False)


@pytest.mark.parametrize("kind", ["policies", "users", "roles", "stacks", "repository"])
def test_what_cannot_be_read_blocks_and_is_never_taken_for_absent(kind: str) -> None:
    situation = Situation()
    names = {
        "policies": ("tools", situation.tools.policies[0].name),
        "users": ("tools", situation.user.name),
        "roles": ("tools", situation.tools.role.name),
        "stacks": ("dev", situation.stack("S3").name),
        "repository": ("dev", "sample-lambda"),
    }
    situation.remote.declare_unreadable(kind, names[kind] if kind != "repository" else None)

    plan = situation.plan()

    (block,) = plan.blocked
    assert (block.account, block.name, block.code) == (*names[kind], "AccessDenied")
    made = [step for step in plan.steps if step.kind == block.kind and step.op is Op.CREATE]
    assert names[kind] not in {(step.account, step.name) for step in made}


def test_what_is_in_the_way_is_told_all_at_once() -> None:
    situation = everything_exists()
    for policy in situation.tools.policies:
        situation.remote.declare_policy_exists(policy, tags=ANOTHER)
    situation.remote.declare_unreadable("stacks", ("test", situation.stack("S4").name))
    situation.remote.declare_unreadable("stacks", ("prod", situation.stack("S5").name))

    plan = situation.plan()

    assert len(plan.conflicts) == len(situation.tools.policies)
    assert {block.account for block in plan.blocked} == {"test", "prod"}


def test_the_original_pipelines_stack_has_to_go_before_the_others_are_adopted() -> None:
    situation = everything_exists()
    stack = situation.stack("S6")
    situation.remote.declare_stack_exists(stack, template="Type: AWS::S3::BucketPolicy", tags=())

    assert [one.adoptable for one in situation.plan().conflicts] == [True]
    (conflict,) = situation.plan(adopt=True).conflicts

    assert (conflict.name, conflict.adoptable) == (stack.name, False)
    assert f"aws cloudformation delete-stack --stack-name {stack.name}" in str(conflict.next)
