"""The JSON schema of ``crosslane.toml``, for editors; the loader does not use it."""

from __future__ import annotations

from importlib.resources import files


def schema_text() -> str:
    """The schema (draft 2020-12) as JSON text."""
    return files("crosslane.config").joinpath("schema.json").read_text(encoding="utf-8")
