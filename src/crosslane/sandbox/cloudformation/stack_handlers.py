"""The operations that change stacks.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from crosslane.sandbox.cloudformation import operations
from crosslane.sandbox.cloudformation.changes import check_types, difference
from crosslane.sandbox.cloudformation.core import Answer, Core, once, remember
from crosslane.sandbox.cloudformation.errors import constraint, invalid
from crosslane.sandbox.cloudformation.evaluation import evaluate
from crosslane.sandbox.cloudformation.policy import check_policy
from crosslane.sandbox.cloudformation.requests import allow_only, definition_of, named, read_s3, stack_name
from crosslane.sandbox.cloudformation.session import Session, check_role
from crosslane.sandbox.cloudformation.stack import UPDATABLE, Definition, Stack
from crosslane.sandbox.cloudformation.store import Place, Store
from crosslane.sandbox.cloudformation.work import Work
from crosslane.sandbox.request import Request, ServiceError

USER_INITIATED = "User Initiated"
_DEFINITION = (
    "StackName",
    "TemplateBody",
    "TemplateURL",
    "Parameters",
    "Capabilities",
    "ResourceTypes",
    "RoleARN",
    "RollbackConfiguration",
    "NotificationARNs",
    "Tags",
    "ClientRequestToken",
)


def create_stack(core: Core, request: Request) -> Answer:
    """CreateStack: the operation goes on in the background."""
    allow_only(
        request,
        *_DEFINITION,
        "DisableRollback",
        "TimeoutInMinutes",
        "OnFailure",
        "StackPolicyBody",
        "StackPolicyURL",
        "EnableTerminationProtection",
        "RetainExceptOnCreate",
    )
    given, store, name = request.parameters, core.store(request), stack_name(request)
    on_failure = _on_failure(request)
    token = given.get("ClientRequestToken")
    session = core.session(request, given.get("RoleARN"))
    policy = _policy(request, session, "StackPolicy")
    with store.changed:
        if (answer := once(store, "CreateStack", token, name)) is not None:
            return answer
        refuse_existing(store, name)
    definition = definition_of(request, session, None)
    check_role(session)
    stack_id = store.place.arn(f"stack/{name}/{core.new_id()}")
    check_order(definition, store.place, name, stack_id)
    with store.changed:
        refuse_existing(store, name)
        stack = Stack(stack_id, name, core.tools.clock(), "CREATE_IN_PROGRESS", definition)
        stack.disable_rollback = on_failure == "DO_NOTHING"
        stack.retain_except_on_create = bool(given.get("RetainExceptOnCreate"))
        stack.timeout_minutes = given.get("TimeoutInMinutes")
        stack.termination_protection = bool(given.get("EnableTerminationProtection"))
        stack.policy = policy
        store.stacks[stack_id] = stack
        work = Work(store, stack, session, core.tools, token)
        work.set_status("CREATE_IN_PROGRESS", USER_INITIATED)
        answer = remember(store, "CreateStack", token, name, {"StackId": stack_id})
    core.launch(work, partial(operations.create, on_failure=on_failure))
    return answer


def refuse_existing(store: Store, name: str) -> None:
    """Raises ServiceError if the name is taken by a stack that is not deleted."""
    if store.find(name) is not None:
        raise ServiceError("AlreadyExistsException", f"Stack [{name}] already exists")


def _on_failure(request: Request) -> operations.OnFailure:
    given = request.parameters.get("OnFailure")
    disable = request.parameters.get("DisableRollback")
    if given is not None and disable is not None:
        raise invalid("You cannot specify both OnFailure and DisableRollback")
    match given:
        case "DELETE":
            return "DELETE"
        case "DO_NOTHING":
            return "DO_NOTHING"
        case "ROLLBACK":
            return "ROLLBACK"
        case None:
            return "DO_NOTHING" if disable else "ROLLBACK"
        case _:
            raise constraint(given, "onFailure", "satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]")


def _policy(request: Request, session: Session, prefix: str) -> str | None:
    body, url = request.parameters.get(f"{prefix}Body"), request.parameters.get(f"{prefix}URL")
    if body and url:
        raise invalid(f"You cannot specify both {prefix}URL and {prefix}Body")
    if url:
        body = read_s3(url, session)
    return check_policy(body) if body else None


def check_order(definition: Definition, place: Place, name: str, stack_id: str) -> None:
    """Conditions, references under them, and order: refused before anything is made."""
    evaluate(
        definition,
        place,
        name,
        stack_id,
        reference=lambda logical_id: logical_id,
        attribute=lambda logical_id, attribute: attribute,
        export=lambda export: export,
    )


def update_stack(core: Core, request: Request) -> Answer:
    """UpdateStack: the operation goes on in the background."""
    allow_only(
        request,
        *_DEFINITION,
        "UsePreviousTemplate",
        "DisableRollback",
        "StackPolicyDuringUpdateBody",
        "StackPolicyDuringUpdateURL",
        "StackPolicyBody",
        "StackPolicyURL",
        "RetainExceptOnCreate",
    )
    given, store, name = request.parameters, core.store(request), named(request)
    token = given.get("ClientRequestToken")
    disable = bool(given.get("DisableRollback"))
    with store.changed:
        stack = store.live(name)
        if (answer := once(store, "UpdateStack", token, stack.id)) is not None:
            return answer
        refuse_update(stack, disable_rollback=disable)
        session = core.session(request, given.get("RoleARN") or stack.defined().role_arn)
    definition = definition_of(request, session, stack)
    check_role(session)
    during = _policy(request, session, "StackPolicyDuringUpdate")
    policy = _policy(request, session, "StackPolicy")
    with store.changed:
        refuse_update(stack, disable_rollback=disable)
        check_types(stack, definition)
        if not difference(store, stack, definition).anything and stack.status != "UPDATE_FAILED":
            raise invalid("No updates are to be performed.")
        work = begin_update(core, store, stack, definition, session, token)
        work.policy_override = during
        stack.policy = policy or stack.policy
        stack.retain_except_on_create = bool(given.get("RetainExceptOnCreate"))
        answer = remember(store, "UpdateStack", token, stack.id, {"StackId": stack.id})
    core.launch(work, partial(operations.update, disable_rollback=disable))
    return answer


def refuse_update(stack: Stack, *, disable_rollback: bool) -> None:
    """Raises ServiceError if the stack's status allows no update."""
    failed = stack.status in ("CREATE_FAILED", "UPDATE_FAILED")
    if stack.status not in UPDATABLE or (failed and not disable_rollback):
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def begin_update(
    core: Core, store: Store, stack: Stack, definition: Definition, session: Session, token: str | None
) -> Work:
    """Set a stack on its way to a new definition; called under the lock."""
    stack.definition, stack.updated, stack.cancelled = definition, core.tools.clock(), False
    for change_set in store.change_sets.values():
        if change_set.stack_id == stack.id and change_set.execution_status == "AVAILABLE":
            change_set.execution_status = "OBSOLETE"
    work = Work(store, stack, session, core.tools, token)
    work.set_status("UPDATE_IN_PROGRESS", USER_INITIATED)
    return work


def delete_stack(core: Core, request: Request) -> Answer:
    """DeleteStack: the operation goes on in the background; of one that is not there, nothing."""
    allow_only(request, "StackName", "RetainResources", "RoleARN", "ClientRequestToken", "DeletionMode")
    given, store = request.parameters, core.store(request)
    force = given.get("DeletionMode") == "FORCE_DELETE_STACK"
    retain = frozenset(given.get("RetainResources", ()))
    with store.changed:
        stack = store.find(named(request))
        if stack is None or stack.status in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS"):
            return {}
        if stack.termination_protection:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if (retain or force) and stack.status != "DELETE_FAILED":
            what = "which resources to retain" if retain else "FORCE_DELETE_STACK"
            raise invalid(
                f"Invalid operation on stack [{stack.id}]. When you delete a stack, specify {what} only when the stack "
                "is in the DELETE_FAILED state."
            )
        unknown = sorted(retain - stack.resources.keys())
        if unknown:
            raise invalid(f"The specified resources to retain [{', '.join(unknown)}] do not exist in the stack.")
        role = given.get("RoleARN") or (stack.definition.role_arn if stack.definition else None)
        session = core.session(request, role)
        work = Work(store, stack, session, core.tools, given.get("ClientRequestToken"))
        if stack.status == "CREATE_IN_PROGRESS":
            # The creation under way stops at its next step and deletes what it made.
            stack.cancelled = True
            return {}
        if stack.busy:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
        stack.deletion_mode = given.get("DeletionMode")
        operations.begin_delete(work)
    if stack.status == "DELETE_IN_PROGRESS":
        core.launch(work, partial(operations.delete, retain=retain, force=force))
    return {}


def cancel_update_stack(core: Core, request: Request) -> Answer:
    """CancelUpdateStack: the update that is under way is rolled back."""
    store = core.store(request)
    with store.changed:
        stack = store.live(named(request))
        if stack.status != "UPDATE_IN_PROGRESS":
            raise invalid("CancelUpdateStack cannot be called from current stack status")
        stack.cancelled = True
    return {}


def continue_update_rollback(core: Core, request: Request) -> Answer:
    """ContinueUpdateRollback, without ``ResourcesToSkip``."""
    allow_only(request, "StackName", "RoleARN", "ResourcesToSkip", "ClientRequestToken")
    given, store = request.parameters, core.store(request)
    skip = frozenset(given.get("ResourcesToSkip", ()))
    with store.changed:
        stack = store.live(named(request))
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not continue rolling back an update.")
        failed = {name for name, res in stack.resources.items() if res.status == "UPDATE_FAILED"}
        if skip - failed:
            raise invalid(
                f"Invalid resources to skip [{', '.join(sorted(skip - failed))}]. You can only skip resources in the "
                "UPDATE_FAILED state."
            )
        session = core.session(request, given.get("RoleARN") or stack.defined().role_arn)
        work = Work(store, stack, session, core.tools, given.get("ClientRequestToken"))
        stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    core.launch(work, partial(operations.roll_back_update, reason=USER_INITIATED, skip=skip))
    return {}


def rollback_stack(core: Core, request: Request) -> Answer:
    """RollbackStack: from a failed creation or update to the last stable state."""
    allow_only(request, "StackName", "RoleARN", "ClientRequestToken", "RetainExceptOnCreate")
    given, store = request.parameters, core.store(request)
    with store.changed:
        stack = store.live(named(request))
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
        session = core.session(request, given.get("RoleARN") or stack.defined().role_arn)
        work = Work(store, stack, session, core.tools, given.get("ClientRequestToken"))
        stack.retain_except_on_create = bool(given.get("RetainExceptOnCreate"))
        created = stack.stable is None
        stack.status = "ROLLBACK_IN_PROGRESS" if created else "UPDATE_ROLLBACK_IN_PROGRESS"
    run = operations.rollback_create if created else operations.roll_back_update
    core.launch(work, partial(run, reason=USER_INITIATED))
    return {"StackId": stack.id}


def update_termination_protection(core: Core, request: Request) -> Answer:
    """UpdateTerminationProtection."""
    store = core.store(request)
    with store.changed:
        stack = store.live(named(request))
        stack.termination_protection = bool(request.parameters["EnableTerminationProtection"])
    return {"StackId": stack.id}


def set_stack_policy(core: Core, request: Request) -> Answer:
    """SetStackPolicy."""
    store = core.store(request)
    policy = _policy(request, core.session(request, None), "StackPolicy")
    with store.changed:
        store.live(named(request)).policy = policy
    return {}


def get_stack_policy(core: Core, request: Request) -> Answer:
    """GetStackPolicy."""
    store = core.store(request)
    with store.changed:
        stack = store.live(named(request))
        return {} if stack.policy is None else {"StackPolicyBody": stack.policy}


OPERATIONS: Final[Mapping[str, Callable[[Core, Request], Answer]]] = {
    "CreateStack": create_stack,
    "UpdateStack": update_stack,
    "DeleteStack": delete_stack,
    "CancelUpdateStack": cancel_update_stack,
    "ContinueUpdateRollback": continue_update_rollback,
    "RollbackStack": rollback_stack,
    "UpdateTerminationProtection": update_termination_protection,
    "SetStackPolicy": set_stack_policy,
    "GetStackPolicy": get_stack_policy,
}
