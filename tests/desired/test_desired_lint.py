"""Our own lint on our own policies: no error, and no warning but those that are meant."""

from __future__ import annotations

import json

import pytest

from crosslane.config.model import Mode
from crosslane.desired.build import desired_state
from crosslane.desired.written import written_policies
from crosslane.iam.lint import Kind, Severity, lint_text
from tests.desired.guide_config import EVERYWHERE, guide_config
from tests.desired.policy_check import resolve, variables_of

KINDS = {
    "managed policy": Kind.IDENTITY,
    "inline policy": Kind.IDENTITY,
    "permissions boundary": Kind.BOUNDARY,
    "trust policy": Kind.TRUST,
    "key policy": Kind.KEY,
    "bucket policy": Kind.BUCKET,
    "event bus policy": Kind.RESOURCE,
}

MEANT = {
    # The guide to the letter, for comparison.
    (Mode.GUIDE, "managed policy", "assume-any-role"),
    (Mode.GUIDE, "trust policy", "account-wide-trust"),
    # The default execution role makes the functions' roles, by the names of the app's stacks.
    *((mode, "inline policy", "privilege-escalation") for mode in Mode),
}


@pytest.mark.parametrize("mode", list(Mode))
def test_lint_finds_nothing_that_is_not_meant(mode: Mode) -> None:
    config = guide_config(mode, EVERYWHERE)
    desired = desired_state(config)
    stacks = {(stack.account, stack.name): stack for stack in desired.stacks}
    for policy in written_policies(config, desired):
        document = policy.document.to_json()
        if policy.stack is not None:
            variables = variables_of(config, stacks[policy.account, policy.stack], "pre-reqs-artifactbucket-1abc")
            document = resolve(document, variables)
        for finding in lint_text(json.dumps(document), kind=KINDS[policy.kind]):
            if finding.severity is not Severity.INFO:
                assert (mode, policy.kind, finding.id) in MEANT, (policy.account, policy.of, finding)
