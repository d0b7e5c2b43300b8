"""Each rule against policies that have its fault and policies that do not: ``cases/ID.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosslane.iam.lint import RULES, Kind, lint_text

CASES = Path(__file__).parent / "cases"
WITHOUT_FILE = {"duplicate-key"}
"""JSON in which a key stands twice cannot be held in a JSON case; ``test_lint_run`` has it as text."""


def cases(verdict: str) -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}-{index}")
        for path in sorted(CASES.glob("*.json"))
        for index, case in enumerate(json.loads(path.read_text())[verdict])
    ]


def found(rule: str, case: dict[str, Any]) -> dict[str, str]:
    kind = Kind(case["kind"]) if "kind" in case else None
    findings = lint_text(json.dumps(case["policy"]), "case.json", kind)
    return {one.pointer: one.severity.value for one in findings if one.id == rule}


@pytest.mark.parametrize(("rule", "case"), cases("bad"))
def test_a_policy_with_the_fault_is_reported_where_it_stands(rule: str, case: dict[str, Any]) -> None:
    assert found(rule, case) == case["found"]


@pytest.mark.parametrize(("rule", "case"), cases("good"))
def test_a_policy_without_the_fault_is_left_alone(rule: str, case: dict[str, Any]) -> None:
    assert found(rule, case) == {}


def test_every_rule_has_cases_and_every_case_a_rule() -> None:
    assert {path.stem for path in CASES.glob("*.json")} | WITHOUT_FILE == {rule.id for rule in RULES}


def test_every_rule_has_a_case_of_its_usual_severity() -> None:
    for rule in RULES:
        if rule.id not in WITHOUT_FILE:
            bad = json.loads((CASES / f"{rule.id}.json").read_text())["bad"]
            assert rule.severity.value in {severity for case in bad for severity in case["found"].values()}, rule.id


def test_rules_are_told_apart_and_rest_on_a_page() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.url.startswith("https://"), rule.id
        assert rule.title
        assert not rule.title.endswith(".")
