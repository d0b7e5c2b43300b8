"""The folder of all git repositories of a sandbox.

Each is in a folder named after its CodeCommit id, so that one that is made again under an old name starts empty. git's
library is imported with the first use of a repository: few commands get that far.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dulwich.repo import Repo

BRANCHES = "refs/heads/"
PREFIX = "/v1/repos/"
"""The path of the repositories' URLs."""


@dataclass(frozen=True, slots=True)
class Place:
    """A repository: where it is and the id that its content is kept under."""

    account: str
    region: str
    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Update:
    """A reference (``refs/heads/main``) that was changed; ``old`` or ``new`` is None where it was made or deleted."""

    reference: str
    old: str | None
    new: str | None


class Repositories:
    """The folder of all repositories of a sandbox."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, threading.RLock] = {}
        self._guard = threading.Lock()

    def create(self, repository_id: str) -> None:
        """A new, empty repository. Its files come with its first use, as does the library that writes them."""
        self._path(repository_id).mkdir(mode=0o700, parents=True)

    def remove(self, repository_id: str) -> None:
        """Forgets a repository and its content."""
        with self._lock(repository_id):
            shutil.rmtree(self._path(repository_id), ignore_errors=True)

    @contextmanager
    def opened(self, repository_id: str) -> Iterator[Repo]:
        """The repository, for one user at a time. ``KeyError`` if it was removed."""
        from dulwich.repo import Repo

        with self._lock(repository_id):
            path = self._path(repository_id)
            if not path.exists():
                raise KeyError(repository_id)
            repo = Repo(str(path)) if (path / "HEAD").exists() else Repo.init_bare(path)
            try:
                yield repo
            finally:
                repo.close()

    def _path(self, repository_id: str) -> Path:
        return self._folder / f"{repository_id}.git"

    def _lock(self, repository_id: str) -> threading.RLock:
        with self._guard:
            return self._locks.setdefault(repository_id, threading.RLock())
