"""The portal of IAM Identity Center with botocore's own clients; the tests are the person at the browser."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config as ClientConfig

from crosslane.sandbox.lifecycle import START_URL
from tests.sandbox.browser import approve, visit
from tests.sandbox.conftest import IDS, REGION, Accounts, attached, code

REDIRECT = "http://127.0.0.1/oauth/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True)
class Center:
    """Both clients of one sandbox, and the file that moves its clock."""

    accounts: Accounts
    oidc: Any
    sso: Any
    clock: Path

    def later(self, seconds: float) -> None:
        """Moves the sandbox's clock on from where it is."""
        self.clock.write_text(str(float(self.clock.read_text()) + seconds))

    def registered(self, *grants: str, scopes: tuple[str, ...] = ("sso:account:access",)) -> dict[str, str]:
        given = {"grantTypes": list(grants), "redirectUris": [REDIRECT], "issuerUrl": START_URL} if grants else {}
        client = self.oidc.register_client(
            clientName="test", clientType="public", **({"scopes": list(scopes)} if scopes else {}), **given
        )
        return {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}

    def page_for_code(self, client: dict[str, str], **changed: str) -> str:
        query = {
            "response_type": "code",
            "client_id": client["clientId"],
            "redirect_uri": "http://127.0.0.1:1/oauth/callback",
            "state": "a state",
            "code_challenge_method": "S256",
            "scopes": "sso:account:access",
            "code_challenge": CHALLENGE,
        }
        return f"{self.accounts.running.endpoint}/authorize?{urlencode({**query, **changed})}"

    def redirected(self, client: dict[str, str], decision: str) -> dict[str, list[str]]:
        """What the browser is sent back with."""
        page = visit(self.page_for_code(client)).press(decision, follow=False)
        return parse_qs(urlsplit(page.url).query)

    def code(self, client: dict[str, str]) -> str:
        """An authorization code, once the person said yes."""
        return self.redirected(client, "allow")["code"][0]

    def token_for_code(self, client: dict[str, str], given: str, **changed: str) -> dict[str, Any]:
        asked = {"code": given, "codeVerifier": VERIFIER, "redirectUri": "http://127.0.0.1:1/oauth/callback"}
        token: dict[str, Any] = self.oidc.create_token(grantType="authorization_code", **client, **{**asked, **changed})
        return token

    def device(self, client: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = self.oidc.start_device_authorization(startUrl=START_URL, **client)
        return found

    def token_for_device(self, client: dict[str, str], device: dict[str, Any]) -> dict[str, Any]:
        self.later(1)
        token: dict[str, Any] = self.oidc.create_token(
            grantType=DEVICE_GRANT, deviceCode=device["deviceCode"], **client
        )
        return token

    def signed_in(self) -> str:
        """The access token of a new session."""
        client = self.registered()
        device = self.device(client)
        approve(device["verificationUriComplete"])
        return str(self.token_for_device(client, device)["accessToken"])


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    folder = tmp_path_factory.mktemp("portal")
    clock = folder / "clock"
    clock.write_text("0")
    sets = ("AdministratorAccess", "Look_Only")
    with attached(folder, clock_file=clock, permission_sets=sets) as accounts:
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        unsigned = ClientConfig(signature_version=UNSIGNED, proxies={}, retries={"total_max_attempts": 1})
        endpoint: dict[str, Any] = {
            "region_name": REGION,
            "endpoint_url": accounts.running.endpoint,
            "config": unsigned,
        }
        oidc, sso = (session.create_client(name, **endpoint) for name in ("sso-oidc", "sso"))
        yield Center(accounts, oidc, sso, clock)


def test_a_browser_that_allows_gives_the_client_a_code_for_tokens(center: Center) -> None:
    client = center.registered("authorization_code", "refresh_token")

    answer = center.redirected(client, "allow")

    assert answer["state"] == ["a state"]
    token = center.token_for_code(client, answer["code"][0])
    assert token["tokenType"] == "Bearer"
    assert token["expiresIn"] == 3600
    assert token["refreshToken"]
    assert center.sso.list_accounts(accessToken=token["accessToken"])["accountList"]


def test_a_code_counts_once_and_needs_its_verifier_redirect_and_time(center: Center) -> None:
    client = center.registered("authorization_code", "refresh_token")
    used = center.code(client)
    center.token_for_code(client, used)

    assert code(lambda: center.token_for_code(client, used)) == "InvalidGrantException"
    for wrong in ({"codeVerifier": "guessed" * 8}, {"redirectUri": REDIRECT}):
        fresh = center.code(client)
        assert code(partial(center.token_for_code, client, fresh, **wrong)) == "InvalidGrantException"
        assert code(partial(center.token_for_code, client, fresh)) == "InvalidGrantException"
    late = center.code(client)
    center.later(61)
    assert code(lambda: center.token_for_code(client, late)) == "InvalidGrantException"


def test_a_person_who_says_no_sends_the_browser_back_without_a_code(center: Center) -> None:
    answer = center.redirected(center.registered("authorization_code"), "deny")

    assert answer["error"] == ["access_denied"]
    assert "code" not in answer


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "http://127.0.0.1:1/elsewhere"},
        {"redirect_uri": "https://example.com/oauth/callback"},
        {"client_id": "nobody"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
    ],
)
def test_a_page_for_a_wrong_request_sends_the_browser_nowhere(center: Center, changed: dict[str, str]) -> None:
    page = visit(center.page_for_code(center.registered("authorization_code"), **changed))

    assert page.status in (400, 401)
    assert "<form" not in page.text


def test_a_device_code_waits_is_allowed_and_counts_once(center: Center) -> None:
    client = center.registered()
    device = center.device(client)

    assert code(lambda: center.token_for_device(client, device)) == "AuthorizationPendingException"
    assert approve(device["verificationUriComplete"]).status == 200
    token = center.token_for_device(client, device)
    assert center.sso.list_accounts(accessToken=token["accessToken"])["accountList"]
    assert code(lambda: center.token_for_device(client, device)) == "InvalidGrantException"
    assert visit(device["verificationUriComplete"]).status == 400


def test_a_device_that_asks_too_often_is_slowed_down(center: Center) -> None:
    client = center.registered()
    device = center.device(client)
    asked = {"grantType": DEVICE_GRANT, "deviceCode": device["deviceCode"], **client}
    assert code(lambda: center.oidc.create_token(**asked)) == "AuthorizationPendingException"

    assert code(lambda: center.oidc.create_token(**asked)) == "SlowDownException"
    center.later(device["interval"])
    assert code(lambda: center.oidc.create_token(**asked)) == "SlowDownException"
    center.later(device["interval"] + 10)
    assert code(lambda: center.oidc.create_token(**asked)) == "AuthorizationPendingException"


def test_a_device_code_that_is_denied_or_late_gives_nothing(center: Center) -> None:
    client = center.registered()
    denied, late = center.device(client), center.device(client)
    approve(denied["verificationUriComplete"], "deny")

    assert code(lambda: center.token_for_device(client, denied)) == "AccessDeniedException"
    center.later(late["expiresIn"])
    assert code(lambda: center.token_for_device(client, late)) == "ExpiredTokenException"


def test_a_refresh_token_renews_until_the_session_ends(center: Center) -> None:
    client = center.registered("authorization_code", "refresh_token")
    token = center.token_for_code(client, center.code(client))
    renewing = {"grantType": "refresh_token", "refreshToken": token["refreshToken"], **client}
    center.later(3601)

    assert code(lambda: center.sso.list_accounts(accessToken=token["accessToken"])) == "UnauthorizedException"
    renewed = center.oidc.create_token(**renewing)
    assert center.sso.list_accounts(accessToken=renewed["accessToken"])["accountList"]
    center.later(7 * 3600)
    assert code(lambda: center.oidc.create_token(**renewing)) == "InvalidGrantException"


def test_a_client_without_scopes_gets_a_longer_token_and_none_to_refresh(center: Center) -> None:
    client = center.registered(scopes=())
    device = center.device(client)
    approve(device["verificationUriComplete"])

    token = center.token_for_device(client, device)

    assert "refreshToken" not in token
    assert token["expiresIn"] == 8 * 3600


def test_a_logout_revokes_every_token_of_the_session(center: Center) -> None:
    client = center.registered("authorization_code", "refresh_token")
    token = center.token_for_code(client, center.code(client))
    center.sso.logout(accessToken=token["accessToken"])

    assert code(lambda: center.sso.list_accounts(accessToken=token["accessToken"])) == "UnauthorizedException"
    assert code(lambda: center.sso.logout(accessToken=token["accessToken"])) == "UnauthorizedException"
    renewing = {"grantType": "refresh_token", "refreshToken": token["refreshToken"], **client}
    assert code(lambda: center.oidc.create_token(**renewing)) == "InvalidGrantException"


def test_clients_are_asked_for_their_secret_their_grants_and_the_portals_start_url(center: Center) -> None:
    device_client, code_client = center.registered(), center.registered("authorization_code")
    register, start = center.oidc.register_client, center.oidc.start_device_authorization

    elsewhere = "https://other.awsapps.com/start"
    assert code(lambda: start(startUrl=elsewhere, **device_client)) == "InvalidRequestException"
    wrong = {**device_client, "clientSecret": "guessed"}
    assert code(lambda: start(startUrl=START_URL, **wrong)) == "InvalidClientException"
    assert code(lambda: start(startUrl=START_URL, **code_client)) == "UnauthorizedClientException"
    confidential = {"clientName": "test", "clientType": "confidential"}
    assert code(lambda: register(**confidential)) == "InvalidClientMetadataException"
    public = {"clientName": "test", "clientType": "public"}
    assert code(lambda: register(**public, grantTypes=["password"])) == "UnsupportedGrantTypeException"


def test_the_portal_lists_the_configs_accounts_with_their_permission_sets_page_by_page(center: Center) -> None:
    token = center.signed_in()

    pages = list(center.sso.get_paginator("list_accounts").paginate(accessToken=token, maxResults=3))
    found = {one["accountName"]: one["accountId"] for page in pages for one in page["accountList"]}
    roles = center.sso.list_account_roles(accessToken=token, accountId=IDS["dev"])["roleList"]

    assert found == IDS
    assert len(pages) == 2
    assert [role["roleName"] for role in roles] == ["AdministratorAccess", "Look_Only"]
    absent = "999999999999"
    assert (
        code(lambda: center.sso.list_account_roles(accessToken=token, accountId=absent)) == "ResourceNotFoundException"
    )


def test_role_credentials_are_of_the_role_in_the_account_like_the_starting_ones(center: Center) -> None:
    token = center.signed_in()
    given = center.sso.get_role_credentials(accessToken=token, accountId=IDS["dev"], roleName="AdministratorAccess")

    keys = given["roleCredentials"]
    words = {"AccessKeyId": "accessKeyId", "SecretAccessKey": "secretAccessKey", "SessionToken": "sessionToken"}
    sts = center.accounts.with_credentials({word: keys[key] for word, key in words.items()}, "sts")
    assert sts.get_caller_identity()["Arn"] == center.accounts.client("dev", "sts").get_caller_identity()["Arn"]
    no_such = {"accessToken": token, "accountId": IDS["dev"], "roleName": "Owner"}
    assert code(lambda: center.sso.get_role_credentials(**no_such)) == "ForbiddenException"


@pytest.mark.parametrize("path", ["/client/register", "/device_authorization", "/token"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"no json",
        b"\xff",
        b'{"clientName": "x", "clientType": "public", "scopes": 5}',
        b'{"clientName": "x", "clientType": "public", "grantTypes": [[]]}',
        b'{"clientId": [], "clientSecret": "\\ud800"}',
    ],
)
def test_whatever_is_sent_is_answered_as_a_wrong_request(center: Center, path: str, body: bytes) -> None:
    page = visit(f"{center.accounts.running.endpoint}{path}", body)

    assert page.status in (400, 401)
    assert "error" in json.loads(page.text)


def test_without_a_valid_token_the_portal_tells_nothing(center: Center) -> None:
    assert code(lambda: center.sso.list_accounts(accessToken="made-up")) == "UnauthorizedException"
    asked = {"accountId": IDS["dev"], "roleName": "AdministratorAccess", "accessToken": "made-up"}
    assert code(lambda: center.sso.get_role_credentials(**asked)) == "UnauthorizedException"
