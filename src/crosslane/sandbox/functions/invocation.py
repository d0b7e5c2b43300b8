"""Invoking a function: its role's credentials, its environment, its process, its log."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crosslane.sandbox.clients import Clients
from crosslane.sandbox.functions.code import SERVICE_PRINCIPAL
from crosslane.sandbox.functions.logs import lines, stream_name, write
from crosslane.sandbox.functions.process import Run, run
from crosslane.sandbox.identities import Credentials
from crosslane.sandbox.request import ServiceError


@dataclass(frozen=True, slots=True)
class Answer:
    """``payload`` is a JSON document, the error's if ``failed``; ``log`` the events that went to CloudWatch Logs."""

    payload: bytes
    failed: bool
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invoker:
    """Runs functions of one sandbox; ``endpoint`` is where their AWS clients are pointed at."""

    clients: Clients
    endpoint: str
    clock: Callable[[], datetime]

    def invoke(self, function: Any, event: bytes, client_context: Any = None) -> Answer:
        """One invocation of a function as moto keeps it. Raises ServiceError if it cannot be started at all."""
        refuse_runtime(function)
        session = self._session(function)
        request_id = str(uuid.uuid4())
        group, own = log_group(function)
        now = self.clock()
        stream = stream_name(function.function_name, str(function.version), now, uuid.uuid4().hex, own_group=own)
        environment = {
            **function.environment_vars,
            **_reserved(function, self.endpoint, group, stream, session.credentials),
        }
        outcome = run(
            Run(
                code=function.code_bytes,
                handler=function.handler,
                event=event,
                environment=environment,
                seconds=float(function.timeout),
                request_id=request_id,
                arn=function.function_arn,
                client_context=client_context,
            )
        )
        told = lines(outcome, request_id, str(function.version), function.memory_size)
        self._log(function, group, stream, told, now)
        return Answer(outcome.payload, outcome.failed, tuple(told))

    def _session(self, function: Any) -> Any:
        try:
            return self.clients.session(function.role, function.function_name, via=SERVICE_PRINCIPAL)
        except ServiceError as error:
            raise ServiceError(
                "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.", 403
            ) from error

    def _log(self, function: Any, group: str, stream: str, told: list[str], now: datetime) -> None:
        """With the role's rights. A function whose role may not write logs has none, as on AWS."""
        logs = self.clients.as_role(
            function.role, function.function_name, "logs", function.region, via=SERVICE_PRINCIPAL
        )
        try:
            write(logs, group, stream, told, now)
        except Exception as error:
            if getattr(error, "response", None) is None:
                raise


def functions_of(account: str, region: str) -> Any:
    """moto's Lambda of an account and region: the one without Docker, which ``Store`` chose."""
    from moto.awslambda.utils import get_backend

    return get_backend(account, region)


def refuse_runtime(function: Any) -> None:
    """Raises ServiceError for what the sandbox cannot run."""
    if function.package_type != "Zip":
        raise ServiceError("NotImplemented", "The sandbox does not run container images")
    if not str(function.run_time).startswith("python3."):
        raise ServiceError(
            "NotImplemented", f"The sandbox does not run functions of the runtime {function.run_time}, only python3.x"
        )
    if function.layers:
        raise ServiceError("NotImplemented", "The sandbox does not run functions with layers")


def log_group(function: Any) -> tuple[str, bool]:
    """The function's log group, and whether it is one that its configuration names."""
    named = logging_config(function).get("LogGroup")
    own = f"/aws/lambda/{function.function_name}"
    return (named or own), bool(named) and named != own


def logging_config(function: Any) -> dict[str, Any]:
    """What moto does not keep: set on its functions by ``handlers``."""
    default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"}
    return default | dict(getattr(function, "logging_config", None) or {})


def _reserved(function: Any, endpoint: str, group: str, stream: str, credentials: Credentials) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token or "",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "LAMBDA_TASK_ROOT": "/var/task",
        "NO_PROXY": "127.0.0.1",
        "_HANDLER": str(function.handler),
    }
