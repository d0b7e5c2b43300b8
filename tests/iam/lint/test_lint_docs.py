"""The page about lint lists the rules as they are."""

from __future__ import annotations

from pathlib import Path

from crosslane.iam.lint import RULES, Kind

PAGE = Path(__file__).parents[3] / "docs" / "iam" / "lint.md"


def test_the_table_has_a_row_for_each_rule_in_order() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| [`")]
    assert rows == [f"| [`{rule.id}`]({rule.url}) | {rule.severity.value} | {rule.title} |" for rule in RULES]


def test_every_kind_is_named_in_the_page_and_in_the_command() -> None:
    from crosslane.cli.iam_lint import KINDS

    assert set(KINDS) == {kind.value for kind in Kind}
    assert all(f"`{kind.value}`" in PAGE.read_text() for kind in Kind)
