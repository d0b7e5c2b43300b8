"""API Gateway: the actions are the HTTP methods, the resources the paths.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-create-and-manage-apis.html
(2026-11). Paths are botocore's, so that every operation is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from crosslane.sandbox.authorization.operations.model import Facts, Use
from crosslane.sandbox.request import Request


@cache
def _paths(service: str) -> Mapping[str, tuple[str, str]]:
    from botocore.loaders import Loader

    operations = Loader().load_service_model(service, "service-2")["operations"]
    return {
        name: (one["http"]["method"], _resource_path(one["http"]["requestUri"])) for name, one in operations.items()
    }


def _resource_path(uri: str) -> str:
    """The path in ARNs: the second API's, which all begin with ``/v2``, are told without it (``/apis/API-ID``)."""
    return uri.partition("?")[0].removeprefix("/v2")


def row(request: Request, facts: Facts) -> Iterator[Use]:
    """The use of any operation of both APIs."""
    method, path = _paths(request.service)[request.operation]
    filled = re.sub(r"\{([^}+]+)\+?\}", lambda found: _parameter(request, found[1]), path)
    resource = f"arn:{facts.partition}:apigateway:{request.region}::{filled}"
    yield Use(f"apigateway:{method}", resource, account=request.account)


def _parameter(request: Request, name: str) -> str:
    folded = {key.lower(): value for key, value in request.parameters.items()}
    # The paths' names are those on the wire: "restapi_id" for "restApiId".
    return str(folded.get(name.replace("_", "").lower()) or folded.get(name.lower()) or "*")
