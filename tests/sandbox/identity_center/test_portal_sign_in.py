"""Crosslane's own sign-in against the sandbox's portal, with a clock that the tests move."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crosslane.aws.errors import AwsError
from crosslane.aws.gateway import Cloud, Place
from crosslane.aws.identity_center import IdentityCenter
from crosslane.credentials.authorization import Invitation, Person, cached_token, new_token
from crosslane.credentials.secret import Secret
from crosslane.credentials.sso_cache import Registration, SsoCache, SsoSession
from crosslane.errors import CrosslaneError
from crosslane.sandbox.lifecycle import START_URL
from tests.sandbox.browser import approve
from tests.sandbox.conftest import IDS, REGION, attached

SESSION = SsoSession("sandbox", START_URL, REGION, ("sso:account:access",))


@dataclass
class Desk:
    """One portal and one person. ``clock_file`` moves the sandbox's clock, ``ahead`` is what it holds."""

    center: IdentityCenter
    cache: SsoCache
    clock_file: Path
    ahead: float = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def later(self, seconds: float) -> None:
        self.ahead += seconds
        self.clock_file.write_text(str(self.ahead))

    def person(self, invite: Callable[[Invitation], None], *, device: bool = True, hasty: bool = False) -> Person:
        """Somebody whose waiting moves the clock; a ``hasty`` program waits less than it is told, at first."""
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            self.later(0.1 if hasty and len(slept) < 3 else seconds)

        return Person(invite, device=device, now=self.now, sleep=sleep, wait_seconds=10)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[IdentityCenter, Path]]:
    folder = tmp_path_factory.mktemp("portal-sign-in")
    clock = folder / "clock"
    clock.write_text("0")
    with attached(folder, clock_file=clock) as accounts:
        cloud = Cloud(Place(REGION, accounts.running.endpoint))
        yield IdentityCenter(cloud, START_URL, REGION), clock


@pytest.fixture
def desk(portal: tuple[IdentityCenter, Path], tmp_path: Path) -> Desk:
    center, clock = portal
    return Desk(center, SsoCache(tmp_path / "cache"), clock, float(clock.read_text()))


def allow(invitation: Invitation) -> None:
    threading.Thread(target=approve, args=(invitation.complete_url,), daemon=True).start()


def failure(call: Callable[[], object]) -> CrosslaneError:
    with pytest.raises(CrosslaneError) as caught:
        call()
    return caught.value


def test_the_browser_flow_ends_with_a_token_that_the_portal_takes(desk: Desk) -> None:
    token = new_token(SESSION, desk.cache, desk.center, desk.person(allow, device=False))

    assert set(desk.center.accounts(token.access_token.reveal())) == set(IDS.values())
    assert desk.center.permission_sets(token.access_token.reveal(), IDS["dev"]) == ("AdministratorAccess",)


def test_polling_goes_on_while_nobody_has_decided_and_slows_down_when_told(desk: Desk) -> None:
    polls: list[str] = []
    asked = desk.center.token_for_device

    def counting(client_id: str, client_secret: str, device_code: str) -> object:
        try:
            return asked(client_id, client_secret, device_code)
        except AwsError as error:
            polls.append(error.code)
            if polls.count("AuthorizationPendingException") == 2:
                approve(shown[0].complete_url)
            raise

    shown: list[Invitation] = []
    desk.center.token_for_device = counting  # type: ignore[method-assign, assignment]
    try:
        token = new_token(SESSION, desk.cache, desk.center, desk.person(shown.append, hasty=True))
    finally:
        del desk.center.token_for_device

    assert polls == ["AuthorizationPendingException", "SlowDownException", "AuthorizationPendingException"]
    assert desk.center.accounts(token.access_token.reveal())


def test_a_code_that_is_denied_or_not_used_in_time_signs_nobody_in(desk: Desk) -> None:
    def deny(invitation: Invitation) -> None:
        approve(invitation.complete_url, "deny")

    def come_late(invitation: Invitation) -> None:
        desk.later(700)

    def wait_forever(invitation: Invitation) -> None:
        """Nobody comes."""

    for invite, code in ((deny, "AccessDenied"), (come_late, "SignInTimedOut"), (wait_forever, "SignInTimedOut")):
        assert failure(lambda: new_token(SESSION, desk.cache, desk.center, desk.person(invite))).code == code  # noqa: B023
    assert desk.cache.token(SESSION) is None


def test_a_session_is_renewed_for_its_eight_hours_and_not_longer(desk: Desk) -> None:
    first = new_token(SESSION, desk.cache, desk.center, desk.person(allow))
    for _ in range(7):
        desk.later(3500)
        token = cached_token(SESSION, desk.cache, desk.center, desk.now())
        assert token is not None
        assert desk.center.accounts(token.access_token.reveal())
        assert token.access_token != first.access_token
    desk.later(4400)

    assert cached_token(SESSION, desk.cache, desk.center, desk.now()) is None


def test_a_revoked_session_is_not_renewed(desk: Desk) -> None:
    token = new_token(SESSION, desk.cache, desk.center, desk.person(allow))
    desk.center.logout(token.access_token.reveal())

    assert failure(lambda: desk.center.accounts(token.access_token.reveal())).code == "UnauthorizedException"
    desk.later(3500)
    cached = cached_token(SESSION, desk.cache, desk.center, desk.now())
    assert cached is not None  # a minute and a half is left of it as far as one can tell here
    desk.later(200)
    assert cached_token(SESSION, desk.cache, desk.center, desk.now()) is None


def test_a_registration_of_another_portal_is_replaced(desk: Desk) -> None:
    elsewhere = Registration("elsewhere", Secret("unknown"), desk.now() + timedelta(days=1))
    desk.cache.store_registration(SESSION, elsewhere, (), for_code=False)

    new_token(SESSION, desk.cache, desk.center, desk.person(allow))

    found = desk.cache.registration(SESSION, for_code=False)
    assert found is not None
    assert found.client_id != "elsewhere"


def test_errors_of_the_portal_keep_awss_code_and_say_what_helps_and_show_no_token(desk: Desk) -> None:
    token = new_token(SESSION, desk.cache, desk.center, desk.person(allow)).access_token.reveal()

    forbidden = failure(lambda: desk.center.role_keys(token, IDS["dev"], "Owner"))
    unknown = failure(lambda: desk.center.accounts("made-up-token"))

    assert (forbidden.code, unknown.code) == ("ForbiddenException", "UnauthorizedException")
    assert forbidden.next
    assert unknown.next == "crosslane sign-in"
    assert token not in f"{forbidden!r} {forbidden}"
    assert "made-up-token" not in f"{unknown!r} {unknown}"
