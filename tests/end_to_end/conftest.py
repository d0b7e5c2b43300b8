"""Places with a kept sandbox: an empty one for each test, or one in which all is set up already, for each module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.place import Place, place_in


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Four accounts in which nothing is there yet."""
    folder = tmp_path / "place"
    folder.mkdir()
    with place_in(folder) as found:
        yield found


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Four accounts that are set up; tests must leave them as they found them."""
    with place_in(tmp_path_factory.mktemp("done")) as found:
        found.up()
        yield found
