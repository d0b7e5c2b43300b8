"""Condition keys that there are not, and keys that none of the statement's actions has."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from crosslane.iam.document import Condition
from crosslane.iam.lint.conditions import type_of_key
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.global_keys import global_key, nearest_global_key, needs_tag
from crosslane.iam.lint.reference import MOST_SUGGESTIONS, key_types, services
from crosslane.iam.lint.rule import USER_GUIDE, Rule, policy_check
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown

_GLOBAL_KEYS = f"{USER_GUIDE}/reference_policies_condition-keys.html"


def check(subject: Subject) -> Iterator[Hit]:
    left = MOST_SUGGESTIONS
    for statement in subject:
        for condition in statement.conditions:
            if not is_unknown(condition.key):
                for hit in _look(condition, left > 0):
                    left -= 1
                    yield hit


def _look(condition: Condition, suggest: bool) -> Iterator[Hit]:
    key = condition.key
    service, colon, name = key.partition(":")
    if not colon or not service or not name:
        yield Hit(
            condition.pointer, f"{key} is no condition key", "Write service:key, as aws:SourceIp.", Severity.ERROR
        )
        return
    if global_key(key) is not None:
        return
    if needs_tag(key) is not None:
        yield Hit(condition.pointer, f"{key} needs a tag's key", f"Write {key.rstrip('/')}/KEY.", Severity.ERROR)
        return
    if service.lower() == "aws":
        near = nearest_global_key(key) if suggest else None
        fix = f"Did you mean {near}?" if near else "Take one from the list of global condition keys."
        yield Hit(condition.pointer, f"{key} is no known global condition key", fix, url=_GLOBAL_KEYS)
        return
    if "." in service or type_of_key(key) is not None or service.lower() in _PROVIDERS:
        # The claims of identity providers are in no list; a few prefixes are no service's own.
        return
    if service.lower() not in services():
        yield Hit(condition.pointer, f"{key}: no service has the prefix {service}", "Write aws:KEY or a service's key.")
        return
    known = key_types(service.lower()) if suggest else ()
    near_keys = get_close_matches(key.lower(), known, n=1, cutoff=0.75)
    fix = f"Did you mean {near_keys[0]}?" if near_keys else f"Take one of the keys of {service}."
    yield Hit(condition.pointer, f"{service} has no condition key {name}", fix)


_PROVIDERS = frozenset({"catalog", "identitycenter", "saml", "sts"})

RULE = Rule(
    "unknown-condition-key",
    "condition keys that do not exist",
    Severity.WARNING,
    policy_check("error-invalid-service-condition-key"),
    check,
)
