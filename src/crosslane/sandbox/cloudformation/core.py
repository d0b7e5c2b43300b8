"""What all handlers share: the stores, sessions, and the threads in which operations run."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crosslane.sandbox.cloudformation.session import Clients, Session
from crosslane.sandbox.cloudformation.store import Place, Store, Tools
from crosslane.sandbox.cloudformation.work import Work
from crosslane.sandbox.request import Request, ServiceError


@dataclass(slots=True, eq=False)
class Core:
    """``linger`` in seconds: see ``engine.LINGER_SECONDS``; ``new_id`` gives UUIDs."""

    clients: Clients
    tools: Tools
    linger: float
    new_id: Callable[[], str]
    stores: dict[tuple[str, str], Store] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def store(self, request: Request) -> Store:
        """The state of the request's account and region."""
        key = request.account, request.region
        with self.lock:
            if key not in self.stores:
                self.stores[key] = Store(Place(*key))
            return self.stores[key]

    def session(self, request: Request, role_arn: str | None) -> Session:
        """Who CloudFormation acts as for this request."""
        return Session(self.clients, request.caller, request.region, role_arn)

    def launch(self, work: Work, run: Callable[[Work], None]) -> None:
        """Run an operation in a thread of its own; the answer to the client does not wait for it."""

        def body() -> None:
            try:
                run(work)
            except Exception as error:
                # A fault of ours: the stack must not stay in progress for ever, and the reason must be seen.
                print(traceback.format_exc(), file=sys.stderr)
                told = error.message if isinstance(error, ServiceError) else f"{type(error).__name__}: {error}"
                status = work.stack.status.replace("_COMPLETE_CLEANUP", "").removesuffix("_IN_PROGRESS")
                work.set_status(f"{status}_FAILED", f"Internal failure of the sandbox: {told}")

        threading.Thread(target=body, name=f"stack {work.stack.name}", daemon=True).start()


Answer = Mapping[str, Any]


def once(store: Store, operation: str, token: str | None, name: str) -> Answer | None:
    """The answer already given to this token, or None. Raises ServiceError if the token served something else."""
    if token is None or token not in store.tokens:
        return None
    known: str
    answer: Answer
    known, answer = store.tokens[token]
    if known != f"{operation} {name}":
        raise ServiceError("TokenAlreadyExistsException", f"Token {token} already exists")
    return answer


def remember(store: Store, operation: str, token: str | None, name: str, answer: Answer) -> Answer:
    """Keep the answer for a retry with the same token."""
    if token is not None:
        store.tokens[token] = f"{operation} {name}", answer
    return answer
