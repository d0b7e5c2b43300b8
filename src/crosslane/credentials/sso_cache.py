"""Sign-ins to IAM Identity Center as the AWS CLI keeps them, so that both use the same session.

The folder is ``~/.aws/sso/cache``; a token's file is named by the SHA-1 of the ``sso-session``'s name (of the start URL
where a profile has none), a client registration's by that of what it is for. Facts from the AWS CLI's
``awscli/botocore/utils.py`` (branch v2) and botocore's ``tokens.py``, looked up 2026-11.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crosslane.credentials.guarded_file import locked, read_bytes
from crosslane.credentials.secret import Secret
from crosslane.errors import EnvironmentFailure

_HEADER_TEXT = re.compile(r"[\x21-\x7e]+")
"""What may stand in a request's header; anything else in a token's file is no token."""


@dataclass(frozen=True, slots=True)
class SsoSession:
    """A portal, as ``[sso-session NAME]`` of the AWS config file has it.

    ``scopes`` is None where the section names none: the AWS CLI then names its registrations differently.
    """

    name: str
    start_url: str
    region: str
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """A client that is registered with the service until ``expires``."""

    client_id: str
    client_secret: Secret
    expires: datetime


@dataclass(frozen=True, slots=True)
class SsoToken:
    """A person's token. It can be renewed if it has both ``registration`` and ``refresh_token``."""

    start_url: str
    region: str
    access_token: Secret
    expires: datetime
    registration: Registration | None = None
    refresh_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class SsoCache:
    """The folder; it need not exist."""

    folder: Path

    def token(self, session: SsoSession) -> SsoToken | None:
        """The token of this session, expired or not; None if there is none, or one of another portal."""
        found = _token(self._read(self.token_path(session)))
        return found if found is not None and same_portal(found, session) else None

    def store_token(self, session: SsoSession, token: SsoToken) -> None:
        """Replace the session's token."""
        document: dict[str, object] = {
            "startUrl": token.start_url,
            "region": token.region,
            "accessToken": token.access_token.reveal(),
            "expiresAt": _text_of(token.expires),
        }
        if token.registration is not None:
            document |= {
                "clientId": token.registration.client_id,
                "clientSecret": token.registration.client_secret.reveal(),
                "registrationExpiresAt": _text_of(token.registration.expires),
            }
        if token.refresh_token is not None:
            document["refreshToken"] = token.refresh_token.reveal()
        self._write(self.token_path(session), document)

    def forget_token(self, session: SsoSession) -> None:
        """Remove the session's token, if there is one."""
        self._remove(self.token_path(session))

    def registration(self, session: SsoSession, *, for_code: bool) -> Registration | None:
        """The cached client for the browser flow (``for_code``) or for device codes, expired or not."""
        document = self._read(self.registration_path(session))
        grants = document.get("grantTypes")
        made_for_code = isinstance(grants, list) and "authorization_code" in grants
        return _registration(document) if made_for_code == for_code else None

    def store_registration(
        self, session: SsoSession, registration: Registration, scopes: tuple[str, ...], *, for_code: bool
    ) -> None:
        """Replace the session's client; the other flow's has the same file, as in the AWS CLI."""
        document: dict[str, object] = {
            "clientId": registration.client_id,
            "clientSecret": registration.client_secret.reveal(),
            "expiresAt": _text_of(registration.expires),
        }
        if scopes:
            document["scopes"] = list(scopes)
        if for_code:
            document["grantTypes"] = ["authorization_code", "refresh_token"]
        self._write(self.registration_path(session), document)

    def forget_registration(self, session: SsoSession) -> None:
        """Remove the session's client, if there is one."""
        self._remove(self.registration_path(session))

    def tokens_of(self, start_url: str) -> tuple[tuple[Path, SsoToken], ...]:
        """All files that hold a token of this portal, whatever tool and session they are of.

        Temporary ones too, which a killed writer, of whichever tool, has left.
        """
        paths = sorted([*self.folder.glob("*.json"), *self.folder.glob("*.tmp")])
        found = ((path, _token(self._read(path))) for path in paths)
        return tuple(
            (path, token)
            for path, token in found
            if token is not None and plain_url(token.start_url) == plain_url(start_url)
        )

    def remove(self, path: Path) -> None:
        """Remove a file that ``tokens_of`` told of."""
        self._remove(path)

    def token_path(self, session: SsoSession) -> Path:
        return self.folder / f"{_sha1(session.name)}.json"

    def registration_path(self, session: SsoSession) -> Path:
        purpose = {
            "tool": "botocore",
            "startUrl": session.start_url,
            "region": session.region,
            "scopes": None if session.scopes is None else list(session.scopes),
            "session_name": session.name,
        }
        return self.folder / f"{_sha1(json.dumps(purpose, sort_keys=True))}.json"

    @contextmanager
    def exclusively(self, session: SsoSession) -> Iterator[None]:
        """One process at a time renews this session's token; the AWS CLI does not take part."""
        with locked([self.folder / _sha1(session.name)]):
            yield

    def _read(self, path: Path) -> Mapping[str, object]:
        try:
            found = json.loads(read_bytes(path) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, path: Path, document: Mapping[str, object]) -> None:
        """Old file or new one, whoever reads or writes meanwhile; mode 0600 as ``mkstemp`` makes it."""
        try:
            for missing in reversed([path for path in (self.folder, *self.folder.parents) if not path.exists()]):
                missing.mkdir(mode=0o700, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(document, file)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(path)
            finally:
                Path(temporary).unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFailure(
                f"cannot write {path}: {error.strerror or error}",
                code="FileNotWritable",
                next=f"make {self.folder} writable and run the same command again",
            ) from error

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFailure(
                f"cannot remove {path}: {error.strerror or error}", code="FileNotWritable", next=f"remove {path}"
            ) from error


def plain_url(url: str) -> str:
    """A start URL without what people copy along: ``https://x.awsapps.com/start/#/`` is ``…/start``."""
    return url.strip().rstrip("/#")


def same_portal(token: SsoToken, session: SsoSession) -> bool:
    """Whether the token is of the session's portal: a session's name may have had another start URL before."""
    return plain_url(token.start_url) == plain_url(session.start_url) and token.region == session.region


def _token(document: Mapping[str, object]) -> SsoToken | None:
    access, expires = _secret(document, "accessToken"), _instant(document.get("expiresAt"))
    start_url, region = document.get("startUrl"), document.get("region")
    if access is None or expires is None or not isinstance(start_url, str) or not isinstance(region, str):
        return None
    registered = _registration({**document, "expiresAt": document.get("registrationExpiresAt")})
    return SsoToken(start_url, region, access, expires, registered, _secret(document, "refreshToken"))


def _registration(document: Mapping[str, object]) -> Registration | None:
    client, secret = document.get("clientId"), _secret(document, "clientSecret")
    expires = _instant(document.get("expiresAt"))
    if not isinstance(client, str) or not client or secret is None or expires is None:
        return None
    return Registration(client, secret, expires)


def _secret(document: Mapping[str, object], key: str) -> Secret | None:
    value = document.get(key)
    return Secret(value) if isinstance(value, str) and _HEADER_TEXT.fullmatch(value) else None


def _instant(value: object) -> datetime | None:
    """ISO 8601, with ``UTC`` for a zone as older versions of the AWS CLI wrote it."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value.removesuffix("UTC") + "Z" if value.endswith("UTC") else value)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _text_of(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
