"""Where this machine keeps what a config's commands remember: the journal and the cached sessions."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def state_folder(config_path: Path) -> Path:
    """The folder of one config under the state directory. It need not exist.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    base = os.environ.get("XDG_STATE_HOME", "")
    home = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    return home / "crosslane" / "configs" / hashlib.sha256(str(config_path.resolve()).encode()).hexdigest()[:16]
