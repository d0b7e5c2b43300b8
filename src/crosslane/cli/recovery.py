"""Goes on when a sign-in ends in the middle of work: the person signs in again, and the call is made again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Lock

import click

from crosslane.cli.options import Invocation


class SignInAgain:
    """A gateway's ``Recover`` for commands at a terminal; elsewhere it gives up, and the command ends with code 3.

    Several steps may find the same sign-in ended at once: one asks, the others wait and take what it got.
    """

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._lock = Lock()
        self._signed_in: dict[str, float] = {}
        self.display: Callable[[], AbstractContextManager[object]] = nullcontext
        """Makes a context for while the person is asked: what else writes to the terminal stops meanwhile."""

    def __call__(self, account: str, profile: str | None) -> bool:
        from crosslane.cli.sign_in import may_ask

        asked = time.monotonic()
        approves = self._invocation.sandbox and self._invocation.yes
        if profile is None or not (approves or may_ask(self._invocation)):
            return False
        with self._lock:
            if self._signed_in.get(profile, 0.0) > asked:
                return True
            with self.display():
                signed_in = self._sign_in(account, profile)
            if signed_in:
                self._signed_in[profile] = time.monotonic()
            return signed_in

    def _sign_in(self, account: str, profile: str) -> bool:
        from crosslane.apply.sign_in import sign_in
        from crosslane.cli.desk import opened_desk, portal_of, wanted_accounts
        from crosslane.cli.sign_in import person_of
        from crosslane.credentials.sso_cache import SsoSession

        with opened_desk(self._invocation) as opened:
            wanted = [one for one in wanted_accounts(opened, [account]) if one.profile == profile]
            session = portal_of(opened, start_url=None, sso_region=None, name=None)
            if not wanted or not isinstance(session, SsoSession) or opened.kept_sandbox is False:
                return False
            click.echo(f"the sign-in of {profile} has ended; signing in again, then the work goes on", err=True)
            person = person_of(self._invocation, opened, device=False, browser=None)
            permission_set = opened.config.sign_in.permission_set
            _, results = sign_in(opened.desk, session, wanted, permission_set=permission_set, person=person, ask=None)
        return all(result.error is None for result in results)
