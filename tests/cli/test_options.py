"""A command that an error names can be typed as it stands: it means the same config, place and region."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosslane.cli.options import Invocation, aimed

HERE = Invocation(Path("crosslane.toml"), False, False, 0, False, None)
THERE = Invocation(Path("a b.toml"), True, False, 0, False, "eu-north-1")
FLAGS = "--config 'a b.toml' --sandbox --region eu-north-1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("crosslane status shows it", f"crosslane status {FLAGS} shows it"),
        ("crosslane status --follow --execution 1", f"crosslane status {FLAGS} --follow --execution 1"),
        ("crosslane up; crosslane run", f"crosslane up {FLAGS}; crosslane run {FLAGS}"),
        ("crosslane sign-in dev", f"crosslane sign-in dev {FLAGS}"),
        (f"crosslane run {FLAGS}", f"crosslane run {FLAGS}"),
        ("crosslane sandbox stop", "crosslane sandbox stop --config 'a b.toml' --region eu-north-1"),
        ("crosslane up --sandbox", "crosslane up --config 'a b.toml' --region eu-north-1 --sandbox"),
        ("crosslane run --help", "crosslane run --help"),
        ("correct crosslane.toml", "correct crosslane.toml"),
    ],
)
def test_commands_in_a_text_get_the_options_that_were_given(text: str, told: str) -> None:
    assert aimed(text, THERE) == told
    assert aimed(text, HERE) == text
