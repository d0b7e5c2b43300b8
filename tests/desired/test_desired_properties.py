"""Whatever the config: everything fits AWS's limits, or it is refused with a way out; and nothing dangles."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosslane.config.model import Account, Config, Mode, Names, Stage
from crosslane.desired.build import desired_state
from crosslane.desired.split import ATTACHED_POLICIES, POLICY_CHARACTERS, characters
from crosslane.desired.stacks.stages import stage_names
from crosslane.desired.written import written_policies
from crosslane.errors import UsageError
from tests.desired.guide_config import guide_config
from tests.desired.policy_check import resolve, roles_of, strings, variables_of

BUCKET = "pre-reqs-artifactbucket-1abcdefgh"
ACCOUNT_NAMES = ("tools", "dev", "test", "prod", "canary", "a-b", "X1")
STAGE_NAMES = ("test", "production", "Test", "blue-green", "a", "b", "c2", "dev")
PIPELINES = ("a", "sample-lambda", "an-app-with-a-name-of-forty-characters-x", "Mixed-Case9")


@st.composite
def configs(draw: st.DrawFn) -> Config:
    ids = draw(st.lists(st.integers(0, 10**12 - 1), min_size=7, max_size=7, unique=draw(st.booleans())))
    accounts = tuple(Account(name, f"{number:012d}") for name, number in zip(ACCOUNT_NAMES, ids, strict=True))
    chosen = draw(st.lists(st.sampled_from(STAGE_NAMES), min_size=1, max_size=6, unique=True))
    stages = tuple(Stage(name, draw(st.sampled_from(ACCOUNT_NAMES)), draw(st.booleans())) for name in chosen)
    bootstrapped = draw(st.lists(st.sampled_from(ACCOUNT_NAMES), min_size=1, max_size=7, unique=True))
    return guide_config(
        draw(st.sampled_from(list(Mode))),
        tuple(bootstrapped),
        source=draw(st.sampled_from(ACCOUNT_NAMES)),
        stages=stages,
        accounts=accounts,
        region=draw(st.sampled_from(("eu-west-1", "us-gov-east-1", "cn-northwest-1"))),
        pipeline=draw(st.sampled_from(PIPELINES)),
        names=Names(bucket=draw(st.sampled_from((None, "our-artifacts")))),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs())
def test_any_config_gives_a_state_that_holds_together(config: Config) -> None:
    try:
        desired = desired_state(config)
    except UsageError as error:
        assert error.code == "PolicyTooLong"
        assert error.next
        return
    assert desired == desired_state(config)
    ids = {account.name: account.id for account in config.accounts}
    # 1. Names are unique where AWS wants them so.
    places = Counter((ids[stack.account], stack.name) for stack in desired.stacks)
    assert max(places.values()) == 1
    made = Counter(role for stack in desired.stacks for role in roles_of(config, stack, BUCKET))
    assert max(made.values()) == 1
    titles = [name for _, approval, deploy in stage_names(config) for name in (approval, deploy) if name]
    assert len(titles) == len(set(titles))
    # 2. Sizes.
    for state in desired.bootstraps:
        assert all(characters(policy.document) <= POLICY_CHARACTERS for policy in state.policies)
        assert len(state.role.attached) <= ATTACHED_POLICIES
        arns = {policy.arn for policy in state.policies}
        assert set(state.role.attached) <= arns
        assert state.user is None or set(state.user.attached) <= arns
        assert state.role.boundary is None or state.role.boundary in arns
    # 3. Every intrinsic function resolves, and key and bucket name only roles that are made.
    for stack in desired.stacks:
        variables = variables_of(config, stack, BUCKET)
        body = json.loads(stack.template)
        assert set(body.get("Parameters", {})) == {parameter.name for parameter in stack.parameters}
        for policy in written_policies(config, desired):
            if (policy.account, policy.stack) != (stack.account, stack.name):
                continue
            resolved = resolve(policy.document.to_json(), variables)
            assert all("${" not in text for text in strings(resolved))
            if policy.kind in ("key policy", "bucket policy"):
                for statement in resolved["Statement"]:
                    named = statement.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn", [])
                    assert set(named) <= set(made)
        for role in roles_of(config, stack, BUCKET).values():
            assert len(role["RoleName"]) <= 64
