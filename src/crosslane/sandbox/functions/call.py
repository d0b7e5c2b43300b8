"""Finding and invoking a function of a running sandbox from outside, as the account's administrator."""

from __future__ import annotations

import base64
import configparser
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from crosslane.config.model import Account
from crosslane.errors import EnvironmentFailure, OutcomeError, UsageError
from crosslane.sandbox.lifecycle import Running

_LONGEST = 905
"""A function may run for 15 minutes; seconds."""


@dataclass(frozen=True, slots=True)
class Found:
    """A function, and by what it was asked for: its name, a stack's logical id or output."""

    account: str
    name: str
    by: str


@dataclass(frozen=True, slots=True)
class Invoked:
    """``payload`` is the JSON document that the function answered, the error's if ``error`` is set; ``log`` its
    lines."""

    function: Found
    payload: Any
    error: str | None
    log: tuple[str, ...]


def find_function(running: Running, region: str, accounts: Sequence[Account], asked: str) -> Found:
    """The one function that goes by that name, or is that resource or output of a stack, in the accounts.

    Raises OutcomeError if there is none and UsageError if there are several.
    """
    found: dict[tuple[str, str], Found] = {}
    for account in accounts:
        for one in _in_account(running, region, account, asked):
            found.setdefault((one.account, one.name), one)
    if not found:
        where = " or ".join(account.name for account in accounts)
        raise OutcomeError(
            f"there is no function {asked} in {where}: no name, no logical id and no output of a stack",
            "NoSuchFunction",
            account=accounts[0].name if len(accounts) == 1 else None,
            next='aws lambda list-functions --profile ACCOUNT, after: eval "$(crosslane sandbox env)"',
        )
    if len(found) > 1:
        told = ", ".join(f"{one.name} in {one.account}" for one in found.values())
        raise UsageError(f"{asked} is several functions: {told}", "AmbiguousFunction", next="name one, or --account")
    return next(iter(found.values()))


def _in_account(running: Running, region: str, account: Account, asked: str) -> Iterator[Found]:
    names = {
        function["FunctionName"]: function["FunctionArn"]
        for page in _client(running, account, "lambda", region).get_paginator("list_functions").paginate()
        for function in page["Functions"]
    }
    if asked in names:
        yield Found(account.name, asked, "name")
        return
    cloudformation = _client(running, account, "cloudformation", region)
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            for output in stack.get("Outputs", ()):
                named = output["OutputValue"]
                for name, arn in names.items():
                    if output["OutputKey"] == asked and named in (name, arn):
                        yield Found(account.name, name, f"output of {stack['StackName']}")
            for resource in cloudformation.describe_stack_resources(StackName=stack["StackId"])["StackResources"]:
                mine = resource["LogicalResourceId"] == asked and resource["ResourceType"] == "AWS::Lambda::Function"
                if mine and resource.get("PhysicalResourceId") in names:
                    yield Found(account.name, resource["PhysicalResourceId"], f"logical id in {stack['StackName']}")


def invoke(running: Running, region: str, account: Account, function: Found, payload: bytes) -> Invoked:
    """Runs the function once. Raises EnvironmentFailure if the sandbox does not run it at all."""
    try:
        answer = _client(running, account, "lambda", region).invoke(
            FunctionName=function.name, Payload=payload, LogType="Tail"
        )
        document = json.loads(answer["Payload"].read() or b"null")
    except ClientError as error:
        told: Mapping[str, Any] = error.response["Error"]
        raise EnvironmentFailure(
            f"{function.name} was not invoked: {told.get('Message')}", str(told.get("Code")), account.name
        ) from error
    except BotoCoreError as error:
        raise EnvironmentFailure(
            f"the sandbox does not answer: {error}", "SandboxUnreachable", next="crosslane sandbox start --detach"
        ) from error
    log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace").splitlines()
    return Invoked(function, document, answer.get("FunctionError"), tuple(log))


def _client(running: Running, account: Account, service: str, region: str) -> Any:
    """A client of the account's administrator that reads no file and no variable of the person's."""
    parser = configparser.RawConfigParser()
    parser.read(running.credentials_file, encoding="utf-8")
    keys = parser[account.profile or account.name]
    session = botocore.session.Session(
        session_vars={"profile": (None, None, None, None), "config_file": (None, None, "", None)}
    )
    return session.create_client(
        service,
        region_name=region,
        endpoint_url=running.endpoint,
        aws_access_key_id=keys["aws_access_key_id"],
        aws_secret_access_key=keys["aws_secret_access_key"],
        aws_session_token=keys.get("aws_session_token"),
        config=ClientConfig(retries={"total_max_attempts": 1}, proxies={}, read_timeout=_LONGEST),
    )
