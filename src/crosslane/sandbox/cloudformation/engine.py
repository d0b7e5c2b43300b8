"""CloudFormation for the sandbox: stacks whose resources are made by ordinary API calls.

``Engine(clients, clock).handlers()`` is what the front layer needs. Every operation of the API has a handler: those
that the sandbox does not do are refused by name.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

from crosslane.sandbox.cloudformation import change_set_handlers, drift, read_handlers, stack_handlers
from crosslane.sandbox.cloudformation.core import Core
from crosslane.sandbox.cloudformation.errors import unsupported
from crosslane.sandbox.cloudformation.resources.model import random_letters
from crosslane.sandbox.cloudformation.session import Clients
from crosslane.sandbox.cloudformation.store import Tools
from crosslane.sandbox.cloudformation.unsupported import UNSUPPORTED_OPERATIONS
from crosslane.sandbox.request import Handler, Request

SERVICE = "cloudformation"
LINGER_SECONDS = 0.5
"""How long DescribeStacks of one stack may wait for a short operation to end. AWS's own waiters and CLI sleep 30
seconds after they have seen an operation under way; here most end in a fraction of a second."""


def _at_once(type_name: str, act: str) -> None:
    """The default of ``settle``: resources are there as soon as the service says so."""


class Engine:
    """CloudFormation in every account and region of one sandbox. State lives in the process.

    ``clients`` make the calls back into the sandbox; ``settle(resource type, create|update|delete)`` is called after
    each act on a resource, to model slow services; ``random`` gives letters and digits for physical names;
    ``linger`` is ``LINGER_SECONDS`` unless set.
    """

    def __init__(
        self,
        clients: Clients,
        clock: Callable[[], datetime],
        *,
        settle: Callable[[str, str], None] = _at_once,
        random: Callable[[int], str] = random_letters,
        linger: float = LINGER_SECONDS,
    ) -> None:
        self._core = Core(clients, Tools(clock, random, settle), linger, lambda: str(uuid.uuid4()))

    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        """Every operation's handler by (``cloudformation``, operation)."""
        core = self._core
        found: dict[str, Handler] = {}
        for module in (stack_handlers, change_set_handlers, read_handlers, drift):
            for operation, handle in module.OPERATIONS.items():
                found[operation] = _bound(core, handle)
        for operation in UNSUPPORTED_OPERATIONS:
            found[operation] = _refuse
        return {(SERVICE, operation): handler for operation, handler in found.items()}

    def tags_of_stack(self, arn: str) -> Mapping[str, str]:
        """The tags of a stack by its id, or by an ARN that ends in its name and ``/*``."""
        name = arn.rpartition(":stack/")[2].partition("/")[0]
        for (account, region), store in list(self._core.stores.items()):
            stack = store.find(name if arn.endswith("/*") else arn)
            if stack is not None and stack.definition is not None and f":{region}:{account}:" in arn:
                return dict(stack.definition.tags)
        return {}

    def stack_of_change_set(self, arn: str) -> str | None:
        """The id of the stack that a change set, by its id, is for."""
        for store in list(self._core.stores.values()):
            found = store.change_sets.get(arn)
            if found is not None:
                return found.stack_id
        return None


def _bound(core: Core, handle: Callable[[Core, Request], Mapping[str, object]]) -> Handler:
    return lambda request: handle(core, request)


def _refuse(request: Request) -> Mapping[str, object]:
    raise unsupported(f"the operation {request.operation}")


__all__ = ["LINGER_SECONDS", "Engine"]
