"""``crosslane iam decide`` and ``who-can`` as a person calls them."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from crosslane.cli.iam import command
from crosslane.errors import UsageError
from tests.fakes.printed import check_printed

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}


def case(identifier: Any = "a", policy: Any = ALLOW, **more: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "request": {
            "principal": "arn:aws:iam::111111111111:user/bob",
            "action": "s3:GetObject",
            "resource": {"resource": "arn:aws:s3:::b/k", "accountId": "111111111111"},
            "contextVariables": {},
        },
        "identityPolicies": [{"name": "p", "policy": policy}],
        **more,
    }


def run(lines: list[Any], *options: str) -> Result:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return CliRunner().invoke(command, ["decide", *options, "-"], input=text)


def answers(result: Result) -> list[dict[str, Any]]:
    check_printed(["iam", "decide"], result.stdout)
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_case_is_answered_in_order_and_the_exit_code_is_0() -> None:
    result = run([case("a"), "", case("b", DENY), case(3, {"Version": "2012-10-17", "Statement": []})])
    assert answers(result) == [
        {"id": "a", "decision": "allowed", "layers": {"identity": "allowed"}},
        {"id": "b", "decision": "explicitDeny", "layers": {"identity": "explicitDeny"}},
        {"id": 3, "decision": "implicitDeny", "layers": {"identity": "implicitDeny"}},
    ]
    assert result.exit_code == 0


def test_an_invalid_policy_is_an_answer() -> None:
    bad = {"Version": "2012-10-17", "Statement": [{"effect": "Allow", "Action": "*", "Resource": "*"}]}
    result = run([case("a", bad), case("b")])
    first, second = answers(result)
    assert first["id"] == "a" and "case-sensitive" in first["error"] and "decision" not in first
    assert second["decision"] == "allowed"
    assert result.exit_code == 0


def test_duplicate_keys_of_a_policy_are_reported() -> None:
    text = json.dumps(case("a")).replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')
    assert "more than once" in answers(run([text]))[0]["error"]


def test_a_line_that_is_no_case_is_named_and_the_others_are_answered() -> None:
    result = run([case("a"), "{", "[]", '{"id": 1}', case("b")])
    assert [answer["id"] for answer in answers(result)] == ["a", "b"]
    assert [line.split(" ")[0] for line in result.stderr.splitlines()] == ["stdin:2:", "stdin:3:", "stdin:4:"]
    assert result.exit_code == 2


def test_every_malformed_request_is_a_line_that_is_no_case() -> None:
    def with_request(**more: Any) -> dict[str, Any]:
        found = case()
        return {**found, "request": {**found["request"], **more}}

    bad = [
        with_request(principal=None),
        with_request(principal="bob"),
        with_request(action="GetObject"),
        with_request(resource="arn:aws:s3:::b"),
        with_request(resource={"resource": ""}),
        with_request(contextVariables={"a": {"b": 1}}),
        with_request(contextVariables={"a": [["b"]]}),
        {**case(), "identityPolicies": {}},
        {**case(), "identityPolicies": ["x"]},
        {**case(), "serviceControlPolicies": [{"policies": 3}]},
    ]
    result = run(bad)
    assert answers(result) == []
    assert len(result.stderr.splitlines()) == len(bad)
    assert result.exit_code == 2


def test_explain_adds_the_lines_that_say_why() -> None:
    (answer,) = answers(run([case("a", DENY)], "--explain"))
    assert answer["explanation"][0].endswith("denied explicitly by the identity policies")
    assert "/Statement/0" in answer["explanation"][1]


def test_the_engine_of_a_case_changes_nothing() -> None:
    assert answers(run([case(engine="core")])) == answers(run([case(engine="simulate")])) == answers(run([case()]))


def test_every_line_is_as_the_schema_that_ships_with_the_package_says() -> None:
    schema = json.loads(files("crosslane.iam").joinpath("schemas", "decision.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    bad = {"Version": "2012-10-17", "Statement": "x"}
    lines = answers(run([case("a"), case("b", DENY), case({"any": "id"}, bad), case(None, bad)], "--explain"))
    assert len(lines) == 4
    for line in lines:
        validator.validate(line)
    assert not validator.is_valid({"id": 1, "decision": "perhaps", "layers": {}})


def test_bench_prints_one_object() -> None:
    result = run([case("a"), case("b", DENY)], "--bench", "3")
    found = json.loads(result.stdout)
    assert set(found) == {"cases", "passes", "decisions_per_second"}
    assert (found["cases"], found["passes"]) == (2, 3)
    assert found["decisions_per_second"] > 0


def test_a_file_that_is_not_there_is_an_error_with_a_hint(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        result = CliRunner().invoke(command, ["decide", str(path)])
        assert isinstance(result.exception, UsageError)
        assert str(path) in result.exception.message and result.exception.next


def test_who_can_reads_an_account_and_names_principals(tmp_path: Path) -> None:
    details = tmp_path / "account.json"
    user = {
        "Arn": "arn:aws:iam::111111111111:user/bob",
        "UserId": "AIDABOB",
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": ALLOW}],
    }
    eve = {"Arn": "arn:aws:iam::111111111111:user/eve", "UserId": "AIDAEVE"}
    details.write_text(json.dumps({"UserDetailList": [user, eve], "RoleDetailList": [], "Policies": []}))
    arguments = ["who-can", "s3:GetObject", "arn:aws:s3:::b/k", "--details", str(details)]
    result = CliRunner().invoke(command, arguments)
    assert result.stdout == "arn:aws:iam::111111111111:user/bob: allowed by an identity policy\n"
    assert "1 of 2" in result.stderr
    printed = CliRunner().invoke(command, [*arguments, "--json"]).stdout
    check_printed(["iam", "who-can"], printed)
    found = json.loads(printed)
    assert [row["principal"] for row in found["principals"]] == ["arn:aws:iam::111111111111:user/bob"]
    bad = CliRunner().invoke(command, ["who-can", "GetObject", "x", "--details", str(details)])
    assert isinstance(bad.exception, UsageError)
