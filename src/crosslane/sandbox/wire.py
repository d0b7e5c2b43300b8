"""From HTTP to values and back, in each AWS protocol, with moto's readings of botocore's service models.

``read`` tells which operation a request calls and with what; ``write`` and ``write_error`` make the answer
that a client of that service understands. Nothing here decides anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as HttpRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from crosslane.sandbox.request import ServiceError

SIGNING_NAMES: Mapping[str, tuple[str, ...]] = {
    "airflow": ("mwaa",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "awsssoportal": ("sso",),
    "bedrock": ("bedrock", "bedrock-agent"),
    "cassandra": ("keyspaces",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "email": ("ses",),
    "es": ("opensearch", "es"),
    "execute-api": ("apigatewaymanagementapi",),
    "iam": ("iam", "iam-toolbox"),
    "mobiletargeting": ("pinpoint",),
    "monitoring": ("cloudwatch",),
    "s3": ("s3", "s3control"),
    "servicecatalog": ("servicecatalog", "servicecatalog-appregistry"),
    "servicequotas": ("service-quotas",),
    "ses": ("ses", "sesv2"),
    "sso": ("sso-admin",),
    "sso-oauth": ("sso-oidc",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}
"""Names that requests are signed for, where they are not botocore's name of the service or serve several of
them (``signingName`` in botocore's service models, read 2026-10)."""

UNSIGNED_ACTIONS: Mapping[str, str] = {"AssumeRoleWithSAML": "sts", "AssumeRoleWithWebIdentity": "sts"}
"""Operations that carry their proof in the parameters and are sent without a signature
(https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)."""


_UNSCOPED_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Scope:
    """The credential scope of a signature: whose key, and for which region and service it signs."""

    access_key: str
    region: str
    signing_name: str


@dataclass(frozen=True, slots=True)
class Call:
    """What a request calls: the operation's model and the parameters in botocore's shape."""

    operation: OperationModel
    protocol: str
    parameters: Mapping[str, Any]

    @property
    def service(self) -> str:
        """botocore's name of the service."""
        return str(self.operation.service_model.service_name)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class UnknownCallError(Exception):
    """The request calls nothing that AWS has, or a service that botocore does not know."""


def scope(http: HttpRequest) -> Scope | None:
    """The credential scope in the ``Authorization`` header or the query of a presigned URL; None if unsigned. The older
    signature, which botocore still uses for presigned URLs, names no region.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
    """
    authorization = http.headers.get("Authorization", "")
    if authorization.startswith("AWS4-HMAC-SHA256"):
        for part in authorization.partition(" ")[2].split(","):
            name, _, value = part.strip().partition("=")
            if name == "Credential":
                return _scope(value)
        return None
    if authorization.startswith("AWS "):
        return Scope(authorization[4:].partition(":")[0], _UNSCOPED_REGION, "s3")
    if "AWSAccessKeyId" in http.args and "Signature" in http.args:
        return Scope(http.args["AWSAccessKeyId"], _UNSCOPED_REGION, "s3")
    presigned = http.args.get("X-Amz-Credential")
    return _scope(presigned) if presigned else None


def _scope(credential: str) -> Scope | None:
    fields = credential.split("/")
    if len(fields) < 5:
        return None
    return Scope("/".join(fields[:-4]), fields[-3], fields[-2])


def session_token(http: HttpRequest) -> str | None:
    """The security token sent with temporary credentials."""
    names = ("X-Amz-Security-Token", "x-amz-security-token")
    return http.headers.get(names[0]) or next((http.args[name] for name in names if name in http.args), None)


def candidates(http: HttpRequest, signed: Scope | None) -> tuple[str, ...]:
    """botocore's names of the services that the request may be for, likeliest first; empty if there is
    none."""
    if signed is None:
        action = http.values.get("Action", "")
        if action in UNSIGNED_ACTIONS:
            return (UNSIGNED_ACTIONS[action],)
        return () if http.headers.get("X-Amz-Target") or action else ("s3",)
    names = SIGNING_NAMES.get(signed.signing_name, (signed.signing_name,))
    return tuple(name for name in names if name in _known_services())


def read(http: HttpRequest, services: Iterable[str]) -> Call:
    """Which operation of which of the ``services`` is called, with what parameters.

    Raises ``UnknownCallError`` when none of them has such an operation, and ``ServiceError`` when the
    parameters cannot be read.
    """
    for service in services:
        model = get_service_model(service)
        if not _is_addressed(model, http):
            continue
        try:
            operation, path_parameters = get_service_router(service).match(http)
        except (HTTPException, NotImplementedError):
            continue
        protocol = determine_request_protocol(model, http.content_type)
        return Call(operation, protocol, _parameters(operation, protocol, http, path_parameters))
    raise UnknownCallError


def _is_addressed(model: ServiceModel, http: HttpRequest) -> bool:
    """Whether a service that shares its signing name with others is the one that is meant."""
    target = http.headers.get("X-Amz-Target")
    prefix = model.metadata.get("targetPrefix")
    if target and prefix:
        return bool(target.rpartition(".")[0] == prefix)
    version = http.form.get("Version")
    return not version or bool(version == model.api_version)


def _parameters(
    operation: OperationModel, protocol: str, http: HttpRequest, path_parameters: Mapping[str, Any]
) -> Mapping[str, Any]:
    parser = PROTOCOL_PARSERS[protocol](operation)
    try:
        if protocol == "json" and http.get_data():
            json.loads(http.get_data())
        parsed = parser.parse(
            {
                "method": http.method,
                "values": http.values,
                "headers": http.headers,
                "body": http.get_data(),
                "url_path": http.path,
                "url_params": dict(path_parameters),
            }
        )
    except Exception as error:
        # Whatever a parser trips over is a malformed request: AWS answers a client error, never a fault of
        # its own.
        code = "MalformedXML" if protocol == "rest-xml" else "SerializationException"
        raise ServiceError(code, f"The request could not be read: {error}") from error
    return parsed if isinstance(parsed, Mapping) else {}


def write(call: Call, result: Mapping[str, Any], request_id: str) -> Answer:
    """The answer with the members of the operation's output shape. Members that are None are left out."""
    made = get_serializer_class(call.service, call.protocol)
    serializer = made(operation_model=call.operation, context=SerializationContext(request_id))
    written = serializer.serialize(dict(result))
    body = written["body"]
    headers = tuple((str(name), str(value)) for name, value in written["headers"].items())
    return Answer(
        _status(call, result) or int(written["status_code"]),
        headers if any(name.lower() == "content-type" for name, _ in headers) else (*headers, _content_type(call)),
        body.encode() if isinstance(body, str) else bytes(body),
    )


def _status(call: Call, result: Mapping[str, Any]) -> int | None:
    """The status where it is a member of the answer, which moto's serializers do not look at."""
    shape = call.operation.output_shape
    members = {} if shape is None else shape.members
    named = (name for name, member in members.items() if member.serialization.get("location") == "statusCode")
    return next((int(result[name]) for name in named if result.get(name) is not None), None)


def _content_type(call: Call) -> tuple[str, str]:
    kinds = {"json": "application/x-amz-json-1.1", "rest-json": "application/json"}
    return "Content-Type", kinds.get(call.protocol, "text/xml")


def write_error(error: ServiceError, protocol: str, service: str, request_id: str, *, method: str = "POST") -> Answer:
    """The error as clients of that protocol read it, so that they raise it with its code and message.

    https://smithy.io/2.0/aws/protocols/index.html; for S3
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    identity: tuple[tuple[str, str], ...] = (("x-amzn-RequestId", request_id),)
    code, message = escape(error.code), escape(error.message)
    match protocol:
        case "json" | "rest-json" | "smithy-rpc-v2-cbor":
            body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
            kind = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
            identity += (("x-amzn-ErrorType", error.code),)
        case "ec2":
            kind = "text/xml"
            body = (
                f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>"
            )
        case "rest-xml" if service == "s3":
            kind = "application/xml"
            identity += (("x-amz-request-id", request_id),)
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
                f"<RequestId>{request_id}</RequestId></Error>"
            )
        case _:
            kind = "text/xml"
            sender = "Sender" if error.status < 500 else "Receiver"
            body = (
                f"<ErrorResponse><Error><Type>{sender}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
    content = b"" if method == "HEAD" else body.encode()
    return Answer(error.status, (("Content-Type", kind), *identity), content)


def protocol_of(service: str, http: HttpRequest) -> str:
    """The protocol that an answer of the service has to be in, also where the operation is unknown."""
    model = get_service_model(service)
    try:
        return determine_request_protocol(model, http.content_type)
    except NotImplementedError:
        return str(model.protocol)


@cache
def _known_services() -> frozenset[str]:
    return frozenset(Loader().list_available_services("service-2"))
