"""What an operation does to one resource: make, change, replace, undo, delete; each with its events."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from crosslane.sandbox.cloudformation.dynamic import expand
from crosslane.sandbox.cloudformation.evaluation import Evaluation, resource_properties
from crosslane.sandbox.cloudformation.events import resource_event, stack_event
from crosslane.sandbox.cloudformation.policy import denied_by_policy
from crosslane.sandbox.cloudformation.reasons import failure_reason
from crosslane.sandbox.cloudformation.resources.model import Context, HandlerError, Live, ResourceType, gone
from crosslane.sandbox.cloudformation.resources.registry import TYPES
from crosslane.sandbox.cloudformation.resources.shape import PropertyError
from crosslane.sandbox.cloudformation.session import Session
from crosslane.sandbox.cloudformation.stack import Stack, StackResource, Step
from crosslane.sandbox.cloudformation.store import Store, Tools
from crosslane.sandbox.request import ServiceError

REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


@dataclass(slots=True, eq=False)
class Work:
    """One operation on one stack. ``fault`` is what failed on the stack's own account (an export, a function);
    ``failed`` are (verb, logical id) of resources that failed."""

    store: Store
    stack: Stack
    session: Session
    tools: Tools
    token: str | None = None
    policy_override: str | None = None
    fault: str | None = None
    failed: list[tuple[str, str]] = field(default_factory=list)
    halt: threading.Event = field(default_factory=threading.Event)
    started: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.tools.clock()

    def set_status(self, status: str, reason: str | None = None) -> None:
        """The stack's status, with its event."""
        with self.store.changed:
            stack = self.stack
            stack.status, stack.reason = status, reason
            stack.events.append(stack_event(self.tools.clock(), stack.name, stack.id, status, reason, self.token))
            self.store.changed.notify_all()

    def put(self, resource: StackResource, status: str, reason: str | None = None) -> StackResource:
        """The resource's new status, stored and with its event."""
        with self.store.changed:
            changed = replace(resource, status=status, reason=reason, updated=self.tools.clock())
            self.stack.resources[resource.logical_id] = changed
            self.tell(changed, status, reason)
        return changed

    def tell(self, resource: StackResource, status: str, reason: str | None = None) -> None:
        """An event of a resource, without a change of what is stored."""
        with self.store.changed:
            # The time is taken under the lock, so that events are in the order of their times.
            definition = self.stack.definition
            event = resource_event(
                self.tools.clock(),
                resource.logical_id,
                resource.physical_id,
                resource.type,
                status,
                reason,
                definition.masked(resource.properties) if definition else resource.properties,
                self.token,
            )
            self.stack.events.append(event)

    def fail(self, verb: str, logical_id: str) -> None:
        with self.store.changed:
            self.failed.append((verb, logical_id))
        self.halt.set()

    def context(self, logical_id: str, made: Any = None) -> Context:
        place = self.store.place
        return Context(
            client=self.session.client,
            account=place.account,
            region=place.region,
            partition=place.partition,
            stack_name=self.stack.name,
            stack_id=self.stack.id,
            logical_id=logical_id,
            made=made or (lambda physical_id: None),
            random=self.tools.random,
        )

    def expanded(self, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = expand(properties, self.session.client)
        return found

    def live(self, resource: StackResource) -> Live:
        return Live(resource.physical_id, self.expanded(resource.properties), resource.attributes)


# --- forward ------------------------------------------------------------------------------------------------------


def converge(work: Work, evaluation: Evaluation, logical_id: str) -> bool:
    """Bring one resource to what its declaration says. False if it failed."""
    declared = evaluation.definition.template.resources[logical_id]
    old = work.stack.resources.get(logical_id)
    wanted = StackResource(
        logical_id=logical_id,
        type=declared.type,
        status="",
        updated=work.tools.clock(),
        depends_on=evaluation.edges[logical_id],
        deletion_policy=declared.deletion_policy,
        update_replace_policy=declared.update_replace_policy,
        metadata=declared.metadata,
        made_now=work.stack.stable is None,
    )
    creating = old is None or not old.alive
    try:
        properties = resource_properties(evaluation, declared)
    except ServiceError as error:
        work.fault = error.message
        work.halt.set()
        return False
    except PropertyError as error:
        if creating:
            return _failed(work, replace(wanted, properties=_plain(declared.properties)), "create", str(error))
        assert old is not None
        return refuse_update(work, old, str(error))
    wanted = replace(wanted, properties=properties)
    if creating:
        if old is not None and old.physical_id and old.status == "CREATE_FAILED":
            # What an earlier attempt left half made goes first.
            delete_resource(work, old, retain=False, shown=False)
        return _create(work, wanted)
    assert old is not None
    return _change(work, old, wanted)


def _plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if not isinstance(value, (dict, list))}


def _failed(
    work: Work, resource: StackResource, verb: str, reason: str, *, stored: StackResource | None = None
) -> bool:
    """Report a failure of ``resource``; ``stored`` is what the stack keeps instead of it."""
    failed = work.put(resource, f"{verb.upper()}_FAILED", reason)
    if stored is not None:
        with work.store.changed:
            work.stack.resources[stored.logical_id] = replace(
                stored, status=failed.status, reason=reason, updated=failed.updated
            )
    work.fail(verb, resource.logical_id)
    return False


def refuse_update(work: Work, old: StackResource, reason: str) -> bool:
    """An update that was refused before any call: a rollback has nothing to undo but the status."""
    _note(work, Step(old.logical_id, old, replace(old, physical_id="")))
    return _failed(work, old, "update", reason)


def _create(work: Work, wanted: StackResource) -> bool:
    work.put(wanted, "CREATE_IN_PROGRESS")
    made, error = _make(work, wanted, "CREATE_IN_PROGRESS")
    if error is not None:
        _note(work, Step(made.logical_id, None, made))
        return _failed(work, made, "create", failure_reason(error, made.type))
    if work.halt.is_set():
        # AWS stops what is under way when another resource has failed.
        _note(work, Step(made.logical_id, None, made))
        return _failed(work, made, "create", "Resource creation cancelled")
    _note(work, Step(made.logical_id, None, work.put(made, "CREATE_COMPLETE")))
    return True


def _make(work: Work, wanted: StackResource, status: str) -> tuple[StackResource, Exception | None]:
    """Create the physical resource; the physical id is kept even if a later call of the creation fails."""
    current = wanted

    def made(physical_id: str) -> None:
        nonlocal current
        current = work.put(replace(current, physical_id=physical_id), status, "Resource creation Initiated")

    try:
        context = work.context(wanted.logical_id, made)
        properties = work.expanded(wanted.properties)
        _refuse_existing(_type(wanted), context, properties)
        attributes = _type(wanted).create(context, properties)
        work.tools.settle(wanted.type, "create")
    except Exception as error:
        return current, error
    return replace(current, attributes=attributes), None


def _refuse_existing(kind: ResourceType, context: Context, properties: Mapping[str, Any]) -> None:
    identifier = None if kind.existing is None else kind.existing(context, properties)
    if identifier is not None:
        raise HandlerError(
            f"Resource of type '{kind.name}' with identifier '{identifier}' already exists.", "AlreadyExists"
        )


def _type(resource: StackResource) -> ResourceType:
    return TYPES[resource.type]


def _note(work: Work, step: Step) -> None:
    with work.store.changed:
        work.stack.journal.append(step)


def _change(work: Work, old: StackResource, wanted: StackResource) -> bool:
    kept = replace(
        old,
        depends_on=wanted.depends_on,
        deletion_policy=wanted.deletion_policy,
        update_replace_policy=wanted.update_replace_policy,
        metadata=wanted.metadata,
    )
    changed = changed_properties(old.properties, wanted.properties)
    if not changed and old.status != "UPDATE_FAILED":
        with work.store.changed:
            work.stack.resources[old.logical_id] = kept
        _note(work, Step(old.logical_id, old, kept, noted_only=True))
        return True
    wanted = replace(wanted, physical_id=old.physical_id, attributes=old.attributes)
    replacing = bool(changed & _type(old).create_only)
    policy = work.policy_override or work.stack.policy
    verb = "Update:Replace" if replacing else "Update:Modify"
    if refusal := denied_by_policy(policy, verb, old.logical_id, old.type):
        return refuse_update(work, old, refusal)
    return _replace(work, old, wanted) if replacing else _update(work, old, wanted)


def changed_properties(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """Names of the top-level properties that differ."""
    return frozenset(name for name in {*old, *new} if old.get(name) != new.get(name))


def _update(work: Work, old: StackResource, wanted: StackResource) -> bool:
    work.put(wanted, "UPDATE_IN_PROGRESS")
    try:
        live = work.live(old)
        attributes = _type(old).update(work.context(old.logical_id), live, work.expanded(wanted.properties))
        work.tools.settle(old.type, "update")
    except Exception as error:
        _note(work, Step(old.logical_id, old, wanted))
        return _failed(work, wanted, "update", failure_reason(error, old.type), stored=old)
    wanted = replace(wanted, attributes=attributes)
    _note(work, Step(old.logical_id, old, wanted))
    if work.halt.is_set():
        return _failed(work, wanted, "update", "Resource update cancelled")
    work.put(wanted, "UPDATE_COMPLETE")
    return True


def _replace(work: Work, old: StackResource, wanted: StackResource) -> bool:
    work.put(wanted, "UPDATE_IN_PROGRESS", REPLACING)
    made, error = _make(work, replace(wanted, physical_id=old.physical_id), "UPDATE_IN_PROGRESS")
    if error is not None:
        half_made = made.physical_id != old.physical_id
        _note(work, Step(old.logical_id, old, made if half_made else replace(made, physical_id="")))
        if half_made:
            with work.store.changed:
                work.stack.retired.append(made)
        return _failed(work, made, "update", failure_reason(error, old.type), stored=old)
    _note(work, Step(old.logical_id, old, made))
    with work.store.changed:
        work.stack.retired.append(old)
    if work.halt.is_set():
        return _failed(work, made, "update", "Resource update cancelled")
    work.put(made, "UPDATE_COMPLETE")
    return True


# --- backward -----------------------------------------------------------------------------------------------------


def undo_update(work: Work, step: Step) -> bool:
    """Bring a changed resource back to what it was. False if that failed."""
    before = step.before
    assert before is not None
    if step.noted_only:
        with work.store.changed:
            work.stack.resources[step.logical_id] = before
        return True
    if before.physical_id != step.after.physical_id:
        work.put(before, "UPDATE_COMPLETE")
        return True
    work.put(before, "UPDATE_IN_PROGRESS")
    try:
        properties = work.expanded(before.properties)
        attributes = _type(before).update(work.context(before.logical_id), work.live(step.after), properties)
        work.tools.settle(before.type, "update")
    except Exception as error:
        return _failed(work, before, "update", failure_reason(error, before.type))
    work.put(replace(before, attributes=attributes), "UPDATE_COMPLETE")
    return True


def delete_resource(work: Work, resource: StackResource, *, retain: bool, shown: bool = True) -> bool:
    """Delete a resource, or leave it (``retain``). ``shown``: it is the one that the stack lists, not a retired one.

    False if the deletion failed. What is gone already counts as deleted.
    """
    put = work.put if shown else _tell_only(work)
    if retain:
        put(resource, "DELETE_SKIPPED")
        return True
    if not resource.physical_id:
        # Nothing was made: AWS deletes such a resource without a call.
        put(resource, "DELETE_COMPLETE")
        return True
    put(resource, "DELETE_IN_PROGRESS")
    try:
        _type(resource).delete(work.context(resource.logical_id), work.live(resource))
        work.tools.settle(resource.type, "delete")
    except Exception as error:
        if not gone(error):
            put(resource, "DELETE_FAILED", failure_reason(error, resource.type))
            return False
    put(resource, "DELETE_COMPLETE")
    return True


def _tell_only(work: Work) -> Any:
    def tell(resource: StackResource, status: str, reason: str | None = None) -> StackResource:
        work.tell(resource, status, reason)
        return resource

    return tell
