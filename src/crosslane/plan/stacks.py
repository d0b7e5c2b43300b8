"""What has to happen to one stack: compares what is wanted with what is live. Pure; used for the plan and again when
a stack's turn comes and its parameters are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from crosslane.desired.model import OutputOf, Stack
from crosslane.live.model import LiveStack, canonical_text
from crosslane.plan.difference import tag_differences, text_differences
from crosslane.plan.model import Change, Op

HELD_NOTHING = frozenset(
    {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"}
)
"""A stack in one of these was never whole (or is half gone) and takes no update: it is deleted and made anew.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html (status codes, 2026-11-24)
"""


@dataclass(frozen=True, slots=True)
class StackDecision:
    """``op`` is CREATE, UPDATE, REPLACE, KEEP or WAIT."""

    op: Op
    reason: str
    changes: tuple[Change, ...] = ()


OutputLookup = Callable[[OutputOf], str | None]
"""The output's value, or None while it is not known."""


def resolved(stack: Stack, outputs: OutputLookup) -> tuple[tuple[str, str | None], ...]:
    """The stack's parameters with their values; None for one that is not known yet."""
    return tuple(
        (parameter.name, parameter.value if isinstance(parameter.value, str) else outputs(parameter.value))
        for parameter in stack.parameters
    )


def under_way(status: str) -> bool:
    """Whether an operation is running on a stack of that status."""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def decide_stack(stack: Stack, live: LiveStack | None, outputs: OutputLookup) -> StackDecision:
    """What to do with the stack."""
    if live is None:
        return StackDecision(Op.CREATE, "it does not exist", _resources(stack))
    if under_way(live.status):
        return StackDecision(Op.WAIT, f"another operation is under way on it ({live.status})")
    if live.status in HELD_NOTHING:
        reason = f"it is in {live.status}, which takes no update: it is deleted and made anew"
        return StackDecision(Op.REPLACE, reason, _resources(stack))
    changes = (
        *text_differences(live.template, canonical_text(stack.template)),
        *_parameter_changes(stack, live, outputs),
        *tag_differences(live.tags, stack.tags),
    )
    if live.status == "UPDATE_ROLLBACK_FAILED":
        return StackDecision(Op.UPDATE, "its last rollback failed: it is continued first", changes)
    if live.status == "UPDATE_FAILED":
        # The template is the one that failed, so that comparing it says nothing about the resources.
        return StackDecision(Op.UPDATE, "its last update failed and was left so: it is rolled back first", changes)
    if changes:
        return StackDecision(Op.UPDATE, f"{len(changes)} of its properties differ", changes)
    return StackDecision(Op.KEEP, f"it is as it should be ({live.status})")


def _resources(stack: Stack) -> tuple[Change, ...]:
    """What a new stack makes: each resource's logical id and type."""
    made = json.loads(stack.template)["Resources"]
    return tuple(Change(f"Resources.{name}", None, str(resource["Type"])) for name, resource in made.items())


def _parameter_changes(stack: Stack, live: LiveStack, outputs: OutputLookup) -> tuple[Change, ...]:
    before = dict(live.parameters)
    declared = json.loads(stack.template).get("Parameters", {})
    defaults = {name: str(entry["Default"]) for name, entry in declared.items() if "Default" in entry}
    wanted: dict[str, str | None] = {**defaults, **dict(resolved(stack, outputs))}
    changes = []
    for name in sorted({*before, *wanted}):
        value = wanted.get(name)
        if name in wanted and value is None:
            changes.append(Change(f"Parameters.{name}", before.get(name), "(known after the stack it comes from)"))
        elif before.get(name) != value:
            changes.append(Change(f"Parameters.{name}", before.get(name), value))
    return tuple(changes)
