"""IAM Identity Center: its OIDC service, which signs people in, and its portal, which knows their accounts.

https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/Welcome.html and
https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/Welcome.html (2026-11-24). All calls are unsigned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from botocore import UNSIGNED, xform_name
from botocore.client import BaseClient
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError

from crosslane.aws.errors import AwsError, translate
from crosslane.aws.gateway import Cloud
from crosslane.errors import CrosslaneError

REDIRECT_URI = "http://127.0.0.1/oauth/callback"
"""Registered without a port: of a loopback redirect any port may be used, as the AWS CLI does."""

CODE_GRANTS = ("authorization_code", "refresh_token")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class Registered:
    """A client registration. ``expires`` is when it has to be made anew."""

    client_id: str
    client_secret: str = field(repr=False)
    expires: datetime


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A device authorization; ``seconds`` it lasts, ``interval`` seconds between two polls."""

    device_code: str = field(repr=False)
    user_code: str
    url: str
    complete_url: str
    seconds: int
    interval: int


@dataclass(frozen=True, slots=True)
class Granted:
    """Tokens. ``seconds`` is how long the access token lasts."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    seconds: int


@dataclass(frozen=True, slots=True)
class RoleKeys:
    """Temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires: datetime


class IdentityCenter:
    """One instance of Identity Center: the portal at ``start_url``, in ``region``.

    Everything raises ``AwsError`` with AWS's own code, ``Unreachable`` or another ``EnvironmentFailure``.
    """

    def __init__(self, cloud: Cloud, start_url: str, region: str) -> None:
        self.start_url = start_url
        self.region = region
        self._cloud = cloud
        self._clients: dict[str, BaseClient] = {}
        self._lock = Lock()

    @property
    def authorize_url(self) -> str:
        """Where a browser is sent to; the operation is in no service model."""
        return f"{str(self._client('sso-oidc').meta.endpoint_url).rstrip('/')}/authorize"

    def register(self, name: str, scopes: Sequence[str], *, for_code: bool) -> Registered:
        """RegisterClient for the browser flow (``for_code``) or for device codes."""
        asked: dict[str, Any] = {"clientName": name, "clientType": "public"}
        if scopes:
            asked["scopes"] = list(scopes)
        if for_code:
            asked |= {"grantTypes": list(CODE_GRANTS), "redirectUris": [REDIRECT_URI], "issuerUrl": self.start_url}
        answer = self._call("sso-oidc", "RegisterClient", asked)
        expires = datetime.fromtimestamp(answer["clientSecretExpiresAt"], UTC)
        return Registered(answer["clientId"], answer["clientSecret"], expires)

    def start_device(self, client_id: str, client_secret: str) -> DeviceCode:
        """StartDeviceAuthorization; without an interval, RFC 8628 has 5 seconds."""
        asked = {"clientId": client_id, "clientSecret": client_secret, "startUrl": self.start_url}
        answer = self._call("sso-oidc", "StartDeviceAuthorization", asked)
        return DeviceCode(
            answer["deviceCode"],
            answer["userCode"],
            answer["verificationUri"],
            answer.get("verificationUriComplete") or answer["verificationUri"],
            answer["expiresIn"],
            answer.get("interval") or 5,
        )

    def token_for_device(self, client_id: str, client_secret: str, device_code: str) -> Granted:
        """CreateToken; ``AuthorizationPendingException`` while nobody has decided."""
        return self._token(client_id, client_secret, {"grantType": DEVICE_GRANT, "deviceCode": device_code})

    def token_for_code(
        self, client_id: str, client_secret: str, *, code: str, verifier: str, redirect_uri: str
    ) -> Granted:
        """CreateToken for a browser's code; ``redirect_uri`` with the port that was used."""
        asked = {"grantType": CODE_GRANTS[0], "code": code, "codeVerifier": verifier, "redirectUri": redirect_uri}
        return self._token(client_id, client_secret, asked)

    def token_for_refresh(self, client_id: str, client_secret: str, refresh_token: str) -> Granted:
        """CreateToken for a refresh token; ``InvalidGrantException`` if the session is over."""
        return self._token(client_id, client_secret, {"grantType": CODE_GRANTS[1], "refreshToken": refresh_token})

    def accounts(self, access_token: str) -> tuple[str, ...]:
        """The ids of all accounts that the person may enter."""
        return tuple(one["accountId"] for one in self._pages("ListAccounts", "accountList", access_token))

    def permission_sets(self, access_token: str, account_id: str) -> tuple[str, ...]:
        """The names of the person's permission sets in an account."""
        found = self._pages("ListAccountRoles", "roleList", access_token, accountId=account_id)
        return tuple(one["roleName"] for one in found)

    def role_keys(self, access_token: str, account_id: str, permission_set: str) -> RoleKeys:
        """GetRoleCredentials; ``ForbiddenException`` if the person does not have this set there."""
        asked = {"accessToken": access_token, "accountId": account_id, "roleName": permission_set}
        given = self._call("sso", "GetRoleCredentials", asked)["roleCredentials"]
        expires = datetime.fromtimestamp(given["expiration"] / 1000, UTC)
        return RoleKeys(given["accessKeyId"], given["secretAccessKey"], given["sessionToken"], expires)

    def logout(self, access_token: str) -> None:
        """Logout: the session on the server, and every token of it."""
        self._call("sso", "Logout", {"accessToken": access_token})

    def _token(self, client_id: str, client_secret: str, asked: dict[str, Any]) -> Granted:
        client = {"clientId": client_id, "clientSecret": client_secret}
        answer = self._call("sso-oidc", "CreateToken", {**client, **asked})
        return Granted(answer["accessToken"], answer.get("refreshToken"), answer["expiresIn"])

    def _pages(self, operation: str, key: str, access_token: str, **asked: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        mark: dict[str, str] = {}
        while True:
            answer = self._call("sso", operation, {"accessToken": access_token, **asked, **mark})
            found += answer.get(key, [])
            if not answer.get("nextToken"):
                return found
            mark = {"nextToken": answer["nextToken"]}

    def _call(self, service: str, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            client = self._client(service)
            self._cloud.calls.add(service, operation)
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**asked)
        except ClientError as error:
            raise _from_answer(error, f"{service}:{operation}") from None
        except CrosslaneError:
            raise
        except Exception as error:
            failure = translate(error, account="", profile=None, service=service, operation=operation)
            failure.account = None
            raise failure from None
        return answer

    def _client(self, service: str) -> BaseClient:
        with self._lock:
            if service not in self._clients:
                unsigned = ClientConfig(signature_version=UNSIGNED)
                self._clients[service] = self._cloud.unsigned_session().create_client(
                    service,
                    region_name=self.region,
                    endpoint_url=self._cloud.place.endpoint,
                    config=self._cloud.client_config.merge(unsigned),
                )
            return self._clients[service]


def _from_answer(error: ClientError, action: str) -> AwsError:
    """The error with AWS's code; OIDC puts its text beside ``Error``."""
    answer: dict[str, Any] = dict(error.response)
    told = answer.get("Error", {})
    code = str(told.get("Code", "Unknown"))
    text = str(answer.get("error_description") or told.get("Message") or code).strip()
    return AwsError(
        f"{action} failed: {code}: {text}",
        code=code,
        operation=action,
        next=_NEXT.get(code),
        request_id=answer.get("ResponseMetadata", {}).get("RequestId"),
        text=text,
    )


_NEXT = {
    "ForbiddenException": "ask whoever runs IAM Identity Center to assign this permission set to you",
    "InvalidGrantException": "crosslane sign-in again",
    "InvalidRequestException": "check the portal's start URL and region: --start-url, --sso-region, or [sign_in]",
    "TooManyRequestsException": "wait a minute and run the same command again",
    "UnauthorizedException": "crosslane sign-in",
}
