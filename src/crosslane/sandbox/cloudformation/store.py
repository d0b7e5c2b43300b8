"""The state of CloudFormation in one account and region."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.stack import Output, Stack

if TYPE_CHECKING:
    from crosslane.sandbox.cloudformation.change_set import ChangeSet
    from crosslane.sandbox.cloudformation.drift import Detection

_GONE = ("DELETE_COMPLETE",)


@dataclass(frozen=True, slots=True)
class Place:
    """Where stacks live, and what the pseudo parameters say about it."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    @property
    def url_suffix(self) -> str:
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def arn(self, resource: str) -> str:
        return f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True, slots=True)
class Tools:
    """What the engine takes from outside.

    ``random`` gives letters and digits; ``settle`` is called with (resource type, ``create`` | ``update`` |
    ``delete``) after each such act, before it counts as complete: the place to model AWS's slowness.
    """

    clock: Callable[[], datetime]
    random: Callable[[int], str]
    settle: Callable[[str, str], None]


@dataclass(slots=True, eq=False)
class Store:
    """Stacks, change sets and used tokens. Everything is read and changed under ``changed``, its lock."""

    place: Place
    changed: threading.Condition = field(default_factory=threading.Condition)
    stacks: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    detections: dict[str, Detection] = field(default_factory=dict)
    tokens: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def find(self, name_or_id: str) -> Stack | None:
        """A stack by id, or by name if it is not deleted."""
        if name_or_id in self.stacks:
            return self.stacks[name_or_id]
        for stack in self.stacks.values():
            if stack.name == name_or_id and stack.status not in _GONE:
                return stack
        return None

    def get(self, name_or_id: str, message: str = "Stack with id {} does not exist") -> Stack:
        """The same; raises ServiceError with ``message`` if there is none."""
        stack = self.find(name_or_id)
        if stack is None:
            raise invalid(message.format(name_or_id))
        return stack

    def live(self, name_or_id: str) -> Stack:
        """A stack that can be worked on: not a deleted one."""
        stack = self.get(name_or_id, "Stack [{}] does not exist")
        if stack.status in _GONE:
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        return stack

    def exports(self) -> Iterator[tuple[Stack, Output]]:
        """Every export with the stack that makes it."""
        for stack in self.stacks.values():
            if stack.status not in _GONE:
                for output in stack.outputs:
                    if output.export is not None:
                        yield stack, output

    def importers(self, export: str) -> list[str]:
        """Names of the stacks that import an export."""
        return [s.name for s in self.stacks.values() if export in s.imports and s.status not in _GONE]
