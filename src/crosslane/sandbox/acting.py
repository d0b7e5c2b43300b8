"""Acting as somebody else for a while: this process's environment and boto3's default session, put back afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any


@contextmanager
def replaced(environ: MutableMapping[str, str], wanted: Mapping[str, str]) -> Iterator[None]:
    """The environment as ``wanted``, and afterwards what was changed here as it was before."""
    before = {name: environ.get(name) for name in {*environ, *wanted} if environ.get(name) != wanted.get(name)}
    _set(environ, {name: wanted.get(name) for name in before})
    try:
        yield
    finally:
        _set(environ, before)


def _set(environ: MutableMapping[str, str], values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = value


@contextmanager
def fresh_boto3() -> Iterator[None]:
    """Without a default session: boto3 keeps one with the credentials that it found first."""
    boto3: Any = sys.modules.get("boto3")
    before = getattr(boto3, "DEFAULT_SESSION", None)
    if boto3 is not None:
        boto3.DEFAULT_SESSION = None
    try:
        yield
    finally:
        boto3 = sys.modules.get("boto3")
        if boto3 is not None:
            boto3.DEFAULT_SESSION = before
