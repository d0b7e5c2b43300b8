"""Whether a request was signed with the secret of the key that it names.

Signature Version 4, in the headers or the query:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; Version 2, which botocore
still uses for presigned S3 URLs: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html (2026-11).

The chunks of an ``aws-chunked`` body have signatures of their own, which are not checked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote

from botocore.auth import HmacV1Auth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from botocore.utils import normalize_url_path
from moto.core.request import Request as HttpRequest
from moto.core.request import environ_key_for_header

from crosslane.sandbox.request import ServiceError

_ALGORITHM = "AWS4-HMAC-SHA256"
_DATE = re.compile(r"\d{8}T\d{6}Z")
_SPACES = re.compile(r" +")
_SIGNING = ("x-amz-", "content-md5", "content-type")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def check(http: HttpRequest, raw_uri: str, secret: str, service: str, protocol: str, now: datetime) -> bool:
    """Raises ``ServiceError`` if the signature is not that of ``secret``. Returns whether it stands in the URL.

    ``raw_uri`` is path and query as they were sent; ``now`` is by when presigned URLs have expired.
    """
    authorization = _sent(http, "Authorization") or ""
    if authorization.startswith(_ALGORITHM):
        _check_header(http, raw_uri, secret, service, protocol, authorization)
        return False
    if "X-Amz-Signature" in http.args:
        _check_query(http, raw_uri, secret, service, protocol, now)
        return True
    if service == "s3" and ("Signature" in http.args or authorization.startswith("AWS ")):
        return _check_version_2(http, raw_uri, secret, now, authorization)
    raise _incomplete(protocol)


def _check_header(
    http: HttpRequest, raw_uri: str, secret: str, service: str, protocol: str, authorization: str
) -> None:
    fields = dict([part.strip().partition("=")[::2] for part in authorization.partition(" ")[2].split(",")])
    credential, headers, given = fields.get("Credential"), fields.get("SignedHeaders"), fields.get("Signature")
    date = _sent(http, "X-Amz-Date") or ""
    if credential is None or headers is None or given is None or not _DATE.fullmatch(date):
        raise _incomplete(protocol)
    body = _body_digest(http, service, protocol)
    expected = _signature(http, raw_uri, secret, service, credential, date, headers.split(";"), body)
    if not _same(expected, given):
        raise _mismatch(service, protocol)


def _check_query(http: HttpRequest, raw_uri: str, secret: str, service: str, protocol: str, now: datetime) -> None:
    given: Mapping[str, Any] = http.args
    date, seconds = str(given.get("X-Amz-Date", "")), str(given.get("X-Amz-Expires", ""))
    if given.get("X-Amz-Algorithm") != _ALGORITHM or not _DATE.fullmatch(date) or "X-Amz-SignedHeaders" not in given:
        raise _incomplete(protocol)
    body = "UNSIGNED-PAYLOAD" if service == "s3" else _sha256(_body(http))
    signed = str(given["X-Amz-SignedHeaders"]).split(";")
    expected = _signature(http, raw_uri, secret, service, str(given["X-Amz-Credential"]), date, signed, body)
    if not _same(expected, str(given["X-Amz-Signature"])):
        raise _mismatch(service, protocol)
    if not seconds.isdecimal() or int(seconds) > 604800:
        raise ServiceError("AuthorizationQueryParametersError", "X-Amz-Expires must be less than a week (in seconds)")
    if _time(date) + timedelta(seconds=int(seconds)) <= now:
        raise _expired()


def _check_version_2(http: HttpRequest, raw_uri: str, secret: str, now: datetime, authorization: str) -> bool:
    path, _, query = raw_uri.partition("?")
    presigned = "Signature" in http.args
    expires = str(http.args.get("Expires", "")) if presigned else None
    sent = {name.lower(): value for name, value in http.headers.items()}
    if presigned:
        # What a client would have sent as headers stands in the query, and signs as headers do.
        sent |= {name.lower(): value for name, value in http.args.items() if name.lower().startswith(_SIGNING)}
    signer: Any = HmacV1Auth(Credentials("", secret))
    named = _without(query, ("AWSAccessKeyId", "Signature", "Expires"))
    date = expires if presigned else "" if "x-amz-date" in sent else sent.get("date", "")
    custom = signer.canonical_custom_headers(HTTPHeaders.from_dict(sent))
    lines = (http.method, sent.get("content-md5", ""), sent.get("content-type", ""), str(date))
    # The resource of a bucket's own requests may end in a slash or not: AWS takes both, and clients differ.
    resources = {signer.canonical_resource(_Split(one, named)) for one in (path, f"{path}/")}
    texts = ["\n".join((*lines, *([custom] if custom else []), resource)) for resource in resources]
    given = str(http.args["Signature"]) if presigned else authorization.rpartition(":")[2]
    if not any(_same(str(signer.sign_string(text)), given) for text in texts):
        raise _mismatch("s3", "rest-xml")
    if presigned and (not str(expires).isdecimal() or datetime.fromtimestamp(int(str(expires)), UTC) <= now):
        raise _expired()
    return presigned


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


class _Split:
    """Path and query, as botocore's signer reads them."""

    def __init__(self, path: str, query: str) -> None:
        self.path = path
        self.query = query


def _without(query: str, names: tuple[str, ...]) -> str:
    return "&".join(part for part in query.split("&") if part.partition("=")[0] not in names)


def _signature(
    http: HttpRequest, raw_uri: str, secret: str, service: str, credential: str, date: str, signed: list[str], body: str
) -> str:
    fields = credential.split("/")
    day, region, name = fields[-4], fields[-3], fields[-2]
    path, _, query = raw_uri.partition("?")
    canonical = "\n".join(
        (
            http.method,
            _path(path, service),
            _query(query),
            "".join([f"{header}:{_header(http, header)}\n" for header in signed]),
            ";".join(signed),
            body,
        )
    )
    scope = "/".join(fields[-4:])
    to_sign = "\n".join((_ALGORITHM, date, scope, _sha256(canonical.encode())))
    signer = _signer(secret, day, region, name).copy()
    signer.update(to_sign.encode())
    return signer.hexdigest()


_EMPTY = hashlib.sha256()


def _sha256(data: bytes) -> str:
    """In hexadecimal. A copy, because OpenSSL looks its algorithms up anew for each new hash."""
    made = _EMPTY.copy()
    made.update(data)
    return made.hexdigest()


@lru_cache(maxsize=1024)
def _signer(secret: str, day: str, region: str, service: str) -> hmac.HMAC:
    """To copy, and to update with what is signed."""
    found = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        found = hmac.digest(found, part.encode(), "sha256")
    return hmac.new(found, digestmod="sha256")


@lru_cache(maxsize=1024)
def _path(path: str, service: str) -> str:
    """S3 signs the path as it is, encoded once; the others a normalized path, encoded again."""
    if service == "s3":
        return quote(unquote(path or "/"), safe="/~")
    return quote(normalize_url_path(path or "/"), safe="/~")


def _query(query: str) -> str:
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name and name != "X-Amz-Signature":
            pairs.append((quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _header(http: HttpRequest, name: str) -> str:
    value = _sent(http, name)
    if value is None:
        return "chunked" if name == "transfer-encoding" else ""  # the server has read the chunks and taken that away
    value = value.strip()
    return _SPACES.sub(" ", value) if "  " in value else value


def _sent(http: HttpRequest, name: str) -> str | None:
    """A header, as ``http.headers.get`` but in a tenth of the time."""
    found: str | None = http.environ.get(_place(name))
    return found


_place = lru_cache(maxsize=1024)(environ_key_for_header)


def _body_digest(http: HttpRequest, service: str, protocol: str) -> str:
    """What was signed of the body; a digest that was sent has to be the body's."""
    told = _sent(http, "X-Amz-Content-SHA256")
    if told is not None and not _DIGEST.fullmatch(told):
        return told
    digest = _sha256(_body(http))
    if told is not None and told != digest:
        if service == "s3":
            text = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise ServiceError("XAmzContentSHA256Mismatch", text, 400)
        raise _mismatch(service, protocol)
    return digest


def _body(http: HttpRequest) -> bytes:
    """The server has read all of it: no stream has to be made for it."""
    sent = http.environ["wsgi.input"]
    return sent.getvalue() if isinstance(sent, BytesIO) else http.get_data()


def _time(date: str) -> datetime:
    try:
        return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _mismatch(service: str, protocol: str) -> ServiceError:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"""
    text = "The request signature we calculated does not match the signature you provided. "
    if service == "s3":
        return ServiceError("SignatureDoesNotMatch", f"{text}Check your key and signing method.", 403)
    text += "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    if protocol == "ec2":
        told = "AWS was not able to validate the provided access credentials"
        return ServiceError("AuthFailure", told, 401)
    if protocol == "query":
        return ServiceError("SignatureDoesNotMatch", text, 403)
    return ServiceError("InvalidSignatureException", text, 403 if protocol == "rest-json" else 400)


def _incomplete(protocol: str) -> ServiceError:
    """https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html"""
    text = "The request signature does not conform to AWS standards."
    if protocol in ("query", "ec2"):
        return ServiceError("IncompleteSignature", text, 400)
    if protocol == "rest-xml":
        return ServiceError("AuthorizationHeaderMalformed", text, 400)
    return ServiceError("IncompleteSignatureException", text, 400)


def _expired() -> ServiceError:
    return ServiceError("AccessDenied", "Request has expired", 403)
