"""Lint on policies that others wrote, and on every policy that crosslane writes."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.four_accounts import SAMPLE

from crosslane.config.load import load_config
from crosslane.desired.build import desired_state
from crosslane.iam.lint import Finding, Kind, Severity, lint_text


@pytest.fixture(scope="module")
def managed() -> dict[str, str]:
    """A sample of AWS's managed policies, always the same one, and a few well-known ones."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    documents = json.loads(aws_managed_policies_data)
    known = ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "IAMFullAccess", "SecurityAudit"]
    names = random.Random(7).sample(sorted(set(documents) - set(known)), 150) + known
    return {name: json.dumps(documents[name]["Document"], indent=1) for name in names}


@pytest.fixture(scope="module")
def found(managed: dict[str, str]) -> dict[str, tuple[Finding, ...]]:
    # AWS's own policies may be larger than those of customers.
    return {name: lint_text(text, name, ignore={"size"}) for name, text in managed.items()}


def test_policies_by_aws_give_few_errors(found: dict[str, tuple[Finding, ...]]) -> None:
    wrong = Counter(
        (one.id, name) for name, findings in found.items() for one in findings if one.severity is Severity.ERROR
    )
    assert {rule for rule, _ in wrong} <= {"privilege-escalation", "passed-role-escalation"}
    assert len({name for _, name in wrong}) <= 8


def test_policies_by_aws_give_less_than_two_warnings_each(found: dict[str, tuple[Finding, ...]]) -> None:
    warnings = [one for findings in found.values() for one in findings if one.severity is Severity.WARNING]
    assert len(warnings) < 2 * len(found)


def test_well_known_policies_are_judged_as_people_know_them(found: dict[str, tuple[Finding, ...]]) -> None:
    assert [one.id for one in found["AdministratorAccess"]] == ["admin-access"]
    assert "not-action-allow" in {one.id for one in found["PowerUserAccess"]}
    assert ("privilege-escalation", Severity.ERROR) in {(one.id, one.severity) for one in found["IAMFullAccess"]}
    assert {one.severity for one in found["ReadOnlyAccess"]} <= {Severity.INFO, Severity.WARNING}


BASE: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObjet", "Resource": "*", "Sid": "x"}
ESCALATING: dict[str, Any] = {"Effect": "Allow", "Action": ["iam:*", "lambda:*", "ec2:*"], "Resource": "*"}
LARGE: dict[str, list[dict[str, Any]]] = {
    "many statements": [BASE] * 1_300,
    "many wildcards": [BASE | {"Action": [f"s3:Get{index}*{index}" for index in range(5_200)]}],
    "many unknown actions": [BASE | {"Action": [f"s3:GetObjec{index}" for index in range(5_000)]}],
    "many unknown services": [BASE | {"Action": [f"s{index}:GetObject" for index in range(5_500)]}],
    "many resources": [BASE | {"Resource": [f"arn:aws:s3:::{index}*?a?a?a?a*/{index}" for index in range(2_700)]}],
    "one long action": [BASE | {"Action": "s3:" + "*a" * 49_000}],
    "one long resource": [BASE | {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + "*a" * 49_000}],
    "many keys": [BASE | {"Condition": {"StringEquals": {f"aws:K{index}": "v*" for index in range(5_000)}}}],
    "many escalations": [*[ESCALATING] * 600, *[BASE | {"Effect": "Deny"}] * 500],
    "many variables": [BASE | {"Resource": "arn:aws:s3:::" + "${aws:x}" * 11_000}],
}


@pytest.mark.parametrize("name", LARGE)
def test_100_kb_take_less_than_a_second_or_two(name: str) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": LARGE[name]})
    assert 60_000 < len(text) < 110_000
    start = time.process_time()
    lint_text(text)
    # At most a third of a second on an idle core; the limit leaves room for a slow machine.
    assert time.process_time() - start < 2


CONFIG = SAMPLE.read_text(encoding="utf-8") + '\n[bootstrap]\nmode = "MODE"\n'

KNOWN = {
    "guide": {
        # The guide trusts the whole account, and its policy assumes any role: the mode is there for comparison.
        ("account-wide-trust", "arn:aws:iam::111111111111:root"),
        ("assume-any-role", "sts:AssumeRole"),
    },
    "least": set[tuple[str, str]](),
    "keyless": set[tuple[str, str]](),
}


@pytest.mark.parametrize("mode", ["guide", "least", "keyless"])
def test_what_crosslane_writes_has_no_errors_and_no_warnings_but_those_known(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "crosslane.toml"
    path.write_text(CONFIG.replace("MODE", mode))
    config = load_config(path)
    desired = desired_state(config)
    findings: list[Finding] = []
    for state in desired.bootstraps:
        for policy in state.policies:
            kind = Kind.BOUNDARY if policy.name == config.bootstrap.boundary else Kind.IDENTITY
            findings += lint_text(policy.document.to_text(), policy.name, kind)
        findings += lint_text(state.role.trust.to_text(), f"role {state.role.name}", Kind.TRUST)
    for stack in desired.stacks:
        findings += lint_text(stack.template, f"{stack.account}/{stack.name}")
    loud = [one for one in findings if one.severity is not Severity.INFO]
    unexpected = [one for one in loud if not any(one.id == rule for rule, _ in KNOWN[mode])]
    # The execution role makes and changes the roles of the app, by the prefix of its stack; its boundary holds them.
    assert [one for one in unexpected if one.id != "privilege-escalation"] == []
    assert all(one.severity is Severity.WARNING for one in loud), loud
    assert {one.file.partition("/")[2] for one in unexpected} <= {"toolsacct-codepipeline-cloudformation-role"}
