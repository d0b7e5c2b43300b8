"""The short form: setting up, every mutant of it replayed, and a seeded sample on the real sandbox."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.calls import Record, decision_of, load
from tests.mutants.edits import Denied, Nothing, WithoutAction, edited
from tests.mutants.end_to_end import agrees, run, with_change
from tests.mutants.generate import InPolicy, Mutant, in_policy
from tests.mutants.judge import edited_text, failures, first_failure
from tests.mutants.refusals import let_through
from tests.mutants.setup import Setup, setup_in

SEED = 20261125
MODE = "least"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A good run of ``up``, heard in a process of its own."""
    file = tmp_path_factory.mktemp("record") / "calls.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants.record", MODE, str(file), "short"],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return load(file)


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    return setup_in(tmp_path_factory.mktemp("setup"), MODE)


def test_the_good_run_is_allowed_when_it_is_decided_again(record: Record) -> None:
    assert len(record.calls) > 150
    assert not record.tolerated
    assert [call.action for call in record.calls if not decision_of(call, call.policies).allowed] == []


def test_a_change_of_nothing_kills_nothing(record: Record, setup: Setup) -> None:
    for policy in setup.written:
        mutant = Mutant("nothing", policy.of, in_policy(setup.config, policy, Nothing()))
        assert failures(mutant, record.calls) == [], mutant.what


def test_every_mutant_of_a_policy_changes_that_policy(setup: Setup, record: Record) -> None:
    for mutant in setup.mutants(record):
        if isinstance(mutant.change, InPolicy):
            document = mutant.change.written.document.to_json()
            assert edited(document, mutant.change.edit) != document, mutant.what


def test_every_action_of_every_statement_has_its_mutant(setup: Setup, record: Record) -> None:
    found = {
        (mutant.change.where, mutant.change.edit)
        for mutant in setup.mutants(record)
        if isinstance(mutant.change, InPolicy)
    }
    for policy in setup.written:
        where = in_policy(setup.config, policy, Nothing()).where
        for statement in policy.document.statements:
            for action in statement.actions:
                assert (where, WithoutAction(statement.sid, action)) in found


def test_a_missing_pass_role_fails_at_the_call_that_passes_the_role(setup: Setup, record: Record) -> None:
    missing = [one for one in setup.mutants(record) if one.group == "iam:PassRole removed"]
    killed = [found for one in missing if (found := first_failure(one, record.calls)) is not None]
    assert {one.call.action for one in killed} == {"iam:PassRole"}
    assert {one.layer for one in killed} == {"identity", "boundary"}
    assert {one.call.operation for one in killed} >= {"CreateProject", "CreatePipeline", "PutTargets"}


def test_a_denial_names_the_kind_of_policy_that_was_changed(setup: Setup, record: Record) -> None:
    layers = {
        "denied by an identity policy": "identity",
        "denied by the boundary": "boundary",
        "denied by a session policy": "session",
        "denied by an SCP": "scp",
        "denied by an RCP": "rcp",
    }
    seen = set()
    for mutant in setup.mutants(record):
        found = first_failure(mutant, record.calls) if mutant.group in layers else None
        if found is not None:
            assert found.layer == layers[mutant.group], mutant.what
            seen.add(mutant.group)
    assert seen == set(layers)


def test_a_broken_deny_lets_a_request_through_that_the_policy_stops(setup: Setup, record: Record) -> None:
    """Of the boundaries: what the bucket policy refuses is not asked for when the set-up is made."""
    boundaries = [one for one in setup.mutants(record) if "permissions boundary" in one.what]
    refusing = [one for one in boundaries if not one.allows]
    assert len(refusing) > 50
    found = {one.what: let_through(one, record.calls) for one in refusing}
    assert [what for what, stopped in found.items() if stopped is None] == []
    unbound = next(stopped for what, stopped in found.items() if "NoUnboundRoles without iam:CreateRole" in what)
    assert unbound is not None and unbound.action == "iam:CreateRole" and not unbound.otherwise


def test_a_text_without_the_statement_stays_as_it_is() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:Get"}]})
    assert edited_text(text, WithoutAction("B", "s3:Get")) == text
    assert edited_text(text, Denied("s3:Get")) != text


def test_all_stacks_and_bootstraps_can_be_broken(setup: Setup, record: Record) -> None:
    for mutant in setup.mutants(record):
        if isinstance(mutant.change, InPolicy):
            assert with_change(setup.desired, mutant.change) != setup.desired, mutant.what


def test_the_set_up_as_it_is_passes_end_to_end_and_a_wrong_expectation_is_noticed(
    setup: Setup, record: Record, tmp_path: Path
) -> None:
    """It does not fail where a mutant would: what is counted as killed has failed."""
    seen = run(None, MODE, tmp_path, until=0)
    assert (seen.failed, seen.denials) == (False, ())
    mutant = next(one for one in setup.mutants(record) if one.group == "iam:PassRole removed")
    assert agrees(seen, failures(mutant, record.calls)) == "nothing was denied"


GOES_ON_WITHOUT = frozenset({"codepipeline:GetPipelineState", "codecommit:GetBranch"})
"""What `up` asks to tell more, and does without: how the first run goes, whether the branch is there."""

GROUPS = (
    "aws:PrincipalArn changed",
    "denied by a session policy",
    "denied by an RCP",
    "denied by an SCP",
    "denied by an identity policy",
    "denied by the boundary",
    "iam:PassRole removed",
)


@pytest.mark.parametrize("group", GROUPS)
def test_a_mutant_fails_on_the_real_sandbox_where_the_engine_says(
    group: str, setup: Setup, record: Record, tmp_path: Path
) -> None:
    killed = [
        one
        for one in setup.mutants(record)
        if one.group == group
        and (found := first_failure(one, record.calls))
        and found.call.action not in GOES_ON_WITHOUT
    ]
    mutant = random.Random(f"{SEED} {group}").choice(killed)
    expected = failures(mutant, record.calls)
    assert agrees(run(mutant, MODE, tmp_path, until=expected[0].call.act), expected) is None, mutant.what
