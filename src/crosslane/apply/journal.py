"""What this machine was in the middle of: makes resuming exact, and is never needed to be right.

One line of JSON for each intent, in a file of mode 0600. It holds no secret.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock


@dataclass(frozen=True, slots=True)
class KeyIntent:
    """An access key was about to be made for ``user`` (``ACCOUNT/NAME``), who then had the keys ``before``."""

    user: str
    before: tuple[str, ...]


class Journal:
    """The journal of one pipeline. A folder that cannot be written makes it forgetful, not wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()

    def key_intent(self, user: str) -> KeyIntent | None:
        """The intent that was not followed by ``key_done``, or None."""
        intent: KeyIntent | None = None
        for entry in self._entries():
            if entry.get("user") != user:
                continue
            match entry.get("event"):
                case "key-intent":
                    before = entry.get("before")
                    intent = KeyIntent(user, tuple(map(str, before)) if isinstance(before, list) else ())
                case "key-done":
                    intent = None
        return intent

    def will_make_key(self, intent: KeyIntent) -> None:
        """Note, on disk before it happens, that a key is about to be made."""
        self._append({"event": "key-intent", "user": intent.user, "before": list(intent.before)})

    def key_done(self, user: str) -> None:
        """The key is stored, or was deleted again."""
        self._append({"event": "key-done", "user": user})

    def remove(self) -> None:
        """Forget everything."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _append(self, entry: dict[str, object]) -> None:
        with self._lock, contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
                file.flush()
                os.fsync(file.fileno())

    def _entries(self) -> list[dict[str, object]]:
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []
        entries = []
        for line in lines:
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    entries.append(entry)
        return entries
