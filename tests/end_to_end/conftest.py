"""Places with a kept sandbox: an empty one for each test, or one in which all is set up already, for each module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.place import Place, place_in


class Clean:
    """Gives an empty place again and again: the last one tidied up if that is possible, else a new one.

    A new sandbox costs more than a removal, because every service is loaded anew in it.
    """

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._stack = ExitStack()
        self._place: Place | None = None
        self._files: dict[Path, bytes] = {}
        self._empty: dict[str, list[str]] = {}

    def take(self) -> Place:
        """An empty place."""
        if self._place is None:
            self._place = self._stack.enter_context(place_in(self._factory.mktemp("place")))
            self._empty = self._place.listing()
            self._files = {path: path.read_bytes() for path in _files(self._place)}
        return self._place

    def give_back(self) -> None:
        """Remove what the test made, so that the next one can use the place; throw it away if anything is left."""
        place = self._place
        if place is None:
            return
        place.config.write_bytes(self._files[place.config])
        removed = place.run("destroy", "--data", "--yes")
        if removed.code != 0 or place.listing() != self._empty:
            self.close()
            return
        for path in (place.running.directory).iterdir():
            if path.is_file() and path not in self._files and path.name not in ("log", "sandbox.json"):
                path.unlink()
        for path, content in self._files.items():
            path.write_bytes(content)

    def close(self) -> None:
        self._stack.close()
        self._place = None


def _files(place: Place) -> tuple[Path, ...]:
    return place.config, place.running.credentials_file, place.running.config_file


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clean]:
    found = Clean(tmp_path_factory)
    yield found
    found.close()


@pytest.fixture
def place(clean: Clean) -> Iterator[Place]:
    """Four accounts in which nothing is there yet."""
    yield clean.take()
    clean.give_back()


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Four accounts that are set up; tests must leave them as they found them."""
    with place_in(tmp_path_factory.mktemp("done")) as found:
        found.up()
        yield found
