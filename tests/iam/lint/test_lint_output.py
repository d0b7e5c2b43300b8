"""The three forms of output and the exit codes of ``crosslane iam lint``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.printed import check_printed

from crosslane.cli.main import run
from crosslane.iam.lint import RULES

PUBLIC = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
}
TYPO = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObjet", "Resource": "*"}}
SOUND = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def write(name: str, policy: dict[str, Any]) -> str:
        Path(name).write_text(json.dumps(policy, indent=2))
        return name

    return write


def lint(*arguments: str) -> int:
    return run(["iam", "lint", *arguments])


def test_errors_make_exit_code_1_and_warnings_only_with_strict(write: Any) -> None:
    assert lint(write("sound.json", SOUND)) == 0
    assert lint(write("typo.json", TYPO)) == 0
    assert lint("--strict", "typo.json") == 1
    assert lint(write("public.json", PUBLIC)) == 1
    assert lint("--ignore", "public-access", "public.json") == 0


def test_text_has_a_line_for_each_finding_and_its_fix_within_80_columns(write: Any, capsys: Any) -> None:
    assert lint(write("a.json", PUBLIC), write("b.json", TYPO)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "a.json:5: error public-access anyone may call s3:GetObject",
        "    Name the principals, or demand aws:PrincipalOrgID, aws:SourceAccount or the",
        "    like.",
        "b.json:5: warning unknown-action s3 has no action GetObjet",
        "    Did you mean s3:GetObject?",
        "1 error, 1 warning in 2 files",
    ]


def test_text_says_when_nothing_was_found(write: Any, capsys: Any) -> None:
    assert lint(write("a.json", SOUND)) == 0
    assert capsys.readouterr().out == "nothing found in 1 file\n"


@pytest.mark.parametrize("option", [["--json"], ["--format", "json"]])
def test_json_is_one_document_with_counts(write: Any, capsys: Any, option: list[str]) -> None:
    assert lint(*option, write("a.json", PUBLIC), write("b.json", TYPO)) == 1
    out = capsys.readouterr().out
    check_printed(["iam", "lint"], out)
    document = json.loads(out)
    assert document["ok"] is False
    assert document["counts"] == {"error": 1, "warning": 1, "info": 0}
    assert [set(one) for one in document["findings"]] == [
        {"id", "severity", "file", "line", "pointer", "message", "fix", "url"}
    ] * 2
    assert document["findings"][1]["file"] == "b.json"


def test_json_is_ok_with_warnings_unless_strict(write: Any, capsys: Any) -> None:
    lint("--json", write("b.json", TYPO))
    assert json.loads(capsys.readouterr().out)["ok"] is True
    lint("--json", "--strict", "b.json")
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_standard_input_is_read_for_a_dash(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(TYPO).encode())))
    assert lint("-") == 0
    assert capsys.readouterr().out.startswith("-:1: warning unknown-action")


def test_files_that_cannot_be_read_are_all_named_with_exit_code_2(write: Any, capsys: Any) -> None:
    assert lint(write("a.json", SOUND), "missing.json", ".") == 2
    errors = capsys.readouterr().err
    assert "cannot read missing.json: No such file or directory" in errors
    assert "cannot read .: Is a directory" in errors


def test_wrong_usage_is_exit_code_2_with_a_hint(write: Any, capsys: Any) -> None:
    assert lint() == 2
    assert lint("--kind", "bukcet", write("a.json", SOUND)) == 2
    assert lint("--ignore", "unknown-actoin", "a.json") == 2
    assert "there is no rule unknown-actoin; did you mean unknown-action?" in capsys.readouterr().err


def test_the_kind_can_be_named(write: Any) -> None:
    file = write(
        "a.json", {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}
    )
    assert lint(file) == 1
    assert lint("--kind", "scp", file) == 0
    assert lint("--kind", "trust", file) == 1


def test_rules_can_be_listed(capsys: Any) -> None:
    assert lint("--rules") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [rule.id for rule in RULES]


def test_sarif_has_what_the_standard_and_code_scanning_demand(write: Any, capsys: Any) -> None:
    """Structure by https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, sections 3.13 to 3.52."""
    assert lint("--format", "sarif", write("a b.json", PUBLIC), write("b.json", TYPO)) == 1
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (only,) = log["runs"]
    driver = only["tool"]["driver"]
    assert driver["name"]
    rules = driver["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) == len(RULES)
    for rule in rules:
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["helpUri"].startswith("https://")
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    assert [result["ruleId"] for result in only["results"]] == ["public-access", "unknown-action"]
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("note", "warning", "error")
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
    assert only["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "a%20b.json"}
