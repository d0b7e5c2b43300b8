"""A test issuer of OIDC tokens: signs them as a CI system does, and gives its key set to a sandbox."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"


class Issuer:
    """Signs as ``url``."""

    def __init__(self, url: str, identifier: str = "key-1") -> None:
        self.url = url
        self.identifier = identifier
        self._key = rsa.generate_private_key(65537, 2048)

    def token(self, subject: str, *, audience: Any = "sts.amazonaws.com", left: float = 300, **claims: Any) -> str:
        """A token for a job; ``left`` are the seconds until it ends."""
        now = time.time()
        body = {"iss": self.url, "sub": subject, "aud": audience, "iat": int(now), "exp": int(now + left), **claims}
        return self.signed(body)

    def signed(self, claims: dict[str, Any], algorithm: str = "RS256") -> str:
        """A token with any claims; the algorithm ``none`` leaves the signature out, others only change the header."""
        header = {"alg": algorithm, "typ": "JWT", "kid": self.identifier}
        content = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
        if algorithm == "none":
            return f"{content}."
        return f"{content}.{_encoded(self._key.sign(content.encode(), PKCS1v15(), SHA256()))}"

    @property
    def keys(self) -> dict[str, Any]:
        """The key set, by RFC 7517."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.identifier}
        return {"keys": [{**key, "n": _integer(numbers.n), "e": _integer(numbers.e)}]}


def write_issuers(path: Path, *issuers: Issuer) -> Path:
    """The file that a sandbox takes."""
    path.write_text(json.dumps({issuer.url: issuer.keys for issuer in issuers}))
    return path


def _integer(number: int) -> str:
    return _encoded(number.to_bytes((number.bit_length() + 7) // 8))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
