"""Cached sign-ins: what botocore and the AWS CLI write is read, and the other way round."""

from __future__ import annotations

import hashlib
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.tokens import SSOTokenProvider
from botocore.utils import JSONFileCache

from crosslane.credentials.secret import Secret
from crosslane.credentials.sso_cache import Registration, SsoCache, SsoSession, SsoToken

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SESSION = SsoSession("corp", "https://corp.awsapps.com/start", "eu-west-1", ("sso:account:access",))
CLIENT = Registration("client", Secret("client-secret"), NOW + timedelta(days=90))
TOKEN = SsoToken(
    SESSION.start_url, SESSION.region, Secret("access"), NOW + timedelta(hours=1), CLIENT, Secret("refresh")
)


class _Session:
    """As much of a botocore session as its token provider looks at."""

    full_config = {  # noqa: RUF012
        "profiles": {"dev": {"sso_session": "corp"}},
        "sso_sessions": {"corp": {"sso_start_url": SESSION.start_url, "sso_region": SESSION.region}},
    }

    def get_config_variable(self, name: str) -> str:
        return "dev"


@pytest.fixture
def cache(tmp_path: Path) -> SsoCache:
    return SsoCache(tmp_path / "aws" / "sso" / "cache")


def written(cache: SsoCache) -> dict[str, Any]:
    (path,) = cache.folder.glob("*.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def provider_of(cache: SsoCache, now: datetime) -> Any:
    session: Any = _Session()
    files = JSONFileCache(str(cache.folder), dumps_func=lambda value: json.dumps(value, default=_cli_instant))
    return SSOTokenProvider(session, cache=files, time_fetcher=lambda: now, profile_name="dev")


def _cli_instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_stored_token_is_one_that_botocore_takes(cache: SsoCache) -> None:
    cache.store_token(SESSION, TOKEN)

    taken = provider_of(cache, NOW).load_token().get_frozen_token()

    assert taken.token == "access"
    assert taken.expiration == TOKEN.expires


def test_a_stored_token_has_the_names_and_forms_of_the_aws_cli(cache: SsoCache) -> None:
    cache.store_token(SESSION, TOKEN)

    assert written(cache) == {
        "startUrl": "https://corp.awsapps.com/start",
        "region": "eu-west-1",
        "accessToken": "access",
        "expiresAt": "2026-11-24T13:00:00Z",
        "clientId": "client",
        "clientSecret": "client-secret",
        "registrationExpiresAt": "2027-02-22T12:00:00Z",
        "refreshToken": "refresh",
    }
    assert cache.token_path(SESSION).name == f"{hashlib.sha1(b'corp').hexdigest()}.json"


def test_what_was_stored_is_read_back_and_can_be_renewed_with(cache: SsoCache) -> None:
    cache.store_token(SESSION, TOKEN)

    found = cache.token(SESSION)

    assert found is not None
    assert (found.access_token, found.refresh_token, found.expires) == (
        Secret("access"),
        Secret("refresh"),
        TOKEN.expires,
    )
    assert found.registration is not None
    assert found.registration.client_secret == Secret("client-secret")


def test_a_token_that_botocore_renewed_is_read(cache: SsoCache) -> None:
    cache.store_token(SESSION, TOKEN)
    provider = provider_of(cache, TOKEN.expires - timedelta(minutes=5))
    provider._client = type(  # the renewal's only call
        "Client",
        (),
        {"create_token": lambda self, **_: {"accessToken": "new", "expiresIn": 3600, "refreshToken": "r2"}},
    )()
    provider.load_token().get_frozen_token()

    found = cache.token(SESSION)

    assert found is not None
    assert (found.access_token, found.refresh_token) == (Secret("new"), Secret("r2"))
    assert found.expires == TOKEN.expires + timedelta(minutes=55)


def test_a_registrations_file_is_named_by_what_it_is_for_as_in_the_aws_cli(cache: SsoCache) -> None:
    cache.store_registration(SESSION, CLIENT, ("sso:account:access",), for_code=True)

    purpose = (
        '{"region": "eu-west-1", "scopes": ["sso:account:access"], "session_name": "corp", '
        '"startUrl": "https://corp.awsapps.com/start", "tool": "botocore"}'
    )
    assert cache.registration_path(SESSION).name == f"{hashlib.sha1(purpose.encode()).hexdigest()}.json"
    assert written(cache) == {
        "clientId": "client",
        "clientSecret": "client-secret",
        "expiresAt": "2027-02-22T12:00:00Z",
        "scopes": ["sso:account:access"],
        "grantTypes": ["authorization_code", "refresh_token"],
    }


def test_a_registration_serves_only_the_flow_that_it_was_made_for(cache: SsoCache) -> None:
    cache.store_registration(SESSION, CLIENT, (), for_code=True)

    assert cache.registration(SESSION, for_code=True) == CLIENT
    assert cache.registration(SESSION, for_code=False) is None


def test_files_are_private_in_private_folders(cache: SsoCache) -> None:
    cache.store_token(SESSION, TOKEN)
    cache.store_registration(SESSION, CLIENT, (), for_code=True)

    for path in cache.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (cache.folder, cache.folder.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_token_is_replaced_as_a_whole(cache: SsoCache) -> None:
    cache.store_token(SESSION, TOKEN)
    with cache.token_path(SESSION).open() as reader:
        cache.store_token(SESSION, SsoToken(SESSION.start_url, SESSION.region, Secret("other"), TOKEN.expires))

        assert json.load(reader)["accessToken"] == "access"
    assert "refreshToken" not in written(cache)
    assert [path.suffix for path in cache.folder.iterdir()] == [".json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"accessToken": "access"}',
        '{"startUrl": "https://corp.awsapps.com/start", "region": "eu-west-1", "accessToken": 1, "expiresAt": "x"}',
        '{"startUrl": "https://corp.awsapps.com/start", "region": "eu-west-1", "accessToken": "a\\r\\nHost: x", '
        '"expiresAt": "2026-11-24T13:00:00Z"}',
        '{"startUrl": "https://corp.awsapps.com/start", "region": "eu-west-1", "accessToken": "a", '
        '"expiresAt": "2026-11-24T13:00:00"}',
    ],
)
def test_what_is_no_token_counts_as_none(cache: SsoCache, text: str) -> None:
    cache.folder.mkdir(parents=True)
    cache.token_path(SESSION).write_text(text)

    assert cache.token(SESSION) is None
    assert cache.tokens_of(SESSION.start_url) == ()


@pytest.mark.parametrize("other", [("https://other.awsapps.com/start", "eu-west-1"), (SESSION.start_url, "us-east-1")])
def test_a_token_of_another_portal_under_the_same_name_counts_as_none(cache: SsoCache, other: tuple[str, str]) -> None:
    cache.store_token(SESSION, SsoToken(*other, Secret("access"), TOKEN.expires))

    assert cache.token(SESSION) is None


def test_the_older_form_of_an_instant_is_read(cache: SsoCache) -> None:
    cache.store_token(SESSION, TOKEN)
    path = cache.token_path(SESSION)
    path.write_text(path.read_text().replace("2026-11-24T13:00:00Z", "2026-11-24T13:00:00UTC"))

    found = cache.token(SESSION)

    assert found is not None
    assert found.expires == TOKEN.expires


def test_all_tokens_of_a_portal_are_found_whoever_stored_them(cache: SsoCache) -> None:
    cache.store_token(SESSION, TOKEN)
    cache.store_registration(SESSION, CLIENT, (), for_code=True)
    legacy = cache.folder / f"{hashlib.sha1(SESSION.start_url.encode()).hexdigest()}.json"
    legacy.write_text(
        json.dumps(
            {
                "startUrl": SESSION.start_url + "/#/",
                "region": "eu-west-1",
                "accessToken": "older",
                "expiresAt": "2020-01-01T00:00:00UTC",
            }
        )
    )
    left_over = cache.folder / "tmp123.tmp"
    left_over.write_text(legacy.read_text())
    (cache.folder / "foreign.json").write_text('{"Credentials": {}}')
    elsewhere = SsoSession("other", "https://other.awsapps.com/start", "eu-west-1")
    cache.store_token(elsewhere, SsoToken(elsewhere.start_url, elsewhere.region, Secret("access"), TOKEN.expires))

    found = {path for path, _ in cache.tokens_of(SESSION.start_url)}

    assert found == {cache.token_path(SESSION), legacy, left_over}


def test_secrets_do_not_show(cache: SsoCache) -> None:
    assert not any(secret in repr(TOKEN) for secret in ("access'", "refresh'", "client-secret"))
