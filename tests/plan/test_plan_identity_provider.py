"""The identity provider in a plan: made, kept, put right, used as it is, or in the way; and who needs no session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosslane.config.model import Config, Mode
from crosslane.config.oidc import parse_oidc
from crosslane.live.model import Absent, LiveIdentity, LiveProvider, LiveRole, Reading, Unreadable, Who
from crosslane.plan.model import DeleteProvider, Op, Plan
from crosslane.plan.up import Scope, plan_up
from tests.fakes.four_accounts import MARK, four_accounts
from tests.fakes.remote import NOW
from tests.fakes.situation import Situation

ISSUER = "token.actions.githubusercontent.com"
ARN = f"arn:aws:iam::111111111111:oidc-provider/{ISSUER}"
SSO = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/me"
JOB = "arn:aws:sts::111111111111:assumed-role/aws-refarch-cross-account-pipeline-service-role/GitHubActions"


def with_jobs() -> Config:
    config = four_accounts(Mode.KEYLESS)
    oidc = parse_oidc("github:octo-org/octo-repo@branch:main", branch="main")
    return replace(config, bootstrap=replace(config.bootstrap, oidc=oidc))


def planned(
    found: Reading[LiveProvider], *, caller: str = SSO, scope: Scope | None = None, trust: str | None = None
) -> Plan:
    """With ``trust`` the role exists with it, and no jobs are wanted."""
    situation = Situation(with_jobs() if trust is None else four_accounts())
    situation.remote.identities["tools", Who.BASE] = LiveIdentity("111111111111", caller)
    if trust is not None:
        wanted = situation.tools.role
        there = LiveRole(wanted.arn, trust, wanted.attached, wanted.boundary, 3600, wanted.description, wanted.tags)
        situation.remote.roles["tools", wanted.name] = there
    live = replace(situation.remote.live(), providers={("tools", ISSUER): found})
    return plan_up(
        situation.desired, live, places=situation.places, mark=MARK, scope=scope or Scope(deploy=False), now=NOW
    )


def tags() -> tuple[tuple[str, str], ...]:
    return Situation(with_jobs()).desired.tags


@pytest.mark.parametrize(
    ("found", "op"),
    [
        (Absent(), Op.CREATE),
        (LiveProvider(ARN, ("sts.amazonaws.com",), tags()), Op.KEEP),
        (LiveProvider(ARN, ("other", "sts.amazonaws.com"), tags()), Op.KEEP),
        (LiveProvider(ARN, (), tags()), Op.UPDATE),
        (LiveProvider(ARN, ("sts.amazonaws.com",), ()), Op.KEEP),
    ],
    ids=["absent", "ours", "ours with another audience too", "ours without the audience", "others'"],
)
def test_what_becomes_of_it(found: Reading[LiveProvider], op: Op) -> None:
    plan = planned(found)

    (step,) = [one for one in plan.steps if one.kind == "identity provider"]
    assert step.op is op
    role = next(one for one in plan.steps if one.kind == "role" and one.op is Op.CREATE)
    assert step.id in role.after, "a role must not trust a provider that is not there"
    assert not plan.conflicts


def test_one_of_others_without_our_audience_is_in_the_way_and_cannot_be_adopted() -> None:
    plan = planned(LiveProvider(ARN, ("other",), ()), scope=Scope(deploy=False, adopt=True))

    (conflict,) = plan.conflicts
    assert (conflict.kind, conflict.adoptable) == ("identity provider", False)


def test_one_that_cannot_be_read_blocks_the_plan() -> None:
    plan = planned(Unreadable("denied", "AccessDenied"))

    assert [block.name for block in plan.blocked] == [ISSUER]


def test_one_that_is_trusted_no_longer_goes_before_the_trust_does() -> None:
    trust = f'{{"Statement":[{{"Principal":{{"Federated":"{ARN}"}}}}]}}'

    plan = planned(Absent(), trust=trust)

    (step,) = [one for one in plan.steps if isinstance(one.task, DeleteProvider)]
    role = next(one for one in plan.steps if one.id.startswith("tools/role/"))
    assert step.id in role.after


@pytest.mark.parametrize(
    ("caller", "guides"),
    [
        (SSO, {"G13", "G14", "G15", "G16"}),
        (JOB, {"G16"}),
        ("arn:aws:sts::111111111111:assumed-role/Administrator/me", set()),
    ],
    ids=["a person", "a job", "somebody whom the deployer does not trust"],
)
def test_who_needs_a_session_of_the_deployer(caller: str, guides: set[str]) -> None:
    plan = planned(Absent(), caller=caller, scope=Scope())

    found = {step.guide for step in plan.steps if step.account == "tools"}
    assert found & {"G13", "G14", "G15", "G16"} == guides
    assert any(step.kind == "stack" for step in plan.steps)
