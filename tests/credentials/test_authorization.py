"""Signing in against a service that says what the tests want, with a clock of their own."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from crosslane.credentials.authorization import Invitation, Person, cached_token, new_token
from crosslane.credentials.secret import Secret
from crosslane.credentials.sso_cache import Registration, SsoCache, SsoSession, SsoToken
from crosslane.errors import CrosslaneError, EnvironmentFailure, OutcomeError

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SESSION = SsoSession("corp", "https://corp.awsapps.com/start", "eu-west-1", ("sso:account:access",))
CLIENT = Registration("client", Secret("client-secret"), START + timedelta(days=90))


@dataclass(frozen=True)
class Registered:
    client_id: str
    client_secret: str
    expires: datetime


@dataclass(frozen=True)
class DeviceCode:
    device_code: str = "device-code"
    user_code: str = "ABCD-EFGH"
    url: str = "https://device"
    complete_url: str = "https://device?user_code=ABCD-EFGH"
    seconds: int = 600
    interval: int = 1


@dataclass(frozen=True)
class Granted:
    access_token: str = "access"
    refresh_token: str | None = "refresh"
    seconds: int = 3600


@dataclass
class Service:
    """Answers CreateToken with ``answers`` in turn: tokens, or the code of an error."""

    answers: list[Granted | str] = field(default_factory=lambda: [Granted()])
    asked: list[dict[str, str]] = field(default_factory=list)
    registrations: list[bool] = field(default_factory=list)
    scopes: Sequence[str] = ()
    authorize_url: str = "http://portal/authorize"
    clock: Callable[[], datetime] = lambda: START

    def register(self, name: str, scopes: Sequence[str], *, for_code: bool) -> Registered:
        self.registrations.append(for_code)
        self.scopes = scopes
        return Registered(f"client-{len(self.registrations)}", "made-secret", self.clock() + timedelta(days=90))

    def start_device(self, client_id: str, client_secret: str) -> DeviceCode:
        return DeviceCode()

    def token_for_device(self, client_id: str, client_secret: str, device_code: str) -> Granted:
        return self._answer(client=client_id, device_code=device_code)

    def token_for_code(
        self, client_id: str, client_secret: str, *, code: str, verifier: str, redirect_uri: str
    ) -> Granted:
        return self._answer(client=client_id, code=code, verifier=verifier, redirect_uri=redirect_uri)

    def token_for_refresh(self, client_id: str, client_secret: str, refresh_token: str) -> Granted:
        return self._answer(client=client_id, refresh_token=refresh_token)

    def _answer(self, **asked: str) -> Granted:
        self.asked.append(asked)
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise EnvironmentFailure("the service refused", code=answer)
        return answer


@dataclass
class Clock:
    """A clock that only sleeping moves."""

    now: datetime = START
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def cache(tmp_path: Path) -> SsoCache:
    return SsoCache(tmp_path / "cache")


def by_device(clock: Clock, invited: list[Invitation] | None = None) -> Person:
    shown = invited if invited is not None else []
    return Person(shown.append, device=True, now=lambda: clock.now, sleep=clock.sleep)


def cached(cache: SsoCache, left: timedelta, **changed: object) -> SsoToken:
    token = SsoToken(SESSION.start_url, SESSION.region, Secret("old"), START + left, CLIENT, Secret("refresh"))
    token = replace(token, **changed)  # type: ignore[arg-type]
    cache.store_token(SESSION, token)
    return token


def refused(call: Callable[[], object]) -> CrosslaneError:
    with pytest.raises(CrosslaneError) as caught:
        call()
    return caught.value


def test_the_device_flow_shows_the_code_waits_and_keeps_the_token(cache: SsoCache) -> None:
    clock, invited = Clock(), list[Invitation]()
    service = Service(["AuthorizationPendingException", "AuthorizationPendingException", Granted()])

    token = new_token(SESSION, cache, service, by_device(clock, invited))

    assert invited == [Invitation("https://device", "https://device?user_code=ABCD-EFGH", "ABCD-EFGH")]
    assert clock.slept == [1, 1, 1]
    assert token.access_token == Secret("access")
    assert token.expires == clock.now + timedelta(hours=1)
    found = cache.token(SESSION)
    assert found is not None
    assert found.refresh_token == Secret("refresh")


def test_slow_down_lengthens_the_interval_by_five_seconds_each_time(cache: SsoCache) -> None:
    clock = Clock()
    service = Service(["SlowDownException", "AuthorizationPendingException", "SlowDownException", Granted()])

    new_token(SESSION, cache, service, by_device(clock))

    assert clock.slept == [1, 6, 6, 11]


@pytest.mark.parametrize(
    ("answer", "code"), [("AccessDeniedException", "AccessDenied"), ("ExpiredTokenException", "SignInTimedOut")]
)
def test_a_person_who_says_no_or_comes_late_is_not_signed_in(cache: SsoCache, answer: str, code: str) -> None:
    error = refused(lambda: new_token(SESSION, cache, Service([answer]), by_device(Clock())))

    assert isinstance(error, OutcomeError)
    assert error.code == code
    assert error.next
    assert cache.token(SESSION) is None


def test_waiting_ends_with_the_code_even_if_the_service_never_says_so(cache: SsoCache) -> None:
    clock = Clock()
    service = Service(["AuthorizationPendingException"] * 1000)

    error = refused(lambda: new_token(SESSION, cache, service, by_device(clock)))

    assert error.code == "SignInTimedOut"
    assert clock.now - START <= timedelta(seconds=601)


def test_another_failure_of_the_service_is_told_as_it_is(cache: SsoCache) -> None:
    error = refused(lambda: new_token(SESSION, cache, Service(["InternalServerException"]), by_device(Clock())))

    assert error.code == "InternalServerException"


def test_a_registration_is_used_again_until_it_is_about_to_expire(cache: SsoCache) -> None:
    clock = Clock()
    service = Service([Granted()] * 3, clock=lambda: clock.now)
    person = by_device(clock)

    new_token(SESSION, cache, service, person)
    new_token(SESSION, cache, service, person)
    assert service.registrations == [False]
    clock.now += timedelta(days=90) - timedelta(minutes=5)
    new_token(SESSION, cache, service, person)

    assert service.registrations == [False, False]


def test_a_client_that_the_service_has_forgotten_is_registered_anew(cache: SsoCache) -> None:
    cache.store_registration(SESSION, CLIENT, (), for_code=False)
    service = Service(["InvalidClientException", Granted()])

    new_token(SESSION, cache, service, by_device(Clock()))

    assert [asked["client"] for asked in service.asked] == ["client", "client-1"]


def test_a_token_with_time_left_is_used_without_a_word(cache: SsoCache) -> None:
    token = cached(cache, timedelta(minutes=16))

    assert cached_token(SESSION, cache, Service([]), START) == token


def test_a_token_with_less_than_fifteen_minutes_is_renewed_and_kept(cache: SsoCache) -> None:
    cached(cache, timedelta(minutes=14))
    service = Service([Granted("new", "next", 3600)])

    token = cached_token(SESSION, cache, service, START)

    assert service.asked == [{"client": "client", "refresh_token": "refresh"}]
    assert token is not None
    assert token.access_token == Secret("new")
    found = cache.token(SESSION)
    assert found is not None
    assert (found.access_token, found.refresh_token) == (Secret("new"), Secret("next"))


def test_a_renewal_without_a_new_refresh_token_keeps_the_old_one(cache: SsoCache) -> None:
    cached(cache, timedelta(minutes=-5))

    token = cached_token(SESSION, cache, Service([Granted("new", None, 3600)]), START)

    assert token is not None
    assert token.refresh_token == Secret("refresh")


@pytest.mark.parametrize("left", [timedelta(minutes=14), timedelta(minutes=-1)])
def test_a_revoked_session_is_used_up_to_its_end_and_then_counts_as_none(cache: SsoCache, left: timedelta) -> None:
    token = cached(cache, left)

    found = cached_token(SESSION, cache, Service(["InvalidGrantException"]), START)

    assert found == (token if left > timedelta() else None)


@pytest.mark.parametrize(
    "changed",
    [
        {"refresh_token": None},
        {"registration": None},
        {"registration": replace(CLIENT, expires=START - timedelta(seconds=1))},
    ],
)
def test_an_expired_token_that_cannot_be_renewed_counts_as_none(cache: SsoCache, changed: dict[str, object]) -> None:
    cached(cache, timedelta(minutes=-1), **changed)

    assert cached_token(SESSION, cache, Service([]), START) is None


def test_no_network_is_no_reason_to_ask_the_person_again(cache: SsoCache) -> None:
    cached(cache, timedelta(minutes=-1))

    assert refused(lambda: cached_token(SESSION, cache, Service(["Unreachable"]), START)).code == "Unreachable"


def test_of_many_who_renew_at_once_one_asks_and_all_get_what_it_got(cache: SsoCache) -> None:
    cached(cache, timedelta(minutes=-1))
    service = Service([Granted("new", "next", 3600)])
    found: list[SsoToken | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(cached_token(SESSION, cache, service, START))) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [token and token.access_token for token in found] == [Secret("new")] * 8
    assert len(service.asked) == 1


def browser(*answers: Callable[[dict[str, str]], dict[str, str]], path: str = "/oauth/callback") -> Callable[..., None]:
    """A browser that comes back with each answer in turn; an answer is made from the query of the authorize URL."""

    def invite(invitation: Invitation) -> None:
        query = {key: values[0] for key, values in parse_qs(urlsplit(invitation.url).query).items()}

        def visit() -> None:
            for answer in answers:
                target = urlsplit(query["redirect_uri"])._replace(path=path, query=urlencode(answer(query))).geturl()
                statuses.append(_status(target))

        threading.Thread(target=visit, daemon=True).start()

    statuses: list[int] = []
    invite.statuses = statuses  # type: ignore[attr-defined]
    return invite


def _status(url: str) -> int:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def allowed(query: dict[str, str]) -> dict[str, str]:
    return {"code": "the-code", "state": query["state"]}


def test_the_browser_flow_proves_with_the_verifier_that_it_began_it(cache: SsoCache) -> None:
    service, seen = Service(), dict[str, str]()

    def remembering(query: dict[str, str]) -> dict[str, str]:
        seen.update(query)
        return allowed(query)

    token = new_token(SESSION, cache, service, Person(browser(remembering)))

    (asked,) = service.asked
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked["verifier"].encode()).digest()).rstrip(b"=").decode()
    assert (asked["code"], seen["code_challenge"], seen["code_challenge_method"]) == ("the-code", challenge, "S256")
    assert asked["redirect_uri"] == seen["redirect_uri"]
    assert seen["redirect_uri"].startswith("http://127.0.0.1:")
    assert (seen["response_type"], seen["scopes"]) == ("code", "sso:account:access")
    assert 43 <= len(asked["verifier"]) <= 128
    assert token.access_token == Secret("access")
    assert service.registrations == [True]


def test_an_answer_that_is_not_ours_changes_nothing(cache: SsoCache) -> None:
    forged = browser(
        lambda query: {"code": "forged", "state": "guessed"},
        lambda query: {"error": "access_denied"},
        lambda query: {"state": query["state"]},
        allowed,
    )
    service = Service()

    new_token(SESSION, cache, service, Person(forged))

    assert [asked["code"] for asked in service.asked] == ["the-code"]


def test_what_is_asked_of_other_paths_changes_nothing(cache: SsoCache) -> None:
    error = refused(
        lambda: new_token(SESSION, cache, Service(), Person(browser(allowed, path="/favicon.ico"), wait_seconds=0.5))
    )

    assert error.code == "SignInTimedOut"


@pytest.mark.parametrize(("word", "code"), [("access_denied", "AccessDenied"), ("server_error", "SignInRefused")])
def test_a_no_in_the_browser_ends_the_sign_in(cache: SsoCache, word: str, code: str) -> None:
    says_no = browser(lambda query: {"error": word, "state": query["state"]})

    error = refused(lambda: new_token(SESSION, cache, Service(), Person(says_no)))

    assert error.code == code
    assert cache.token(SESSION) is None


def test_a_code_that_the_service_refuses_is_an_error_that_does_not_show_it(cache: SsoCache) -> None:
    service = Service(["InvalidGrantException"])

    error = refused(lambda: new_token(SESSION, cache, service, Person(browser(allowed))))

    assert error.code == "InvalidGrantException"
    assert "the-code" not in f"{error} {error.next} {error!r}"


def test_a_session_without_scopes_is_registered_with_the_usual_one_under_the_clis_name(cache: SsoCache) -> None:
    bare = replace(SESSION, scopes=None)
    service = Service()

    new_token(bare, cache, service, Person(browser(allowed)))

    assert list(service.scopes) == ["sso:account:access"]
    document = json.loads(cache.registration_path(bare).read_text())
    assert document["grantTypes"] == ["authorization_code", "refresh_token"]
