"""A keyring in a JSON file that ``TEST_KEYRING_FILE`` names, so that several processes share it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError


class FileKeyring(KeyringBackend):
    priority = 1

    @property
    def path(self) -> Path:
        return Path(os.environ["TEST_KEYRING_FILE"])

    def entries(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads(self.path.read_text()) if self.path.exists() else {}
        return found

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries().get(service, {}).get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.path.with_suffix(".locked").exists():
            raise PasswordSetError("it is locked")
        entries = self.entries()
        entries.setdefault(service, {})[username] = password
        self.path.write_text(json.dumps(entries))

    def delete_password(self, service: str, username: str) -> None:
        entries = self.entries()
        if entries.get(service, {}).pop(username, None) is None:
            raise PasswordDeleteError("there is no such entry")
        self.path.write_text(json.dumps(entries))
