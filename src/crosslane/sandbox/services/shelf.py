"""Where the services that the sandbox keeps itself put their resources: by account, region and name."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from crosslane.sandbox.request import Request

R = TypeVar("R")


class Shelf(Generic[R]):
    """Resources of one kind. What is read and then changed belongs inside ``locked``."""

    def __init__(self) -> None:
        self._resources: dict[tuple[str, str], dict[str, R]] = {}
        self._lock = threading.RLock()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other requests for this kind out."""
        with self._lock:
            yield

    def of(self, request: Request) -> dict[str, R]:
        """The resources by name, in the account and region of the request."""
        return self.at(request.account, request.region)

    def at(self, account: str, region: str) -> dict[str, R]:
        """The resources by name, in that account and region."""
        return self._resources.setdefault((account, region), {})

    def everywhere(self) -> list[tuple[tuple[str, str], dict[str, R]]]:
        """All resources by (account, region)."""
        return list(self._resources.items())


def tags_of(pairs: Any) -> dict[str, str]:
    """A list of tags as a mapping."""
    return {pair["key"]: pair["value"] for pair in pairs or ()}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as a list of tags, in the order they were set."""
    return [{"key": name, "value": text} for name, text in tags.items()]
