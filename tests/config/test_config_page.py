"""docs/config.md names every key with its default, and its example is a config."""

from __future__ import annotations

import re
import textwrap
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from crosslane.config.load import parse_config
from crosslane.config.model import Account, Bootstrap, Names, Pipeline, SignIn, Source, Stage

PAGE = (Path(__file__).parents[2] / "docs" / "config.md").read_text()


def rows(heading: str) -> dict[str, str]:
    """Key and default of each row of the table that follows ``heading``."""
    section = PAGE.split(f"{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", section, re.M)
    assert table
    cells = [line.split(" | ") for line in table[0].splitlines()[2:]]
    return {cell[0].strip("| `"): cell[1].strip("`") for cell in cells}


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (Pipeline, "## `[pipeline]`"),
        (Source, "Keys of `source`:"),
        (Account, "## `[accounts]`"),
        (Stage, "## `[[stages]]`"),
        (Bootstrap, "## `[bootstrap]`"),
        (SignIn, "## `[sign_in]`"),
        (Names, "## `[names]`"),
    ],
)
def test_each_key_is_there_with_the_models_default(model: type, heading: str) -> None:
    said = rows(heading)
    assert set(said) == {field.name for field in fields(model)} - ({"name"} if model is Account else set())
    for field in fields(model):
        if field.default is None:
            assert said[field.name] == "none"
        elif field.default is not MISSING:
            default = field.default
            as_toml = str(list(default)).replace("'", '"') if isinstance(default, tuple) else default
            as_toml = str(default).lower() if isinstance(default, bool) else as_toml
            assert said[field.name] in (f'"{as_toml}"', str(as_toml)), field.name


def test_the_example_is_a_config() -> None:
    blocks = re.findall(r"(?:^    .*\n|^\n)+", PAGE, re.M)
    example = next(block for block in blocks if "version = 1" in block)
    config = parse_config(textwrap.dedent(example), Path("crosslane.toml"))
    assert [stage.name for stage in config.stages] == ["test", "production"]
