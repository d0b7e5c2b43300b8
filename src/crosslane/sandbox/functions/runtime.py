"""What runs a function's handler: the program of a process that lives for one invocation. Imports the standard
library alone, because it is started outside of the sandbox's packages.

Standard input brings one JSON line about the invocation and then the event, and stays open as long as the sandbox is
there; the descriptor ``result`` takes ``ready`` when the function's module is imported, then one JSON line with the
answer. Standard output is the function's log.

Errors look like those of AWS's runtime for Python (aws/aws-lambda-python-runtime-interface-client, looked up
2026-11-25).
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, BinaryIO

TASK_ROOT = "/var/task"
READY = b"ready\n"
PROVIDED = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""Packages that AWS's runtime has beside the standard library
(https://docs.aws.amazon.com/lambda/latest/dg/python-package.html, 2026-11-25)."""


class HandlerError(Exception):
    """The handler cannot be had; ``kind`` is the errorType."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


class _Provided:
    """Finds the packages of the runtime where the sandbox has them, and nothing else that lies there."""

    def __init__(self, places: list[str]) -> None:
        self._places = places

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if path is None and name in PROVIDED:
            return importlib.machinery.PathFinder.find_spec(name, self._places)
        return None


def main() -> None:
    """Runs one invocation."""
    given = json.loads(sys.stdin.buffer.readline())
    event = sys.stdin.buffer.read(given["bytes"])
    threading.Thread(target=_end_with_the_sandbox, args=(os.dup(0),), daemon=True).start()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.set_inheritable(given["result"], False)
    with os.fdopen(given["result"], "wb", buffering=0) as result:
        answer = _answer(given, event, result)
        sys.stdout.flush()
        result.write(json.dumps(answer).encode() + b"\n")


def _end_with_the_sandbox(lifeline: int) -> None:
    """Ends this process, and all that it started, when nobody holds the other end of the pipe any more."""
    while os.read(lifeline, 1):
        continue
    os.killpg(0, signal.SIGKILL)


def _answer(given: dict[str, Any], event: bytes, result: BinaryIO) -> dict[str, Any]:
    sys.meta_path.append(_Provided(given["places"]))
    sys.path.insert(0, given["folder"])
    _prepare_log(given["request_id"])
    _stay_on_this_machine(given["guard"])
    try:
        handler = find_handler(given["handler"], given["folder"])
    except HandlerError as error:
        result.write(READY)
        return _failed(given, error.kind, str(error), error.trace)
    result.write(READY)
    try:
        made = handler(json.loads(event or b"{}"), _context(given))
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)[1:]
        return _failed(given, type(error).__name__, str(error), traceback.format_list(frames))
    try:
        return {"payload": json.dumps(made, ensure_ascii=False)}
    except (TypeError, ValueError) as error:
        return _failed(given, "Runtime.MarshalError", f"Unable to marshal response: {error}", [])


def find_handler(name: str, folder: str) -> Callable[[Any, Any], Any]:
    """The function that ``module.function`` names. Raises ``HandlerError``."""
    module_name, dot, function = name.rpartition(".")
    if not dot:
        raise HandlerError(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise HandlerError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise HandlerError(
            "Runtime.UserCodeSyntaxError",
            f"Syntax error in module '{module_name}': {error}",
            [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'],
        ) from error
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folder)]
        raise HandlerError(type(error).__name__, str(error), traceback.format_list(frames)) from error
    found = getattr(module, function, None)
    if found is None:
        raise HandlerError("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module_name}'")
    handler: Callable[[Any, Any], Any] = found
    return handler


def _failed(given: dict[str, Any], kind: str, message: str, trace: list[str]) -> dict[str, Any]:
    """The error as the caller reads it; the log gets it too."""
    trace = [line.replace(given["folder"], TASK_ROOT) for line in trace]
    message = message.replace(given["folder"], TASK_ROOT)
    told = f"[ERROR] {kind}: {message}"
    if trace:
        told += "\nTraceback (most recent call last):\n" + "".join(trace).rstrip("\n")
    print(told, flush=True)
    shown = {"errorMessage": message, "errorType": kind, "requestId": given["request_id"], "stackTrace": trace}
    return {"error": shown}


def _context(given: dict[str, Any]) -> Any:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html (2026-11-25)"""
    ends = time.monotonic() + given["seconds"]
    environment = os.environ
    return SimpleNamespace(
        function_name=environment["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=environment["AWS_LAMBDA_FUNCTION_VERSION"],
        invoked_function_arn=given["arn"],
        memory_limit_in_mb=environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        aws_request_id=given["request_id"],
        log_group_name=environment["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=environment["AWS_LAMBDA_LOG_STREAM_NAME"],
        identity=None,
        client_context=given["client_context"],
        get_remaining_time_in_millis=lambda: max(int((ends - time.monotonic()) * 1000), 0),
        log=lambda message: print(message, flush=True),
    )


class _WithRequest(logging.Filter):
    def __init__(self, request_id: str) -> None:
        super().__init__()
        self._request_id = request_id

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self._request_id
        return True


def _prepare_log(request_id: str) -> None:
    """A handler on the root logger, as AWS's runtime has it."""
    handler = logging.StreamHandler(sys.stdout)
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(_WithRequest(request_id))
    logging.getLogger().addHandler(handler)


def _stay_on_this_machine(guard: str) -> None:
    """The sandbox reaches no other machine; neither do the functions in it."""
    spec = importlib.util.spec_from_file_location("_guard", guard)
    if spec is None or spec.loader is None:
        raise ImportError(guard)
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.allow_loopback_only()


if __name__ == "__main__":
    main()
