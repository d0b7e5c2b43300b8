"""What an operation does to a whole stack: create, update, delete, roll back. Runs in the operation's own thread.

Order and statuses: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
(2026-11-24).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.evaluation import Evaluation, evaluate, outputs
from crosslane.sandbox.cloudformation.graph import reverse, walk
from crosslane.sandbox.cloudformation.policy import denied_by_policy
from crosslane.sandbox.cloudformation.stack import Definition, Output, StackResource
from crosslane.sandbox.cloudformation.work import Work, converge, delete_resource, refuse_update, undo_update
from crosslane.sandbox.request import ServiceError

OnFailure = Literal["ROLLBACK", "DELETE", "DO_NOTHING"]


# --- create and update --------------------------------------------------------------------------------------------


def create(work: Work, on_failure: OnFailure) -> None:
    """Make every resource; on failure do as ``on_failure`` says."""
    done = _forward(work)
    if work.stack.cancelled:
        # Deleted while it was being made.
        work.set_status("DELETE_IN_PROGRESS", "User Initiated")
        _delete_all(work, "DELETE", frozenset(), force=False, rolling_back=True)
        return
    if done:
        _settle_down(work)
        work.set_status("CREATE_COMPLETE")
        return
    reason = _what_failed(work)
    match on_failure:
        case "DO_NOTHING":
            work.set_status("CREATE_FAILED", reason)
        case "ROLLBACK":
            rollback_create(work, f"{reason}Rollback requested by user.")
        case "DELETE":
            work.set_status("DELETE_IN_PROGRESS", f"{reason}Delete requested by user.")
            _delete_all(work, "DELETE", frozenset(), force=False, rolling_back=True)


def update(work: Work, *, disable_rollback: bool) -> None:
    """Bring every resource to the new definition, then delete what is no longer declared."""
    if _forward(work):
        _clean_up_update(work)
        return
    reason = _what_failed(work)
    if disable_rollback and not work.stack.cancelled:
        work.set_status("UPDATE_FAILED", reason)
    else:
        roll_back_update(work, reason)


def _forward(work: Work) -> bool:
    """Converge all declared resources and evaluate the outputs. False after any failure."""
    imports: set[str] = set()
    try:
        evaluation = evaluation_of(work, work.stack.defined(), imports)
    except ServiceError as error:
        work.fault = error.message
        return False
    if not _removals_allowed(work, evaluation):
        return False
    failed = walk(evaluation.edges, lambda name: _converge(work, evaluation, name), stop_at_failure=True)
    if failed or work.fault is not None or work.stack.cancelled:
        return False
    if _out_of_time(work):
        work.fault = "Stack creation time exceeded the specified timeout"
        return False
    try:
        made = outputs(evaluation)
        _check_exports(work, made)
    except ServiceError as error:
        work.fault = error.message
        return False
    with work.store.changed:
        work.stack.outputs = made
        work.stack.imports = frozenset(imports)
    return True


def _converge(work: Work, evaluation: Evaluation, name: str) -> bool:
    if work.stack.cancelled:
        return False
    if _out_of_time(work):
        work.fault = "Stack creation time exceeded the specified timeout"
        work.halt.set()
        return False
    return converge(work, evaluation, name)


def _out_of_time(work: Work) -> bool:
    """``TimeoutInMinutes`` counts for the creation of a stack only."""
    stack = work.stack
    if stack.timeout_minutes is None or stack.status != "CREATE_IN_PROGRESS":
        return False
    return work.tools.clock() > work.started + timedelta(minutes=stack.timeout_minutes)


def _removals_allowed(work: Work, evaluation: Evaluation) -> bool:
    policy = work.policy_override or work.stack.policy
    for name, resource in list(work.stack.resources.items()):
        if name not in evaluation.active:
            refusal = denied_by_policy(policy, "Update:Delete", name, resource.type)
            if refusal is not None:
                return refuse_update(work, resource, refusal)
    return True


def evaluation_of(work: Work, definition: Definition, imports: set[str]) -> Evaluation:
    """The definition evaluated against what exists; ``imports`` collects the exports it uses."""
    stack, store = work.stack, work.store

    def reference(logical_id: str) -> str:
        return stack.resources[logical_id].physical_id

    def attribute(logical_id: str, name: str) -> object:
        attributes = stack.resources[logical_id].attributes
        if name not in attributes:
            raise invalid(f"Template error: resource {logical_id} has no value for the attribute {name}")
        return attributes[name]

    def export(name: str) -> str:
        with store.changed:
            for _, output in store.exports():
                if output.export == name:
                    imports.add(name)
                    return output.value
        raise invalid(f"No export named {name} found")

    return evaluate(
        definition, store.place, stack.name, stack.id, reference=reference, attribute=attribute, export=export
    )


def _check_exports(work: Work, made: tuple[Output, ...]) -> None:
    """Refuse exports that another stack has, and changes of exports that another stack uses."""
    with work.store.changed:
        others = {o.export: stack for stack, o in work.store.exports() if stack is not work.stack}
        new = {output.export: output.value for output in made if output.export is not None}
        for name in new:
            if name in others:
                raise invalid(f"Export with name {name} is already exported by stack {others[name].name}")
        for output in work.stack.outputs:
            users = work.store.importers(output.export) if output.export is not None else []
            users = [user for user in users if user != work.stack.name]
            if users and (output.export not in new or new[output.export] != output.value):
                words = "Cannot update" if output.export in new else "Delete canceled. Cannot delete"
                raise invalid(f"{words} export {output.export} as it is in use by {_names(users)}")


def _names(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _what_failed(work: Work) -> str:
    """The stack's status reason for a failure, ending in a space."""
    if work.stack.cancelled:
        return "User Initiated "
    if work.fault is not None:
        return f"{work.fault.rstrip('.')}. "
    words = []
    for verb in ("create", "update", "delete"):
        names = [name for failed, name in work.failed if failed == verb]
        if names:
            words.append(f"The following resource(s) failed to {verb}: [{', '.join(names)}]. ")
    return "".join(words)


def _settle_down(work: Work) -> None:
    """A stable state is reached: nothing of the way there is needed any more."""
    with work.store.changed:
        stack = work.stack
        stack.journal.clear()
        stack.retired.clear()
        stack.stable, stack.stable_outputs = stack.definition, stack.outputs
        for name, resource in stack.resources.items():
            stack.resources[name] = replace(resource, made_now=False)


def _clean_up_update(work: Work) -> None:
    work.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    stack = work.stack
    with work.store.changed:
        declared = evaluation_of(work, stack.defined(), set()).active
        removed = {name: res for name, res in stack.resources.items() if name not in declared}
        retired = list(stack.retired)
    failed = False
    for old in reversed(retired):
        failed |= not delete_resource(work, old, retain=old.update_replace_policy == "Retain", shown=False)

    def delete(name: str) -> bool:
        return delete_resource(work, removed[name], retain=_retained(removed[name], rolling_back=False))

    edges = reverse({name: resource.depends_on & removed.keys() for name, resource in removed.items()})
    failed |= bool(walk(edges, delete, stop_at_failure=False))
    with work.store.changed:
        for name in removed:
            del stack.resources[name]
    _settle_down(work)
    reason = "Update successful. One or more resources could not be deleted." if failed else None
    work.set_status("UPDATE_COMPLETE", reason)


def _retained(resource: StackResource, *, rolling_back: bool) -> bool:
    """Whether the deletion policy keeps a resource. ``RetainExceptOnCreate`` keeps it except when the creation of
    the stack, or of the resource by an update, is rolled back.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    if resource.deletion_policy == "RetainExceptOnCreate":
        return not rolling_back
    return resource.deletion_policy == "Retain"


# --- rollback -----------------------------------------------------------------------------------------------------


def rollback_create(work: Work, reason: str | None) -> None:
    """Delete what a failed creation made."""
    work.set_status("ROLLBACK_IN_PROGRESS", reason)
    _delete_all(work, "ROLLBACK", frozenset(), force=False, rolling_back=True)


def roll_back_update(work: Work, reason: str | None, skip: frozenset[str] = frozenset()) -> None:
    """Undo the journal backwards, then delete what the update made. ``skip`` are left as they are."""
    work.set_status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
    stack = work.stack
    work.failed.clear()
    with work.store.changed:
        stack.cancelled = False
        journal = list(stack.journal)
    for step in reversed(journal):
        if step.before is None:
            continue
        if step.logical_id in skip:
            work.put(step.before, "UPDATE_COMPLETE")
        elif not undo_update(work, step):
            continue
        with work.store.changed:
            stack.journal.remove(step)
            if step.after.physical_id not in ("", step.before.physical_id):
                # The replacement is deleted with what the update made anew.
                stack.retired = [old for old in stack.retired if old != step.before and old != step.after]
                stack.retired.append(step.after)
    if work.failed:
        work.set_status("UPDATE_ROLLBACK_FAILED", _what_failed(work))
        return
    _clean_up_rollback(work)


def _clean_up_rollback(work: Work) -> None:
    work.set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    stack = work.stack
    with work.store.changed:
        made = {step.logical_id: stack.resources[step.logical_id] for step in stack.journal if step.before is None}
        retired = list(stack.retired)
    failed = False
    for resource in reversed(retired):
        failed |= not delete_resource(work, resource, retain=False, shown=False)
    edges = reverse({name: resource.depends_on & made.keys() for name, resource in made.items()})

    def delete(name: str) -> bool:
        return delete_resource(work, made[name], retain=_retained(made[name], rolling_back=True))

    failed |= bool(walk(edges, delete, stop_at_failure=False))
    with work.store.changed:
        for name in made:
            del stack.resources[name]
        stack.definition, stack.outputs = stack.stable, stack.stable_outputs
    _settle_down(work)
    work.set_status("UPDATE_ROLLBACK_COMPLETE", "One or more resources could not be deleted." if failed else None)


# --- delete -------------------------------------------------------------------------------------------------------


def begin_delete(work: Work) -> None:
    """Set a stack on its way to deletion; it stays as it is if another stack imports one of its exports."""
    with work.store.changed:
        before = work.stack.status
        used = _exports_in_use(work)
        work.set_status("DELETE_IN_PROGRESS", "User Initiated")
        if used is not None:
            work.set_status(before, f"Delete canceled. {used}.")


def delete(work: Work, retain: frozenset[str], *, force: bool) -> None:
    """Delete a stack. ``retain`` are logical ids to leave; ``force`` leaves what cannot be deleted."""
    _delete_all(work, "DELETE", retain, force=force, rolling_back=False)


def _exports_in_use(work: Work) -> str | None:
    for output in work.stack.outputs:
        users = [n for n in work.store.importers(output.export or "") if n != work.stack.name]
        if output.export is not None and users:
            return f"Cannot delete export {output.export} as it is in use by {_names(users)}"
    return None


def _delete_all(
    work: Work, verb: Literal["DELETE", "ROLLBACK"], retain: frozenset[str], *, force: bool, rolling_back: bool
) -> None:
    stack = work.stack
    with work.store.changed:
        resources = {
            name: resource
            for name, resource in stack.resources.items()
            if resource.status not in ("DELETE_COMPLETE", "DELETE_SKIPPED")
        }
        retired = list(stack.retired)
    for old in reversed(retired):
        delete_resource(work, old, retain=False, shown=False)

    def act(name: str) -> bool:
        resource = resources[name]
        if name in retain or _kept(work, resource, rolling_back=rolling_back):
            return delete_resource(work, resource, retain=True)
        if delete_resource(work, resource, retain=False):
            return True
        if force:
            return delete_resource(work, stack.resources[name], retain=True)
        return False

    edges = reverse({name: resource.depends_on & resources.keys() for name, resource in resources.items()})
    failed = walk(edges, act, stop_at_failure=False)
    if failed:
        names = ", ".join(sorted(failed))
        work.set_status(f"{verb}_FAILED", f"The following resource(s) failed to delete: [{names}]. ")
        return
    with work.store.changed:
        stack.retired.clear()
        stack.journal.clear()
        stack.outputs, stack.imports = (), frozenset()
        if verb == "DELETE":
            stack.deleted = work.tools.clock()
    work.set_status(f"{verb}_COMPLETE")


def _kept(work: Work, resource: StackResource, *, rolling_back: bool) -> bool:
    if rolling_back and resource.made_now and work.stack.retain_except_on_create:
        return False
    return _retained(resource, rolling_back=rolling_back and resource.made_now)
