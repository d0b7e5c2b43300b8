"""Whose a thing is decides what a plan may do to it."""

from __future__ import annotations

from typing import Protocol, TypeVar

from crosslane.desired.model import PIPELINE_TAG, TOOLS_TAG, Tags
from crosslane.live.model import Absent, Owner, Reading, Unreadable, owner_of
from crosslane.plan.model import Blocked, Conflict


class Tagged(Protocol):
    @property
    def tags(self) -> Tags: ...


T = TypeVar("T", bound=Tagged)


def seen(
    found: Reading[T], *, account: str, kind: str, name: str, ours: Tags, adopt: bool
) -> T | Conflict | Blocked | None:
    """The live thing, None if it is absent, ``Blocked`` if it is unreadable, ``Conflict`` if it is not ours.

    With ``adopt`` what nobody holds counts as ours.
    """
    match found:
        case Absent():
            return None
        case Unreadable(reason, code):
            return Blocked(account, kind, name, code, reason)
        case thing:
            owner = owner_of(thing.tags, ours)
            if owner is Owner.OURS or (owner is Owner.NOBODYS and adopt):
                return thing
            return _conflict(account, kind, name, owner, thing.tags)


def _conflict(account: str, kind: str, name: str, owner: Owner, tags: Tags) -> Conflict:
    if owner is Owner.ANOTHER_PIPELINES:
        held = dict(tags)
        pipeline = f"{held.get(PIPELINE_TAG, '?')} (tools account {held.get(TOOLS_TAG, '?')})"
        reason = f"it belongs to the pipeline {pipeline}; give this pipeline other names in [names] or [bootstrap]"
        return Conflict(account, kind, name, reason, adoptable=False)
    return Conflict(account, kind, name, "it exists and crosslane did not make it", adoptable=True)
