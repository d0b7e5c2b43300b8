"""CodeCommit's credentials for git over HTTPS: Basic authentication made of a SigV4 signature.

The user name is the access key, with ``%`` and the session token where there is one; the password is the time and a
signature of the repository's URL, as ``aws codecommit credential-helper`` makes them
(https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html; the form is that of the AWS CLI's
``awscli/customizations/codecommit.py``, 1.44, read 2026-11-25).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

LASTS = timedelta(minutes=15)
"""How long a signature counts, before and after its time."""

_PASSWORD = re.compile(r"(\d{8}T\d{6})Z([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class GitCredentials:
    """What git sent. ``time`` is UTC, without punctuation, as it was signed."""

    access_key: str
    token: str | None = field(repr=False)
    time: str
    signature: str = field(repr=False)


def read(authorization: str) -> GitCredentials | None:
    """The credentials in an ``Authorization`` header; None if it holds none of this kind."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    access_key, percent, token = user.partition("%")
    found = _PASSWORD.fullmatch(password)
    if found is None or not access_key:
        return None
    return GitCredentials(access_key, token if percent else None, found[1], found[2])


def is_signed(given: GitCredentials, secret_key: str, host: str, path: str, region: str, now: datetime) -> bool:
    """Whether the signature is that of ``secret_key`` for the repository at ``path``, and of about now."""
    signed = datetime.strptime(given.time, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    if abs(now - signed) > LASTS:
        return False
    return hmac.compare_digest(given.signature, signature(secret_key, given.time, host, path, region))


def signature(secret_key: str, time: str, host: str, path: str, region: str) -> str:
    """The signature of a request with the method GIT; ``host`` is without its port."""
    canonical = f"GIT\n{path}\n\nhost:{host}\n\nhost\n"
    scope = f"{time[:8]}/{region}/codecommit/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
