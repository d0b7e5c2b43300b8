"""The operations on change sets.

A change set is worked out while the request is answered: it is ``CREATE_COMPLETE`` (or ``FAILED``) at the first look.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html (2026-11-24)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from crosslane.sandbox.cloudformation import operations
from crosslane.sandbox.cloudformation.change_set import NO_CHANGES, ChangeSet, describe, summary
from crosslane.sandbox.cloudformation.changes import Difference, check_types, difference
from crosslane.sandbox.cloudformation.core import Answer, Core
from crosslane.sandbox.cloudformation.describe import page
from crosslane.sandbox.cloudformation.errors import constraint, invalid, unsupported
from crosslane.sandbox.cloudformation.events import stack_event
from crosslane.sandbox.cloudformation.requests import allow_only, expanded, named, source_of, stack_name
from crosslane.sandbox.cloudformation.session import check_role
from crosslane.sandbox.cloudformation.stack import Definition, Stack
from crosslane.sandbox.cloudformation.stack_handlers import USER_INITIATED, begin_update, check_order, refuse_update
from crosslane.sandbox.cloudformation.store import Store
from crosslane.sandbox.cloudformation.work import Work
from crosslane.sandbox.request import Request, ServiceError

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_TAKEN = (
    "StackName",
    "TemplateBody",
    "TemplateURL",
    "UsePreviousTemplate",
    "Parameters",
    "Capabilities",
    "ResourceTypes",
    "RoleARN",
    "RollbackConfiguration",
    "NotificationARNs",
    "Tags",
    "ChangeSetName",
    "ClientToken",
    "Description",
    "ChangeSetType",
    "OnStackFailure",
)
"""The parameters of CreateChangeSet that count here."""


def create_change_set(core: Core, request: Request) -> Answer:
    """CreateChangeSet, for a stack that is there or for a new one. The same token again gets the same answer."""
    allow_only(request, *_TAKEN)
    given, store = request.parameters, core.store(request)
    name, kind = _change_set_name(request), given.get("ChangeSetType", "UPDATE")
    if kind == "IMPORT":
        raise unsupported("change sets of type IMPORT")
    if given.get("OnStackFailure") == "DELETE" and kind != "CREATE":
        raise invalid("OnStackFailure DELETE is only valid when ChangeSetType is CREATE.")
    token = given.get("ClientToken")
    with store.changed:
        found = _stack_for(store, request, kind, name)
        if (known := _same(store, found, name, token)) is not None:
            return {"Id": known.id, "StackId": known.stack_id}
    previous = found if kind == "UPDATE" else None
    old_role = previous.defined().role_arn if previous else None
    session = core.session(request, given.get("RoleARN") or old_role)
    source = source_of(request, session, previous)
    check_role(session)
    definition, failure = _expanded(request, source)
    with store.changed:
        # Looked up anew: another request may have been quicker.
        found = _stack_for(store, request, kind, name)
        if (known := _same(store, found, name, token)) is not None:
            return {"Id": known.id, "StackId": known.stack_id}
        return _recorded(core, store, request, found, definition, failure)


def _recorded(
    core: Core, store: Store, request: Request, found: Stack | None, definition: Definition, failure: str | None
) -> Answer:
    """Work out what the change set changes and keep it; ``found`` is its stack, made if there is none.

    ``failure`` is why it cannot be executed, if that is known already.
    """
    given = request.parameters
    name, kind = _change_set_name(request), given.get("ChangeSetType", "UPDATE")
    stack = found if found is not None else _new_stack(core, store, stack_name(request))
    diff = Difference((), anything=False)
    if failure is None:
        diff, failure = _worked_out(store, stack, definition)
    if found is None:
        store.stacks[stack.id] = stack
    if failure is None and kind == "UPDATE" and not diff.anything:
        failure = NO_CHANGES
    change_set = ChangeSet(
        id=store.place.arn(f"changeSet/{name}/{core.new_id()}"),
        name=name,
        type=kind,
        stack_id=stack.id,
        stack_name=stack.name,
        created=core.tools.clock(),
        definition=definition,
        difference=diff,
        status="FAILED" if failure is not None else "CREATE_COMPLETE",
        execution_status="UNAVAILABLE" if failure is not None else "AVAILABLE",
        description=given.get("Description"),
        reason=failure,
        on_failure=given.get("OnStackFailure"),
        token=given.get("ClientToken"),
    )
    store.change_sets[change_set.id] = change_set
    if kind == "CREATE":
        stack.change_set_id = change_set.id
    return {"Id": change_set.id, "StackId": stack.id}


def _expanded(request: Request, source: Definition) -> tuple[Definition, str | None]:
    """The definition with its transform done, else as it was with the reason why the change set fails.

    Change sets need no CAPABILITY_AUTO_EXPAND: they are what shows the expansion
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html, 2026-11-25).
    """
    try:
        return expanded(request, source), None
    except ServiceError as error:
        return source, error.message


def _worked_out(store: Store, stack: Stack, definition: Definition) -> tuple[Difference, str | None]:
    """What the change set changes. What is wrong with a template is answered at once, with an expanded one it is the
    reason why the change set fails."""
    try:
        check_types(stack, definition)
        check_order(definition, store.place, stack.name, stack.id)
        return difference(store, stack, definition), None
    except ServiceError as error:
        if not definition.template.transforms:
            raise
        return Difference((), anything=False), error.message


def _same(store: Store, stack: Stack | None, name: str, token: str | None) -> ChangeSet | None:
    """The change set that a request with the same token made already; raises ServiceError if the name is taken."""
    known = None if stack is None else _named_change_set(store, stack, name)
    if known is None:
        return None
    if token is not None and known.token == token:
        return known
    if known.execution_status.startswith("EXECUTE_") or known.status == "FAILED":
        # The AWS CLI names change sets after the second, in which two deploys of a stack can fall here.
        return None
    raise ServiceError("AlreadyExistsException", f"ChangeSet [{name}] already exists")


def _change_set_name(request: Request) -> str:
    name = str(request.parameters.get("ChangeSetName", ""))
    if not _NAME.fullmatch(name):
        raise constraint(name, "changeSetName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
    if len(name) > 128:
        raise constraint(name, "changeSetName", "have length less than or equal to 128")
    return name


def _stack_for(store: Store, request: Request, kind: str, change_set: str) -> Stack | None:
    """The stack that a change set is for; None where a CREATE change set is to make it."""
    name = named(request)
    stack = store.find(name)
    if kind == "CREATE":
        if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise invalid(
                f"Stack [{name}] already exists and cannot be created again with the changeSet [{change_set}]."
            )
        return stack
    if kind != "UPDATE":
        raise constraint(kind, "changeSetType", "satisfy enum value set: [IMPORT, UPDATE, CREATE]")
    if stack is None:
        raise invalid(f"Stack [{name}] does not exist")
    # Whether rollback will be disabled is said only at the execution.
    refuse_update(stack, disable_rollback=True)
    return stack


def _new_stack(core: Core, store: Store, name: str) -> Stack:
    now = core.tools.clock()
    stack_id = store.place.arn(f"stack/{name}/{core.new_id()}")
    stack = Stack(stack_id, name, now, "REVIEW_IN_PROGRESS", reason=USER_INITIATED)
    stack.events.append(stack_event(now, name, stack_id, "REVIEW_IN_PROGRESS", USER_INITIATED))
    return stack


def _named_change_set(store: Store, stack: Stack, name: str) -> ChangeSet | None:
    """The latest change set of that name: an executed or failed one leaves its name to the next."""
    for change_set in reversed(store.change_sets.values()):
        if change_set.stack_id == stack.id and change_set.name == name:
            return change_set
    return None


def find_change_set(store: Store, parameters: Mapping[str, Any]) -> ChangeSet:
    """A change set by ARN, or by name and stack."""
    name = parameters["ChangeSetName"]
    if name.startswith("arn:"):
        found = store.change_sets.get(name)
    elif not parameters.get("StackName"):
        raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
    else:
        stack = store.find(parameters["StackName"])
        if stack is None:
            raise invalid(f"Stack [{parameters['StackName']}] does not exist")
        found = _named_change_set(store, stack, name)
    if found is None:
        raise ServiceError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
    return found


def describe_change_set(core: Core, request: Request) -> Answer:
    """DescribeChangeSet, its changes a page at a time."""
    store = core.store(request)
    with store.changed:
        found = find_change_set(store, request.parameters)
        shown = describe(found, values=bool(request.parameters.get("IncludePropertyValues")))
    changes = shown.pop("Changes")
    return shown | page(changes, request.parameters.get("NextToken"), "Changes", lambda change: change)


def list_change_sets(core: Core, request: Request) -> Answer:
    """ListChangeSets of one stack."""
    store = core.store(request)
    with store.changed:
        stack = store.get(named(request), "Stack [{}] does not exist")
        found = [change_set for change_set in store.change_sets.values() if change_set.stack_id == stack.id]
        return page(found, request.parameters.get("NextToken"), "Summaries", summary)


def delete_change_set(core: Core, request: Request) -> Answer:
    """DeleteChangeSet; of one that is not there, nothing."""
    store = core.store(request)
    with store.changed:
        try:
            found = find_change_set(store, request.parameters)
        except ServiceError as error:
            # Deleting what is not there succeeds; an unknown stack does not.
            if error.code == "ChangeSetNotFound":
                return {}
            raise
        if found.execution_status == "EXECUTE_IN_PROGRESS":
            raise ServiceError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{found.id}] cannot be deleted in its current execution status of [EXECUTE_IN_PROGRESS]",
            )
        del store.change_sets[found.id]
    return {}


def execute_change_set(core: Core, request: Request) -> Answer:
    """ExecuteChangeSet: the operation goes on in the background."""
    allow_only(request, "ChangeSetName", "StackName", "ClientRequestToken", "DisableRollback", "RetainExceptOnCreate")
    given, store = request.parameters, core.store(request)
    with store.changed:
        change_set = find_change_set(store, given)
        token = given.get("ClientRequestToken")
        if change_set.status != "CREATE_COMPLETE":
            raise _not_executable(change_set, "status", change_set.status)
        if change_set.execution_status != "AVAILABLE":
            raise _not_executable(change_set, "execution status", change_set.execution_status)
        if given.get("DisableRollback") is not None and change_set.on_failure is not None:
            raise invalid("You cannot specify both OnStackFailure and DisableRollback.")
        stack = store.stacks[change_set.stack_id]
        disable = bool(given.get("DisableRollback")) or change_set.on_failure == "DO_NOTHING"
        definition = change_set.definition
        session = core.session(request, definition.role_arn)
        stack.change_set_id = change_set.id
        stack.retain_except_on_create = bool(given.get("RetainExceptOnCreate"))
        stack.disable_rollback = disable
        run: Callable[[Work], None]
        if change_set.type == "CREATE":
            _discard_others(store, change_set)
            stack.definition, stack.updated = definition, core.tools.clock()
            work = Work(store, stack, session, core.tools, token)
            work.set_status("CREATE_IN_PROGRESS", USER_INITIATED)
            on_failure: operations.OnFailure = "DO_NOTHING" if disable else "ROLLBACK"
            run = partial(operations.create, on_failure="DELETE" if change_set.on_failure == "DELETE" else on_failure)
        else:
            refuse_update(stack, disable_rollback=disable)
            work = begin_update(core, store, stack, definition, session, token)
            run = partial(operations.update, disable_rollback=disable)
        change_set.execution_status = "EXECUTE_IN_PROGRESS"

    def execute(work: Work) -> None:
        run(work)
        with store.changed:
            done = work.stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
            change_set.execution_status = "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"

    core.launch(work, execute)
    return {}


def _discard_others(store: Store, executed: ChangeSet) -> None:
    for other in store.change_sets.values():
        if other.stack_id == executed.stack_id and other is not executed and other.execution_status == "AVAILABLE":
            other.execution_status = "OBSOLETE"


def _not_executable(change_set: ChangeSet, what: str, status: str) -> ServiceError:
    return ServiceError(
        "InvalidChangeSetStatus",
        f"ChangeSet [{change_set.id}] cannot be executed in its current {what} of [{status}]",
    )


OPERATIONS: Final[Mapping[str, Callable[[Core, Request], Answer]]] = {
    "CreateChangeSet": create_change_set,
    "DescribeChangeSet": describe_change_set,
    "ListChangeSets": list_change_sets,
    "DeleteChangeSet": delete_change_set,
    "ExecuteChangeSet": execute_change_set,
}
