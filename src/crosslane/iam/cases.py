"""Authorization cases as JSON: one request with every policy that bears on it.

The form is that of common simulators::

    {"id", "request": {"principal", "action", "resource": {"resource", "accountId"}, "contextVariables"},
     "identityPolicies": [{"name", "policy"}], "resourcePolicy", "sessionPolicy", "permissionBoundaryPolicies",
     "serviceControlPolicies": [{"orgIdentifier", "policies": [...]}], "resourceControlPolicies": [same],
     "vpcEndpointPolicies", "additionalSettings": {"s3": {"blockPublicAccess"}}}

Members that are not named here are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosslane.iam.authorize import Decision, decide
from crosslane.iam.document import Policy, PolicyKind
from crosslane.iam.layers import Layers
from crosslane.iam.parse import parse_policy
from crosslane.iam.principal import ANONYMOUS, Principal, PrincipalError
from crosslane.iam.repeated import object_from_pairs
from crosslane.iam.request import Request


class CaseError(ValueError):
    """The text is no case."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request and its policies. ``id`` is the case's own, whatever JSON value it is."""

    id: Any
    request: Request
    layers: Layers

    def decide(self) -> Decision:
        return decide(self.request, self.layers)


def load_case(text: str | bytes) -> dict[str, Any]:
    """The JSON object of a line. Raises ``CaseError``."""
    try:
        found = json.loads(text, object_pairs_hook=object_from_pairs)
    except RecursionError:
        raise CaseError("nested too deeply") from None
    except UnicodeDecodeError as error:
        raise CaseError(f"not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise CaseError(f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise CaseError("no JSON object")
    return found


def read_case(case: Mapping[str, Any]) -> Case:
    """A case from its JSON object. Raises ``CaseError`` if it is none, ``PolicyError`` if a policy of it is none."""
    request = read_request(case.get("request"))
    return Case(case.get("id"), request, read_layers(case, request))


def read_request(found: Any) -> Request:
    """The request of a case. Raises ``CaseError``."""
    request = _object(found, "request")
    action = request.get("action")
    if not isinstance(action, str) or ":" not in action:
        raise CaseError("request.action is no action")
    where = _object(request.get("resource"), "request.resource")
    resource, account = where.get("resource"), where.get("accountId")
    if not isinstance(resource, str) or not resource:
        raise CaseError("request.resource.resource is no text")
    if account is not None and not isinstance(account, str):
        raise CaseError("request.resource.accountId is no text")
    context = request.get("contextVariables")
    context = {} if context is None else _object(context, "request.contextVariables")
    for key, value in context.items():
        if type(value) is not str and not _is_value(value):
            raise CaseError(f"request.contextVariables[{json.dumps(key)}] is neither a value nor a list of values")
    return Request(_principal(request.get("principal")), action, resource, account, context)


def _is_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str | bool | int | float) for one in value)
    return value is None or isinstance(value, str | bool | int | float)


def _principal(found: Any) -> Principal:
    if isinstance(found, str):
        try:
            return Principal.parse(found)
        except PrincipalError as error:
            raise CaseError(f"request.principal: {error}") from None
    if isinstance(found, Mapping) and found.get("type") == "Anonymous":
        return ANONYMOUS
    raise CaseError('request.principal is neither an ARN, a service\'s name, nor {"type": "Anonymous"}')


def read_layers(case: Mapping[str, Any], request: Request) -> Layers:
    """The policies of a case. Raises ``CaseError`` or ``PolicyError``."""
    trust = request.service == "sts" and request.parts[-1].startswith("role/")
    session, resource = case.get("sessionPolicy"), case.get("resourcePolicy")
    settings = case.get("additionalSettings")
    bucket = settings.get("s3") if isinstance(settings, Mapping) else None
    kind = PolicyKind.TRUST if trust else PolicyKind.RESOURCE
    return Layers.of(
        identity=_named(case.get("identityPolicies"), "identityPolicies", PolicyKind.IDENTITY),
        resource=None if resource is None else parse_policy(resource, kind, "resource policy"),
        session=None if session is None else [parse_policy(session, PolicyKind.SESSION, "session policy")],
        boundary=_named(case.get("permissionBoundaryPolicies"), "permissionBoundaryPolicies", PolicyKind.BOUNDARY),
        scps=_levels(case.get("serviceControlPolicies"), "serviceControlPolicies", PolicyKind.SCP),
        rcps=_levels(case.get("resourceControlPolicies"), "resourceControlPolicies", PolicyKind.RCP),
        vpc_endpoint=_named(case.get("vpcEndpointPolicies"), "vpcEndpointPolicies", PolicyKind.VPC_ENDPOINT),
        block_public_access=isinstance(bucket, Mapping) and bucket.get("blockPublicAccess") is True,
    )


def _named(found: Any, where: str, kind: PolicyKind) -> list[Policy]:
    if found is None:
        return []
    if not isinstance(found, list):
        raise CaseError(f"{where} is no list")
    out = []
    for index, entry in enumerate(found):
        named = _object(entry, f"{where}[{index}]")
        name = named.get("name")
        out.append(parse_policy(named.get("policy"), kind, name if isinstance(name, str) else f"{where}[{index}]"))  # type: ignore[arg-type]
    return out


def _levels(found: Any, where: str, kind: PolicyKind) -> list[list[Policy]]:
    if found is None:
        return []
    if not isinstance(found, list):
        raise CaseError(f"{where} is no list")
    return [
        _named(_object(level, f"{where}[{index}]").get("policies"), f"{where}[{index}].policies", kind)
        for index, level in enumerate(found)
    ]


def _object(found: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise CaseError(f"{where} is no object")
    return found
