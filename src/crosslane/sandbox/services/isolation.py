"""Resources of another account that moto would reach by their ARN, and what AWS says without a policy that allows it.

Policies of topics and functions are not evaluated yet, so none of them lets another account in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crosslane.sandbox.request import Request, ServiceError

Check = Callable[[Request], None]

_NAMES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "sns": (("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn"), "AuthorizationError"),
    "lambda": (("FunctionName", "Resource"), "AccessDeniedException"),
}
"""By service: the parameters that name the resource itself, and the error code for a denial."""


def own_resources(request: Request) -> None:
    """Refuses a request for another account's resource, for the services that need it."""
    if request.service not in _NAMES:
        return
    names, code = _NAMES[request.service]
    for name in names:
        arn = str(request.parameters.get(name, ""))
        account = arn.split(":")[4] if arn.startswith("arn:") and arn.count(":") >= 5 else request.account
        if account != request.account:
            action = (
                f"{request.service.upper() if code == 'AuthorizationError' else request.service}:{request.operation}"
            )
            message = f"User: {request.caller.arn} is not authorized to perform: {action} on resource: {arn}"
            raise ServiceError(code, message, 403)
