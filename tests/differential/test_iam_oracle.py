"""Comparison with another evaluator, and with files of cases whose answers are known. Opt-in.

``IAM_ORACLE`` is a command that answers cases as ``crosslane iam decide`` reads them, with ``{"id", "decision"}`` a
line, decision being Allowed, ExplicitlyDenied, ImplicitlyDenied or Error. ``IAM_CASES`` names files (separated by
colons) of cases that carry ``expected`` or ``expectedByDocs``. Where the oracle and AWS's documentation part ways, the
documentation wins: docs/iam/divergences.md.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crosslane.iam import Decision, Grant, Outcome
from crosslane.iam.cases import read_case
from tests.differential.generate import Generator

ORACLE = os.environ.get("IAM_ORACLE")
CASES = [Path(name) for name in os.environ.get("IAM_CASES", "").split(":") if name]
COUNT = int(os.environ.get("IAM_ORACLE_COUNT", "5000"))
SEED = int(os.environ.get("IAM_ORACLE_SEED", "1"))
WORDS = {
    "Allowed": Outcome.ALLOWED,
    "ExplicitlyDenied": Outcome.EXPLICIT_DENY,
    "ImplicitlyDenied": Outcome.IMPLICIT_DENY,
}


def known_divergence(case: dict[str, Any], decision: Decision) -> str | None:
    """The section of docs/iam/divergences.md that a case touches, if it touches one."""
    text = json.dumps(case)
    if re.search(r'"arn:aws:[a-z0-9]+:[^"]*:\*[/:][^"]', text):
        return "whole wildcard for a resource type"
    if re.search(r'"[^"]*NotIpAddress[^"]*": \{"[^"]*": (\[[^\]]*)?"[0-9a-f:.]+"', text):
        return "NotIpAddress of the other family"
    if re.search(r'"NotResource": (\[[^\]]*)?"[^":]*(:[^":]*){1,4}"', text):
        return "NotResource with a short pattern"
    if re.search(r'"\$\{', text) and "Not" in text:
        return "variables without value"
    request = case["request"]
    principal = decision.request.principal
    if decision.request.service not in ("s3", "kms", "sts") and case["resourceControlPolicies"]:
        return "RCPs of other services"
    if any(
        statement.get("Resource") != "*"
        for level in case["resourceControlPolicies"]
        for policy in level["policies"]
        for statement in policy["policy"]["Statement"]
    ):
        return "RCPs for some resources"
    same = principal.account == request["resource"]["accountId"]
    if "sessionPolicy" in case and same and decision.grant is Grant.DIRECT:
        return "session policies and direct grants"
    return None


@pytest.mark.skipif(ORACLE is None, reason="set IAM_ORACLE to a command that answers cases")
@pytest.mark.timeout(900)
def test_generated_cases_are_decided_as_the_oracle_does(tmp_path: Path) -> None:
    cases = list(Generator(SEED).cases(COUNT))
    file = tmp_path / "cases.jsonl"
    file.write_text("".join(json.dumps(case) + "\n" for case in cases))
    answered = subprocess.run(
        [*shlex.split(ORACLE or ""), str(file)], capture_output=True, text=True, check=True, timeout=600
    )
    answers = [json.loads(line) for line in answered.stdout.splitlines()]
    assert len(answers) == len(cases)
    wrong = []
    for case, answer in zip(cases, answers, strict=True):
        decision = read_case(case).decide()
        if WORDS.get(answer["decision"]) is not decision.outcome and known_divergence(case, decision) is None:
            wrong.append((case["id"], answer["decision"], decision.outcome.value, decision.layers))
    assert not wrong


@pytest.mark.skipif(not CASES, reason="set IAM_CASES to files of cases with their answers")
@pytest.mark.parametrize("file", CASES, ids=lambda file: file.name)
def test_cases_with_known_answers_come_out_right(file: Path) -> None:
    wrong = []
    for line in file.read_text().splitlines():
        case = json.loads(line)
        expected = WORDS[case.get("expectedByDocs") or case["expected"]]
        outcome = read_case(case).decide().outcome
        if outcome is not expected:
            wrong.append((case["id"], expected.value, outcome.value))
    assert not wrong
