"""The sandbox's portal of IAM Identity Center, in front of everything else at the same port.

Its requests carry no signature, only tokens (https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/,
looked up 2026-11), and are told from others by that and by their paths. Each account has the permission sets whose
roles are in its IAM, and its role's sessions are like those of any sign-in.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl

from moto.iam.models import Role

from crosslane.sandbox.identities import Identities
from crosslane.sandbox.identity_center.accounts import SESSION_NAME, SESSION_SECONDS, Member
from crosslane.sandbox.identity_center.oidc import Oidc
from crosslane.sandbox.request import ServiceError
from crosslane.sandbox.store import Environ, Store

Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

ROLE_PATH = "/aws-reserved/sso.amazonaws.com/"
ROLE_PREFIX = "AWSReservedSSO_"
DEVICE_PAGE = "/device"
CODE_PAGE = "/authorize"
_PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is on the wire."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


class Portal:
    """A WSGI application: answers what is Identity Center's and passes the rest on to ``behind``."""

    def __init__(
        self, oidc: Oidc, store: Store, identities: Identities, members: Sequence[Member], behind: Application
    ) -> None:
        self._oidc = oidc
        self._store = store
        self._identities = identities
        self._members = tuple(members)
        self._behind = behind
        self._routes: dict[tuple[str, str], Callable[[Environ], Reply]] = {
            ("POST", "/client/register"): lambda environ: _json(oidc.register(_body(environ))),
            ("POST", "/device_authorization"): lambda environ: _json(
                oidc.start_device(_body(environ), _origin(environ) + DEVICE_PAGE)
            ),
            ("POST", "/token"): lambda environ: _json(oidc.create_token(_body(environ))),
            ("GET", CODE_PAGE): self._ask_for_code,
            ("POST", CODE_PAGE): self._decide_code,
            ("GET", DEVICE_PAGE): self._ask_for_device,
            ("POST", DEVICE_PAGE): self._decide_device,
            ("POST", "/logout"): self._logout,
            ("GET", "/assignment/accounts"): self._accounts,
            ("GET", "/assignment/roles"): self._roles,
            ("GET", "/federation/credentials"): self._credentials,
        }

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        route = self._routes.get((environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")))
        if route is None or _signed(environ):
            return self._behind(environ, start_response)
        try:
            reply = route(environ)
        except ServiceError as error:
            reply = _failure(error)
        except (AttributeError, TypeError, ValueError):  # members of another type than the service's model has
            reply = _failure(ServiceError("InvalidRequestException", "invalid_request: a value is of a wrong type"))
        start_response(f"{reply.status} {responses[reply.status]}", list(reply.headers))
        return [reply.body]

    def _ask_for_code(self, environ: Environ) -> Reply:
        try:
            request = self._oidc.ask(_query(environ))
        except ServiceError as error:
            return _page(error.status, "This request cannot be allowed", error.message)
        return _question(CODE_PAGE, {"request": request}, "A program wants to sign in with your account.")

    def _decide_code(self, environ: Environ) -> Reply:
        form = _form(environ)
        target = self._oidc.decide(form.get("request", ""), form.get("decision") == "allow")
        if target is None:
            return _page(400, "Too late", "This request was decided before, or has expired.")
        return Reply(302, b"", (("Location", target),))

    def _ask_for_device(self, environ: Environ) -> Reply:
        user_code = _query(environ).get("user_code", "")
        if not user_code:
            entry = '<label>Code <input name="user_code"></label> <button>Next</button>'
            form = f'<form action="{DEVICE_PAGE}">{entry}</form>'
            return _page(200, "Sign in with a code", "Enter the code that the program shows.", form)
        if not self._oidc.device_waits(user_code):
            return _page(400, "No such code", "It was decided before, has expired, or was not given out.")
        text = f"A program with the code {user_code.upper()} wants to sign in with your account."
        return _question(DEVICE_PAGE, {"user_code": user_code}, text)

    def _decide_device(self, environ: Environ) -> Reply:
        form = _form(environ)
        allow = form.get("decision") == "allow"
        if not self._oidc.decide_device(form.get("user_code", ""), allow):
            return _page(400, "Too late", "This code was decided before, or has expired.")
        return _page(200, "Done", f"The program is {'signed in' if allow else 'refused'}; you can close this window.")

    def _logout(self, environ: Environ) -> Reply:
        self._signed_in(environ)
        self._oidc.end(_bearer(environ))
        return Reply(200, b"", ())

    def _accounts(self, environ: Environ) -> Reply:
        self._signed_in(environ)
        found = [
            {"accountId": member.id, "accountName": member.name, "emailAddress": f"{member.name}@example.com"}
            for member in self._members
            if self._permission_sets(member.id)
        ]
        return _json(_paged("accountList", found, _query(environ)))

    def _roles(self, environ: Environ) -> Reply:
        self._signed_in(environ)
        query = _query(environ)
        account = query.get("account_id", "")
        found = [{"roleName": name, "accountId": account} for name in sorted(self._permission_sets(account))]
        if not found:
            raise ServiceError("ResourceNotFoundException", "No such account for this person", 404)
        return _json(_paged("roleList", found, query))

    def _credentials(self, environ: Environ) -> Reply:
        self._signed_in(environ)
        query = _query(environ)
        role = self._permission_sets(query.get("account_id", "")).get(query.get("role_name", ""))
        if role is None:
            # AWS tells neither which of the two is wrong: https://github.com/ministryofjustice/modernisation-platform/pull/10161
            raise ServiceError("ForbiddenException", "No access", 403)
        identity = self._identities.keep(
            self._store.session_of(role, SESSION_NAME, self._identities.temporary(SESSION_SECONDS))
        )
        keys = identity.credentials
        given = {
            "accessKeyId": keys.access_key,
            "secretAccessKey": keys.secret_key,
            "sessionToken": keys.token,
            "expiration": int(keys.expires.timestamp() * 1000) if keys.expires else None,
        }
        return _json({"roleCredentials": given})

    def _permission_sets(self, account: str) -> dict[str, Role]:
        """The roles of a member's sign-in by the name of their permission set."""
        if account not in {member.id for member in self._members}:
            return {}
        roles = list(self._store.iam(account).roles.values())
        return {
            role.name.removeprefix(ROLE_PREFIX).rpartition("_")[0]: role
            for role in roles
            if role.path.startswith(ROLE_PATH) and role.name.startswith(ROLE_PREFIX)
        }

    def _signed_in(self, environ: Environ) -> None:
        if self._oidc.session(_bearer(environ)) is None:
            raise ServiceError("UnauthorizedException", "Session token not found or invalid", 401)


def _signed(environ: Environ) -> bool:
    return "HTTP_AUTHORIZATION" in environ or "X-Amz-Signature" in environ.get("QUERY_STRING", "")


def _bearer(environ: Environ) -> str:
    return str(environ.get("HTTP_X_AMZ_SSO_BEARER_TOKEN", ""))


def _origin(environ: Environ) -> str:
    return f"http://{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"


def _query(environ: Environ) -> dict[str, str]:
    return dict(parse_qsl(environ.get("QUERY_STRING", "")))


def _form(environ: Environ) -> dict[str, str]:
    return dict(parse_qsl(environ["wsgi.input"].read().decode("utf-8", "replace")))


def _body(environ: Environ) -> dict[str, Any]:
    try:
        found = json.loads(environ["wsgi.input"].read() or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ServiceError("InvalidRequestException", "invalid_request: the body is no JSON object")
    return found


def _paged(key: str, found: list[dict[str, str]], query: Mapping[str, str]) -> dict[str, Any]:
    """A page of a listing; the token is where the next one starts."""
    try:
        first, size = int(query.get("next_token", "0")), int(query.get("max_result", _PAGE_SIZE))
    except ValueError:
        raise ServiceError("InvalidRequestException", "next_token or max_result is wrong") from None
    following = {"nextToken": str(first + size)} if first + size < len(found) else {}
    return {key: found[first : first + size], **following}


def _json(document: Mapping[str, Any], status: int = 200, *headers: tuple[str, str]) -> Reply:
    return Reply(status, json.dumps(document).encode(), (("Content-Type", "application/json"), *headers))


def _failure(error: ServiceError) -> Reply:
    """The error as both services write it: OIDC's with OAuth's words in the body, the portal's with a message."""
    word, colon, text = error.message.partition(": ")
    told = {"error": word, "error_description": text} if colon else {"message": error.message}
    return _json(told, error.status, ("x-amzn-ErrorType", error.code))


def _question(action: str, hidden: Mapping[str, str], text: str) -> Reply:
    fields = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in hidden.items()
    )
    buttons = "".join(
        f'<button name="decision" value="{value}">{word}</button> '
        for value, word in (("allow", "Allow"), ("deny", "Deny"))
    )
    form = f'<form method="post" action="{action}">{fields}{buttons}</form>'
    return _page(200, "Allow access?", text, form)


def _page(status: int, title: str, text: str, form: str = "") -> Reply:
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<h1>{html.escape(title)}</h1><p>{html.escape(text)}</p>{form}"
        "<p>This is the sandbox of crosslane, not AWS.</p></html>"
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
    )
    return Reply(status, body.encode(), headers)
