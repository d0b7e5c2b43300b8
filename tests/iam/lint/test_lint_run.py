"""From the text of a file to findings: lines, broken input, kinds, suppression, templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosslane.iam.lint import Kind, Severity, count, lint_document, lint_text
from crosslane.iam.lint.kinds import guess_kind


def ids(text: str | bytes, kind: Kind | None = None) -> list[str]:
    return [finding.id for finding in lint_text(text, "f.json", kind)]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1)


def test_a_sound_policy_gives_nothing() -> None:
    assert lint_text(policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})) == ()


def test_a_finding_says_file_line_pointer_fix_and_page() -> None:
    text = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "s3:GetObject",
        "s3:GetObjet"
      ],
      "Resource": "*"
    }
  ]
}"""
    (finding,) = lint_text(text, "policies/a.json")
    assert (finding.id, finding.severity, finding.file, finding.line) == (
        "unknown-action",
        Severity.WARNING,
        "policies/a.json",
        8,
    )
    assert finding.pointer == "/Statement/0/Action/1"
    assert finding.fix == "Did you mean s3:GetObject?"
    assert finding.url.startswith("https://docs.aws.amazon.com/")


def test_a_key_that_stands_twice_is_reported_on_its_second_line() -> None:
    text = """{"Version": "2012-10-17", "Statement": [{
      "Effect": "Deny",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "*"}]}"""
    (finding,) = lint_text(text)
    assert (finding.id, finding.severity, finding.line) == ("duplicate-key", Severity.ERROR, 3)


def test_two_condition_blocks_are_reported() -> None:
    text = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
      "Condition": {"Bool": {"aws:SecureTransport": "true"}, "Bool": {"aws:ViaAWSService": "true"}}}]}"""
    assert ids(text) == ["duplicate-key"]


def test_text_that_is_no_json_is_a_finding_with_its_line() -> None:
    (finding,) = lint_text('{\n "Version": "2012-10-17",\n "Statement": [,]\n}', "f.json")
    assert (finding.id, finding.severity, finding.line) == ("grammar", Severity.ERROR, 3)


NO_POLICIES: tuple[str | bytes, ...] = (
    "",
    "null",
    "[]",
    "3",
    '"x"',
    "{",
    "{}{}",
    "[" * 5000,
    "[" * 200 + "]" * 200,
    b"{}",
    b"\xff\xfe\x00",
    '{"Statement": null}',
    '{"Statement": [null, 1]}',
    '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": '
    + '{"a":' * 70
    + "1"
    + "}" * 72,
    '{"Resources": {"A": {"Type": "AWS::IAM::Role"}}, "Statement": 1}',
)


@pytest.mark.parametrize("text", NO_POLICIES)
def test_any_input_gives_an_error_and_no_exception(text: str | bytes) -> None:
    assert count(lint_text(text))["error"] >= 1


def test_a_broken_statement_does_not_hide_the_faults_of_others() -> None:
    text = policy(
        {"Effect": "Maybe", "Action": "s3:GetObject", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObjet", "Resource": "*"},
    )
    found = {(one.id, one.pointer) for one in lint_text(text)}
    assert found == {("grammar", "/Statement/0/Effect"), ("unknown-action", "/Statement/1/Action")}


def test_a_rule_can_be_left_out() -> None:
    text = policy({"Effect": "Allow", "Action": ["s3:GetObjet", "lamda:X"], "Resource": "*"})
    assert [one.id for one in lint_text(text, ignore={"unknown-action"})] == ["unknown-service"]
    assert lint_text("{", ignore={"grammar"}) == ()


def test_findings_stand_in_the_order_of_the_file() -> None:
    statements = [{"Effect": "Allow", "Action": f"s3:Nothing{index}", "Resource": "*"} for index in range(12)]
    lines = [finding.line or 0 for finding in lint_text(policy(*statements))]
    assert len(lines) == 12
    assert lines == sorted(lines)


def test_a_document_without_text_gives_findings_without_lines() -> None:
    (finding,) = lint_document(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    )
    assert (finding.id, finding.line, finding.pointer) == ("admin-access", None, "/Statement/Action")


ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (ALLOW, Kind.IDENTITY),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, Kind.IDENTITY),
        ({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}, Kind.TRUST),
        (ALLOW | {"Principal": "*"}, Kind.BUCKET),
        ({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}, Kind.KEY),
        ({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}, Kind.RESOURCE),
        ({"Effect": "Deny", "Principal": "*", "Action": ["s3:*", "sqs:*"], "Resource": "*"}, Kind.RCP),
        ({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}, Kind.BUCKET),
        ({"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}, Kind.KEY),
    ],
)
def test_the_kind_of_a_policy_is_seen_from_its_content(statement: dict[str, Any], kind: Kind) -> None:
    assert guess_kind({"Version": "2012-10-17", "Statement": statement}) is kind
    assert guess_kind({"Version": "2012-10-17", "Statement": [statement]}) is kind


TEMPLATE = (Path(__file__).parent / "template.json").read_text()


def test_the_policies_of_a_template_are_found_with_their_lines_and_kinds() -> None:
    found = [(one.id, one.line, one.pointer) for one in lint_text(TEMPLATE)]
    base = "/Resources/Role/Properties"
    assert found == [
        ("public-access", 8, f"{base}/AssumeRolePolicyDocument/Statement/0/Principal"),
        ("unknown-action", 17, f"{base}/Policies/0/PolicyDocument/Statement/2/Action"),
    ]


def test_what_a_template_leaves_open_is_shown_as_it_is_written() -> None:
    text = TEMPLATE.replace("${Bucket.Arn}", "arn:aws:sqs:::${Queue}")
    messages = [one.message for one in lint_text(text) if one.id == "resource-without-action"]
    assert messages == ["the action does not act on arn:aws:sqs:::${Queue}/*"]


def test_a_parameter_in_place_of_actions_or_effect_is_no_fault() -> None:
    def role(*statements: dict[str, Any]) -> str:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        properties = {"PolicyDocument": document}
        return json.dumps({"Resources": {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}}})

    open_ = {"Ref": "Parameter"}
    never = {"Ref": "AWS::NoValue"}
    sound = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    assert lint_text(role(sound | {"Action": open_}, sound | {"Effect": open_}, sound | {"Condition": never})) == ()
    chosen = lint_text(role(sound | {"Action": ["s3:GetObjet", never]}, {"Fn::If": ["c", never, sound]}))
    assert [one.id for one in chosen] == ["unknown-action"]
    found = lint_text(role(sound | {"Action": open_}, sound | {"Action": "s3:GetObjet"}))
    assert [one.id for one in found] == ["unknown-action"]
