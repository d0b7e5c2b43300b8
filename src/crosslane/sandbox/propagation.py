"""IAM's eventual consistency: what was just made is not known everywhere at once.

AWS gives no time (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html, "Changes that I make are not
always immediately visible"); the delays here are between a third and the whole of what was asked for, by seed.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum

from crosslane.sandbox.request import Request
from crosslane.sandbox.store import Store


class Thing(Enum):
    """What takes its time."""

    USER = "user"
    ROLE = "role"
    ACCESS_KEY = "access-key"


class Propagation:
    """When each new thing becomes known. ``seconds`` 0: at once.

    The delay of a thing depends on ``seed``, its kind and name, and how often it was made before, so that a run can be
    repeated although access keys have random ids.
    """

    def __init__(self, seconds: float, seed: int, clock: Callable[[], datetime]) -> None:
        self._seconds = seconds
        self._seed = seed
        self._clock = clock
        self._known_from: dict[tuple[Thing, str], datetime] = {}
        self._made: Counter[tuple[Thing, str]] = Counter()
        self._lock = threading.Lock()

    def made(self, thing: Thing, identifier: str, name: str) -> None:
        """Notes that the thing exists from now on. ``identifier`` is its ARN or key id."""
        if self._seconds <= 0:
            return
        with self._lock:
            self._made[thing, name] += 1
            drawn = hashlib.sha256(f"{self._seed}:{thing.value}:{name}:{self._made[thing, name]}".encode()).digest()
            share = 1 / 3 + 2 / 3 * int.from_bytes(drawn[:8], "big") / 2**64
            self._known_from[thing, identifier] = self._clock() + timedelta(seconds=self._seconds * share)

    def known(self, thing: Thing, identifier: str) -> bool:
        """Whether other parts of AWS know the thing by now."""
        moment = self._known_from.get((thing, identifier))
        return moment is None or moment <= self._clock()

    def note(self, store: Store) -> Callable[[Request], None]:
        """Notes what a request has made, after it was answered."""

        def note(request: Request) -> None:
            iam = store.iam(request.account)
            name = str(request.parameters.get("UserName") or request.parameters.get("RoleName") or "")
            match (request.service, request.operation):
                case ("iam", "CreateUser") if name in iam.users:
                    self.made(Thing.USER, iam.users[name].arn, iam.users[name].arn)
                case ("iam", "CreateRole"):
                    for role in list(iam.roles.values()):
                        if role.name == name:
                            self.made(Thing.ROLE, role.arn, role.arn)
                case ("iam", "CreateAccessKey"):
                    user = iam.users.get(name or request.caller.arn.rpartition("/")[2])
                    for key in user.access_keys if user else ():
                        if (Thing.ACCESS_KEY, key.access_key_id) not in self._known_from:
                            self.made(Thing.ACCESS_KEY, key.access_key_id, user.arn if user else "")
                case _:
                    return

        return note
