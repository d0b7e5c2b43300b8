"""Lambda's operations that need more than moto's store: code that is read as the caller, and functions that run.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html (2026-11-25)
"""

from __future__ import annotations

import base64
import binascii
import json
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from crosslane.sandbox.clients import Clients
from crosslane.sandbox.functions.code import invalid, package_of
from crosslane.sandbox.functions.invocation import Invoker, functions_of, logging_config, refuse_runtime
from crosslane.sandbox.request import Handler, Request, ServiceError
from crosslane.sandbox.store import Store

EVENT_LIMIT: Final = 6_291_456
_TAIL = 4096
_RESERVED: Final = frozenset(
    [
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
    ]
)


@dataclass(frozen=True, slots=True)
class _Lambda:
    store: Store
    clients: Clients
    invoker: Invoker

    def backend(self, request: Request) -> Any:
        return functions_of(request.account, request.region)

    def function(self, request: Request) -> Any:
        """Raises the service's error if there is none of that name, version or alias."""
        with self.store.locked():
            given = request.parameters
            return self.backend(request).get_function(given["FunctionName"], given.get("Qualifier"))


def handlers(
    store: Store, clients: Clients, endpoint: str, clock: Callable[[], datetime]
) -> Mapping[tuple[str, str], Handler]:
    """The operations, by service and name."""
    service = _Lambda(store, clients, Invoker(clients, endpoint, clock))

    def bound(act: Callable[[_Lambda, Request], Mapping[str, Any]]) -> Handler:
        return lambda request: act(service, request)

    acts = {
        "CreateFunction": _create,
        "GetFunction": _get,
        "GetFunctionConfiguration": _get_configuration,
        "Invoke": _invoke,
        "UpdateFunctionCode": _update_code,
        "UpdateFunctionConfiguration": _update_configuration,
    }
    return {("lambda", name): bound(act) for name, act in acts.items()}


def _create(service: _Lambda, request: Request) -> Mapping[str, Any]:
    given = request.parameters
    name = str(given["FunctionName"])
    if given.get("PackageType", "Zip") == "Zip" and not (given.get("Runtime") and given.get("Handler")):
        raise invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
    _check_configuration(given)
    package = package_of(given["Code"], request, service.clients)
    spec = {**given, "Code": {"ZipFile": base64.b64encode(package).decode()}}
    with service.store.locked():
        backend = service.backend(request)
        if name in backend._lambdas._functions:
            raise ServiceError("ResourceConflictException", f"Function already exist: {name}", 409)
        made = backend.create_function(spec)
        latest = backend.get_function(name)
        latest.logging_config = dict(given.get("LoggingConfig", {}))
        return _configuration(latest) | {"Version": str(made.version)}


def _check_configuration(given: Mapping[str, Any]) -> None:
    if given.get("Layers"):
        raise ServiceError("NotImplemented", "The sandbox does not support layers of functions")
    if given.get("VpcConfig", {}).get("SubnetIds"):
        raise ServiceError("NotImplemented", "The sandbox does not support functions in a VPC")
    if reserved := sorted(_RESERVED & given.get("Environment", {}).get("Variables", {}).keys()):
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used "
            f"in this request: {', '.join(reserved)}"
        )
    if not 1 <= int(given.get("Timeout", 3)) <= 900:
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value '{given['Timeout']}' at 'timeout' failed to satisfy constraint: "
            "Member must have value less than or equal to 900",
        )


def _configuration(function: Any) -> dict[str, Any]:
    made = {name: value for name, value in function.get_configuration().items() if value is not None}
    return made | {"LoggingConfig": logging_config(function)}


def _get(service: _Lambda, request: Request) -> Mapping[str, Any]:
    function = service.function(request)
    return {**function.get_code(), "Configuration": _configuration(function)}


def _get_configuration(service: _Lambda, request: Request) -> Mapping[str, Any]:
    return _configuration(service.function(request))


def _update_code(service: _Lambda, request: Request) -> Mapping[str, Any]:
    given = request.parameters
    function = service.function(request)
    package = package_of(given, request, service.clients)
    with service.store.locked():
        if given.get("DryRun"):
            return _configuration(function)
        function.update_function_code({"ZipFile": base64.b64encode(package).decode()})
        if given.get("Architectures"):
            function.architectures = given["Architectures"]
        if given.get("Publish"):
            function = service.backend(request).publish_version(function.function_name)
        return _configuration(function)


_MORE: Final = {"KMSKeyArn": "kms_key_arn", "TracingConfig": "tracing_config"}
"""Configuration that moto keeps and does not change."""


def _update_configuration(service: _Lambda, request: Request) -> Mapping[str, Any]:
    given = request.parameters
    _check_configuration(given)
    function = service.function(request)
    with service.store.locked():
        function.update_configuration({"Environment": {"Variables": function.environment_vars}, **given})
        for name, attribute in _MORE.items():
            if name in given:
                setattr(function, attribute, given[name])
        if "EphemeralStorage" in given:
            function.ephemeral_storage = given["EphemeralStorage"]["Size"]
        if "LoggingConfig" in given:
            function.logging_config = dict(given["LoggingConfig"])
        return _configuration(function)


def _invoke(service: _Lambda, request: Request) -> Mapping[str, Any]:
    given = request.parameters
    function = service.function(request)
    event = _event(given.get("Payload"))
    refuse_runtime(function)
    if function.reserved_concurrency == 0:
        raise ServiceError("TooManyRequestsException", "Rate Exceeded.", 429)
    match given.get("InvocationType", "RequestResponse"):
        case "DryRun":
            return {"StatusCode": 204}
        case "Event":
            _in_background(service.invoker, function, event)
            return {"StatusCode": 202, "Payload": b""}
        case _:
            answer = service.invoker.invoke(function, event, _client_context(given))
    shown: dict[str, Any] = {
        "StatusCode": 200,
        "Payload": answer.payload,
        "ExecutedVersion": str(function.version),
    }
    if answer.failed:
        shown["FunctionError"] = "Unhandled"
    if given.get("LogType") == "Tail":
        shown["LogResult"] = base64.b64encode("\n".join(answer.log).encode()[-_TAIL:]).decode()
    return shown


def _event(payload: Any) -> bytes:
    """The event, which has to be JSON; nothing stands for an empty object."""
    event = payload.encode() if isinstance(payload, str) else bytes(payload or b"")
    if len(event) > EVENT_LIMIT:
        raise ServiceError(
            "RequestEntityTooLargeException",
            f"{len(event)} byte payload is too large for the Invoke operation (limit {EVENT_LIMIT} bytes)",
            413,
        )
    if not event.strip():
        return b"{}"
    try:
        json.loads(event)
    except ValueError as error:
        raise ServiceError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error
    return event


def _client_context(given: Mapping[str, Any]) -> Any:
    try:
        return json.loads(base64.b64decode(given["ClientContext"])) if given.get("ClientContext") else None
    except (binascii.Error, ValueError) as error:
        raise ServiceError("InvalidRequestContentException", "Client context must be base64 of JSON") from error


def _in_background(invoker: Invoker, function: Any, event: bytes) -> None:
    """An asynchronous invocation; what becomes of it is in the log only. It is not repeated when it fails."""

    def act() -> None:
        try:
            invoker.invoke(function, event)
        except ServiceError as error:
            print(f"{function.function_arn}: {error}", file=sys.stderr)
        except Exception:
            print(traceback.format_exc(), file=sys.stderr)

    threading.Thread(target=act, name=f"function {function.function_name}", daemon=True).start()
