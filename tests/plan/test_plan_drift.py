"""One thing differs: exactly that change is planned, under the path that a person would look at."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from crosslane.config.model import Mode
from crosslane.desired.model import TOOLS_TAG
from crosslane.live.model import Absent, LiveIdentity, Unreadable, Who
from crosslane.plan.model import AttachToRole, AttachToUser, Op, PutAccessKey, PutPolicy, PutStack
from tests.fakes.four_accounts import four_accounts
from tests.fakes.remote import KEY_ID, NOW
from tests.fakes.situation import Situation, changes_of, everything_exists, step_of


def test_an_edited_policy_document_is_put_back() -> None:
    situation = everything_exists()
    policy = situation.tools.policies[-1]
    document = policy.document.to_json()
    sid = document["Statement"][0]["Sid"]
    document["Statement"][0]["Effect"] = "Deny"
    situation.remote.declare_policy_exists(policy, document=json.dumps(document))

    plan = situation.plan()

    assert changes_of(plan) == {f"tools/policy/{policy.name}": (f"Document.Statement[{sid}].Effect",)}
    (step,) = plan.changing
    assert step.op is Op.UPDATE
    assert (step.changes[0].before, step.changes[0].after) == ("Deny", "Allow")
    assert isinstance(step.task, PutPolicy)
    assert step.task.live is not None


def test_a_statement_too_many_shows_as_one_change() -> None:
    situation = everything_exists()
    policy = situation.tools.policies[-1]
    document = policy.document.to_json()
    document["Statement"].insert(0, {"Sid": "Extra", "Effect": "Allow", "Action": "*", "Resource": "*"})
    situation.remote.declare_policy_exists(policy, document=json.dumps(document))

    assert changes_of(situation.plan()) == {f"tools/policy/{policy.name}": ("Document.Statement[Extra]",)}


def test_the_order_and_spacing_of_json_are_no_difference() -> None:
    situation = everything_exists()
    policy = situation.tools.policies[-1]
    document = policy.document.to_json()
    situation.remote.declare_policy_exists(policy, document=json.dumps(dict(reversed(document.items())), indent=4))

    assert situation.plan().changing == ()


def test_a_policy_that_is_gone_is_created_again() -> None:
    situation = everything_exists()
    policy = situation.tools.policies[0]
    situation.remote.policies["tools", policy.name] = Absent()

    plan = situation.plan()

    assert [(step.op, step.name) for step in plan.changing] == [(Op.CREATE, policy.name)]


def test_a_policy_detached_from_the_role_is_attached_again() -> None:
    situation = everything_exists()
    role = situation.tools.role
    situation.remote.declare_role_exists(role, attached=role.attached[1:])

    plan = situation.plan()

    assert changes_of(plan) == {f"tools/attach-role/{role.name}": ("AttachedPolicies",)}
    (step,) = plan.changing
    assert isinstance(step.task, AttachToRole)
    assert (step.task.missing, step.task.surplus) == ((role.attached[0],), ())


def test_a_policy_attached_to_the_user_by_somebody_is_detached() -> None:
    situation = everything_exists()
    user = situation.user
    extra = "arn:aws:iam::aws:policy/AdministratorAccess"
    situation.remote.declare_user_exists(user, attached=(*user.attached, extra))

    (step,) = situation.plan().changing

    assert step.op is Op.UPDATE
    assert isinstance(step.task, AttachToUser)
    assert (step.task.missing, step.task.surplus) == ((), (extra,))
    assert [(change.before, change.after) for change in step.changes] == [(extra, None)]


def test_a_boundary_that_was_taken_off_is_put_on_again() -> None:
    situation = everything_exists()
    situation.remote.declare_user_exists(situation.user, boundary=None)
    situation.remote.declare_role_exists(situation.tools.role, boundary="arn:aws:iam::aws:policy/PowerUserAccess")

    assert changes_of(situation.plan()) == {
        f"tools/user/{situation.user.name}": ("PermissionsBoundary",),
        f"tools/role/{situation.tools.role.name}": ("PermissionsBoundary",),
    }


def test_a_widened_trust_policy_is_narrowed_again() -> None:
    situation = everything_exists()
    role = situation.tools.role
    trust = role.trust.to_json()
    del trust["Statement"][0]["Condition"]
    situation.remote.declare_role_exists(role, trust=json.dumps(trust))

    (paths,) = changes_of(situation.plan()).values()
    assert paths == ("AssumeRolePolicyDocument.Statement[TrustAccount].Condition",)


@pytest.mark.parametrize(
    ("changed", "path"),
    [({"max_session_seconds": 43200}, "MaxSessionDuration"), ({"description": "mine"}, "Description")],
)
def test_other_properties_of_the_role_are_put_back(changed: dict[str, int | str], path: str) -> None:
    situation = everything_exists()
    situation.remote.declare_role_exists(situation.tools.role, **changed)  # type: ignore[arg-type]

    assert list(changes_of(situation.plan()).values()) == [(path,)]


def test_tags_of_others_on_our_things_are_no_difference() -> None:
    situation = everything_exists()
    for policy in situation.tools.policies:
        situation.remote.declare_policy_exists(policy, tags=(*policy.tags, ("cost-centre", "7")))
    for stack in situation.desired.stacks:
        situation.remote.declare_stack_exists(stack, tags=(*stack.tags, ("cost-centre", "7")))

    assert situation.plan().changing == ()


def test_a_key_that_aws_no_longer_knows_is_replaced() -> None:
    situation = everything_exists()
    situation.remote.identities["tools", Who.KEY] = Unreadable("no such key", "InvalidClientTokenId")

    plan = situation.plan()

    key = step_of(plan, "access key", situation.user.name)
    assert key.op is Op.CREATE
    assert isinstance(key.task, PutAccessKey)
    assert key.task.stale == KEY_ID
    assert step_of(plan, "profile", situation.key_profile.name).op is Op.UPDATE


def test_a_key_of_another_user_in_our_profile_is_replaced() -> None:
    situation = everything_exists()
    situation.remote.identities["tools", Who.KEY] = LiveIdentity("111111111111", "arn:aws:iam::111111111111:user/eve")

    assert step_of(situation.plan(), "access key", situation.user.name).op is Op.CREATE


def test_a_key_that_could_not_be_asked_about_is_not_thrown_away() -> None:
    situation = everything_exists()
    situation.remote.identities["tools", Who.KEY] = Unreadable("no answer", "Unreachable")

    plan = situation.plan()

    assert [(block.kind, block.code) for block in plan.blocked] == [("identity", "Unreachable")]
    assert not [step for step in plan.steps if step.kind == "access key"]


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (timedelta(minutes=59), True),
        (timedelta(minutes=16), True),
        (timedelta(minutes=14), False),
        (timedelta(minutes=-5), False),
    ],
)
def test_a_session_is_kept_only_if_it_lasts_for_the_work_ahead(left: timedelta, kept: bool) -> None:
    situation = everything_exists()
    profile = situation.tools.session_profile
    situation.remote.declare_session_works(profile, left=left)

    plan = situation.plan()

    assert step_of(plan, "session", profile.name).op is (Op.KEEP if kept else Op.OPEN)
    assert step_of(plan, "profile", profile.name).op is (Op.KEEP if kept else Op.OPEN)
    assert plan.changing == (), "a new session changes nothing in the account"


def test_a_session_of_unknown_end_is_renewed() -> None:
    situation = everything_exists()
    name = situation.tools.session_profile.name
    situation.remote.profiles[name] = replace(situation.remote.profiles[name], expires=None)

    assert step_of(situation.plan(), "session", name).op is Op.OPEN


@pytest.mark.parametrize(
    "identity",
    [
        Unreadable("expired", "ExpiredToken"),
        LiveIdentity("111111111111", "arn:aws:sts::111111111111:assumed-role/another/AWSCLI-Session"),
    ],
)
def test_a_session_that_does_not_work_or_is_another_roles_is_renewed(identity: LiveIdentity | Unreadable) -> None:
    situation = everything_exists()
    situation.remote.identities["tools", Who.DEPLOYER] = identity

    assert step_of(situation.plan(), "session", situation.tools.session_profile.name).op is Op.OPEN


def test_an_edited_template_is_told_property_by_property() -> None:
    situation = everything_exists()
    stack = situation.stack("S1")
    template = json.loads(stack.template)
    (bucket,) = [name for name, one in template["Resources"].items() if one["Type"] == "AWS::S3::Bucket"]
    del template["Resources"][bucket]["Properties"]["VersioningConfiguration"]
    situation.remote.declare_stack_exists(stack, template=json.dumps(template))

    assert changes_of(situation.plan()) == {
        "tools/stack/pre-reqs": (f"Resources.{bucket}.Properties.VersioningConfiguration",)
    }


def test_a_changed_parameter_is_one_change() -> None:
    situation = everything_exists()
    stack = situation.stack("S3")
    name = stack.parameters[0].name
    situation.remote.declare_stack_exists(stack, parameters={name: "something else"})

    assert changes_of(situation.plan()) == {f"dev/stack/{stack.name}": (f"Parameters.{name}",)}


def test_a_key_made_anew_reaches_every_stack_that_uses_it() -> None:
    situation = everything_exists()
    situation.remote.stacks["tools", "pre-reqs"] = Absent()

    plan = situation.plan()

    assert step_of(plan, "stack", "pre-reqs").op is Op.CREATE
    for guide, account in (("S3", "dev"), ("S4", "test"), ("S5", "prod"), ("S6", "tools")):
        step = step_of(plan, "stack", situation.stack(guide).name, account)
        assert step.op is Op.UPDATE
        assert {"Parameters.CMKARN"} <= {change.path for change in step.changes}


def test_a_repository_of_somebody_else_is_used_as_it_is() -> None:
    situation = everything_exists()
    situation.remote.declare_repository_exists(tags=())

    plan = situation.plan()

    assert plan.changing == ()
    assert step_of(plan, "repository", "sample-lambda", "dev").op is Op.KEEP


def test_another_modes_user_and_key_go_when_the_mode_becomes_keyless() -> None:
    least = everything_exists()
    keyless = Situation(four_accounts(Mode.KEYLESS))
    keyless.remote.declare_everything_exists()
    keyless.remote.users |= least.remote.users
    keyless.remote.policies |= {
        key: keyless.remote.policies.get(key, value) for key, value in (least.remote.policies.items())
    }
    keyless.remote.profiles |= least.remote.profiles

    plan = keyless.plan()

    assert {(step.kind, step.name) for step in plan.changing if step.op is Op.DELETE} == {
        ("user", "admin"),
        ("policy", "aws-refarch-cross-account-pipeline-sts-and-cloudformation-policy-user"),
        ("profiles", "tools_admin"),
    }
    ids = [step.id for step in plan.steps]
    assert ids.index("tools/retire-user/admin") > ids.index("tools/stack/sample-lambda-pipeline")


def test_a_foreign_user_is_not_taken_away_by_a_change_of_mode() -> None:
    least = everything_exists()
    keyless = Situation(four_accounts(Mode.KEYLESS))
    keyless.remote.declare_everything_exists()
    least.remote.declare_user_exists(least.user, tags=((TOOLS_TAG, "999999999999"),))
    keyless.remote.users |= least.remote.users

    assert not [step for step in keyless.plan().steps if step.op is Op.DELETE]


def test_now_is_what_the_caller_says() -> None:
    """The session's end is compared with the time that was passed in, not with the machine's clock."""
    situation = everything_exists()
    name = situation.tools.session_profile.name
    assert situation.remote.profiles[name].expires == NOW + timedelta(minutes=59)
    assert step_of(situation.plan(), "session", name).op is Op.KEEP


def test_a_stack_in_progress_is_waited_for_and_not_judged() -> None:
    situation = everything_exists()
    stack = situation.stack("S4")
    situation.remote.declare_stack_exists(stack, status="UPDATE_IN_PROGRESS", template="{}")

    plan = situation.plan()

    step = step_of(plan, "stack", stack.name, "test")
    assert step.op is Op.WAIT
    assert isinstance(step.task, PutStack)
    assert plan.changing == ()
