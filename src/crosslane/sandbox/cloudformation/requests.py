"""Reads a request: template, parameters, tags and the rest in, a ``Definition`` out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from crosslane.sandbox.cloudformation.capabilities import check_capabilities, insufficient
from crosslane.sandbox.cloudformation.errors import constraint, invalid, unsupported
from crosslane.sandbox.cloudformation.parameters import assign, check_declarations
from crosslane.sandbox.cloudformation.references import check_references
from crosslane.sandbox.cloudformation.resources.registry import NAMES, has_attribute
from crosslane.sandbox.cloudformation.session import Session
from crosslane.sandbox.cloudformation.stack import Definition, Stack
from crosslane.sandbox.cloudformation.template import Template, parse_template
from crosslane.sandbox.cloudformation.transform import expand
from crosslane.sandbox.request import Request, ServiceError

BODY_LIMIT = 51_200
URL_LIMIT = 1_000_000
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html (2026-11-24)"""

TEMPLATE_FROM_PIPELINE = "x-crosslane-template-from-pipeline"
"""Header of requests that CodePipeline makes: templates of its artifacts may be as long as those at a URL."""

_STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_S3_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?")
_MORE = "\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"


def allow_only(request: Request, *names: str) -> None:
    """Refuse by name what the operation takes on AWS and the sandbox does not do anything with."""
    for name, value in request.parameters.items():
        if name not in names and value not in (None, False, [], {}, ""):
            raise unsupported(f"the parameter {name} of {request.operation}")


def stack_name(request: Request) -> str:
    """The name of a stack to be made."""
    name = str(request.parameters.get("StackName", ""))
    if not _STACK_NAME.fullmatch(name):
        raise constraint(name, "stackName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
    if len(name) > 128:
        raise constraint(name, "stackName", "have length less than or equal to 128")
    return name


def named(request: Request) -> str:
    """The name or id of a stack that should exist."""
    name = str(request.parameters.get("StackName") or "")
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*", name):
        raise constraint(
            name, "stackName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"
        )
    return name


def template_of(request: Request, session: Session, previous: Stack | None = None) -> Template:
    """The template a request gives, by body, URL or ``UsePreviousTemplate``; parsed, names not yet checked.

    A template at a URL is read with the caller's own rights, whatever the service role.
    """
    parameters = request.parameters
    body, url = parameters.get("TemplateBody"), parameters.get("TemplateURL")
    if parameters.get("UsePreviousTemplate"):
        if body or url:
            raise invalid("You cannot specify both usePreviousTemplate and Template Body / Template URL.")
        if previous is None or previous.definition is None:
            raise invalid("Either Template URL or Template Body must be specified.")
        before = previous.definition.template
        return parse_template(before.text) if before.transforms else before
    if body and url:
        raise invalid("You cannot specify both TemplateURL and TemplateBody")
    if body:
        limit = URL_LIMIT if TEMPLATE_FROM_PIPELINE in request.headers else BODY_LIMIT
        if len(body.encode()) > limit:
            raise constraint(body, "templateBody", f"have length less than or equal to {limit}")
        return parse_template(body)
    if not url:
        raise invalid("Either Template URL or Template Body must be specified.")
    return parse_template(read_s3(url, Session(session.clients, session.caller, session.region, None)))


def read_s3(url: str, session: Session) -> str:
    """A text in the sandbox's S3 by its URL: path style at the sandbox's address, or an address of AWS's S3."""
    s3 = session.client("s3")
    parts = urlsplit(url)
    path = unquote(parts.path.lstrip("/"))
    if parts.netloc == urlsplit(s3.meta.endpoint_url).netloc:
        bucket, _, key = path.partition("/")
    elif match := _S3_HOST.fullmatch(parts.netloc):
        bucket, _, key = (match["bucket"], "", path) if match["bucket"] else path.partition("/")
    else:
        raise invalid("TemplateURL must be a supported URL.")
    version = parse_qs(parts.query).get("versionId")
    try:
        found = s3.get_object(Bucket=bucket, Key=key, **({"VersionId": version[0]} if version else {}))
        text: bytes = found["Body"].read()
    except Exception as error:
        response: Any = getattr(error, "response", None)
        if not isinstance(response, dict):
            raise
        raise invalid(f"S3 error: {response['Error'].get('Message', 'Access Denied')}{_MORE}") from error
    if len(text) > URL_LIMIT:
        raise invalid(f"Template may not exceed {URL_LIMIT} bytes in size.")
    return text.decode()


def check_template(template: Template) -> None:
    """Refuse unknown types, unresolved names, unknown parameter types. Of a template whose transform is still to be
    done only the parameters can be judged."""
    check_declarations(template.parameters)
    if template.transforms and template.processed is None:
        return
    check_references(template, NAMES, has_attribute)


def definition_of(request: Request, session: Session, previous: Stack | None) -> Definition:
    """The definition that a create or update asks for; everything checked but conditions and order.

    What an update leaves out stays as it was: tags, service role, notification ARNs. A template with a transform is
    expanded, which needs a capability of its own
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, 2026-11-25).
    """
    source = source_of(request, session, previous)
    if source.template.transforms and "CAPABILITY_AUTO_EXPAND" not in source.capabilities:
        raise insufficient("CAPABILITY_AUTO_EXPAND")
    return expanded(request, source)


def source_of(request: Request, session: Session, previous: Stack | None) -> Definition:
    """The same with its transform still to be done, and what only the expanded template shows unchecked."""
    parameters = request.parameters
    old = previous.definition if previous else None
    template = template_of(request, session, previous)
    if not template.transforms:
        _check(request, template)
    check_declarations(template.parameters)
    if any(parameters.get("RollbackConfiguration", {}).values()):
        raise unsupported("rollback triggers")

    def read_ssm(name: str) -> str:
        return _read_ssm(session, name)

    before = {value.name: value for value in old.parameters} if old else {}
    tags = _tags(parameters["Tags"]) if "Tags" in parameters else old.tags if old else ()
    notified = parameters.get("NotificationARNs", old.notification_arns if old else ())
    return Definition(
        template=template,
        parameters=assign(template.parameters, parameters.get("Parameters", ()), before, read_ssm),
        tags=tags,
        capabilities=tuple(parameters.get("Capabilities", ())),
        role_arn=session.role_arn,
        notification_arns=tuple(notified),
    )


def expanded(request: Request, source: Definition) -> Definition:
    """The definition with its transform done and checked; the same if it has none."""
    if not source.template.transforms:
        return source
    values = {value.name: value.text if value.resolved is None else value.resolved for value in source.parameters}
    template = expand(source.template, values, request.region)
    _check(request, template)
    return replace(source, template=template)


def _check(request: Request, template: Template) -> None:
    check_template(template)
    _check_resource_types(template, request.parameters.get("ResourceTypes", ()))
    check_capabilities(template, request.parameters.get("Capabilities", ()))


def _tags(given: Sequence[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    tags = {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) > 50:
        raise constraint(str(given), "tags", "have length less than or equal to 50")
    if any(key.startswith("aws:") for key in tags):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    return tuple(tags.items())


def _check_resource_types(template: Template, allowed: Sequence[str]) -> None:
    """``ResourceTypes`` limits what a template may hold; entries end in ``*`` or name a type."""
    if not allowed:
        return
    for resource in template.resources.values():
        if not any(_allows(entry, resource.type) for entry in allowed):
            listed = ", ".join(allowed)
            raise invalid(f"Resource type {resource.type} is not allowed by parameter ResourceTypes [{listed}]")


def _allows(entry: str, type_name: str) -> bool:
    return type_name.startswith(entry[:-1]) if entry.endswith("*") else entry == type_name


def _read_ssm(session: Session, name: str) -> str:
    try:
        return str(session.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    except ServiceError:
        raise
    except Exception as error:
        response: Any = getattr(error, "response", None)
        if not isinstance(response, dict):
            raise
        if response["Error"].get("Code") == "ParameterNotFound":
            raise invalid(f"Unable to fetch parameters [{name}] from parameter store for this account.") from error
        raise invalid(str(response["Error"].get("Message", ""))) from error
