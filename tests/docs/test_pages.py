"""The pages say what is so: commands, rooms, links, examples."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from crosslane.cli.main import COMMANDS
from crosslane.cli.options import common_options
from crosslane.config.load import load_config, parse_config

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda page: str(page.relative_to(ROOT)))


def table(page: str, heading: str) -> dict[str, str]:
    """First and second column of the first table under ``heading``."""
    section = (ROOT / page).read_text().split(f"\n{heading}\n", 1)[1]
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", section.split("\n## ", 1)[0], re.M)
    return dict(rows)


def test_the_readme_has_the_commands_of_the_program_in_its_words() -> None:
    assert list(table("README.md", "## Commands").items()) == list(COMMANDS.items())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_page_has_all_options_of_its_own(name: str) -> None:
    page = (ROOT / "docs" / "commands" / f"{name}.md").read_text()
    command = import_module(f"crosslane.cli.{name.replace('-', '_')}").command
    common = set(options_of(click.command()(common_options(lambda: None))))
    assert [option for option in options_of(command) if option not in page and option not in common] == []


def options_of(command: click.Command) -> Iterator[str]:
    """The long options of a command, or of all commands of a group."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from options_of(found)
    for parameter in command.params:
        yield from (option for option in (*parameter.opts, *parameter.secondary_opts) if option.startswith("--"))


def test_the_map_has_every_room() -> None:
    source = ROOT / "src" / "crosslane"
    rooms = {path.name for path in source.iterdir() if (path / "__init__.py").exists()}
    assert {room.strip("/") for room in table("ARCHITECTURE.md", "## Rooms")} == rooms


def test_the_map_of_the_sandbox_has_every_module_and_folder() -> None:
    source = ROOT / "src" / "crosslane" / "sandbox"
    section = (ROOT / "ARCHITECTURE.md").read_text().split("\n## Inside the sandbox\n", 1)[1].split("\n## ", 1)[0]
    rows = "\n".join(re.findall(r"^\| (`.*?) \|", section, re.M))
    there = {path.stem for path in source.glob("[a-z]*.py")} | {
        f"{path.parent.name}/" for path in source.glob("*/*.py")
    }
    assert set(re.findall(r"`([^`]+)`", rows)) == there


def test_the_readmes_config_is_the_samples() -> None:
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", (ROOT / "README.md").read_text(), re.M)
    sample = ROOT / "examples" / "sample-lambda" / "crosslane.toml"
    shown = textwrap.dedent(next(block for block in blocks if "version = 1" in block))
    assert parse_config(shown, sample) == load_config(sample)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        ahead += [(page.parent / link).resolve() for link in links]
    assert not [str(page) for page in PAGES if page not in reached and "adr" not in page.parts]


def test_the_licence_is_the_one_that_the_package_names() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert text.rstrip().endswith("limitations under the License.")
