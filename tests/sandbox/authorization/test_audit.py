"""The record of decisions, and what it says about rights."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from crosslane.cli.main import run
from crosslane.sandbox.authorization.usage import AuditError, usage_of
from tests.fakes.printed import check_printed
from tests.sandbox.authorization.conftest import PLACE, TOOLS, People, document
from tests.sandbox.conftest import attached, error


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a user with some rights, of which it used a few and lacked one."""
    folder = tmp_path_factory.mktemp("audit")
    audit = folder / "audit.jsonl"
    with attached(folder, audit=audit) as accounts:
        people = People(accounts, "bob")
        some = {"Sid": "Some", "Action": ["iam:ListUsers", "iam:GetUser", "s3:Get*", "kms:*"]}
        bob = people.user(document(some, {"Sid": "None", "Action": "sns:Publish"}))
        accounts.client("tools", "s3").create_bucket(Bucket="b-1", **PLACE)
        people.client(bob, "iam").list_users()
        people.client(bob, "iam").list_users()
        people.client(bob, "s3").get_bucket_location(Bucket="b-1")
        assert error(people.client(bob, "iam").list_roles)[0] == "AccessDenied"
    return audit


def _records(audit: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in audit.read_text().splitlines()]


def test_each_decision_is_a_line_that_says_who_what_and_why(recorded: Path) -> None:
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o600
    mine = [one for one in _records(recorded) if one["userIdentity"]["arn"].endswith(":user/bob")]
    assert [(one["action"], one["decision"]) for one in mine] == [
        ("iam:ListUsers", "allowed"),
        ("iam:ListUsers", "allowed"),
        ("s3:GetBucketLocation", "allowed"),
        ("iam:ListRoles", "implicitDeny"),
    ]
    location, denied = mine[2], mine[3]
    assert (location["eventSource"], location["eventName"]) == ("s3.amazonaws.com", "GetBucketLocation")
    assert location["resources"] == [{"ARN": "arn:aws:s3:::b-1", "accountId": TOOLS}]
    assert location["context"]["aws:PrincipalAccount"] == TOOLS
    assert [(one["policy"], one["sid"]) for one in location["statements"]] == [
        (f"inline policy inline of arn:aws:iam::{TOOLS}:user/bob", "Some")
    ]
    assert denied["layer"] == "identity"
    assert denied["statements"] == []


def test_no_secret_is_written(recorded: Path, tmp_path: Path) -> None:
    text = recorded.read_text()
    assert "SecretAccessKey" not in text
    assert "aws_secret" not in text


def test_policies_are_told_once_for_each_principal(recorded: Path) -> None:
    mine = [one for one in _records(recorded) if one["userIdentity"]["arn"].endswith(":user/bob")]
    assert ["policies" in one for one in mine] == [True, False, False, False]


def test_used_and_unused_rights_are_told_apart(recorded: Path) -> None:
    (bob,) = [one for one in usage_of(recorded.read_text().splitlines()) if one.principal.endswith("user/bob")]
    assert bob.used == {"iam:ListUsers": 2, "s3:GetBucketLocation": 1}
    assert bob.denied == {"iam:ListRoles": 1}
    assert [(row.sid, row.action) for row in bob.unused] == [
        ("Some", "iam:GetUser"),
        ("Some", "kms:*"),
        ("None", "sns:Publish"),
    ]


def test_the_command_prints_it(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["iam", "used", str(recorded), "--principal", "user/bob"]) == 0
    out = capsys.readouterr().out
    assert "2  iam:ListUsers" in out
    assert "Some: iam:GetUser, kms:*" in out
    assert run(["iam", "used", str(recorded), "--json"]) == 0
    out = capsys.readouterr().out
    check_printed(["iam", "used"], out)
    told = json.loads(out)
    assert told["ok"] is True
    assert any(one["principal"].endswith("user/bob") and one["denied"] for one in told["principals"])


def test_what_is_no_record_is_refused_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AuditError, match="line 2"):
        usage_of(["", "{}"])
    bad = tmp_path / "bad.jsonl"
    bad.write_text("no\n")
    assert run(["iam", "used", str(bad)]) == 2
    assert "line 1: no JSON" in capsys.readouterr().err
    assert run(["iam", "used", str(tmp_path / "none")]) == 2


def test_a_record_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    from crosslane.errors import UsageError

    with (
        pytest.raises(UsageError, match="cannot write the audit file"),
        attached(tmp_path, audit=tmp_path / "none" / "audit"),
    ):
        pass
    with pytest.raises(UsageError, match="nothing to audit"), attached(tmp_path, audit=tmp_path / "a", enforce=False):
        pass
