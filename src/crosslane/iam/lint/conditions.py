"""What a statement's conditions do: do they narrow it, and do they hold when a key is missing?"""

from __future__ import annotations

from collections.abc import Iterable

from crosslane.iam.document import Comparison, Condition, Quantifier, Statement
from crosslane.iam.lint.global_keys import global_key
from crosslane.iam.lint.patterns import is_pattern
from crosslane.iam.lint.reference import key_types, services
from crosslane.iam.wildcard import compile_pattern

STRINGS = frozenset({Comparison.STRING_EQUALS, Comparison.STRING_EQUALS_IGNORE_CASE, Comparison.STRING_LIKE})
NUMBERS = frozenset(one for one in Comparison if one.value.startswith("Numeric"))
DATES = frozenset(one for one in Comparison if one.value.startswith("Date"))


def type_of_key(key: str) -> str | None:
    """The documented type of a condition key (``String``, ``ArrayOfString``, ``ARN``, …), or None if it is unknown."""
    known = global_key(key)
    if known is not None:
        return known.type
    lower = key.lower()
    service = lower.partition(":")[0]
    # The keys of identity providers (``saml:sub``, ``accounts.google.com:aud``) are listed with STS.
    types = key_types(service if service in services() else "sts")
    found = types.get(lower)
    if found is not None:
        return found
    return next(
        (kind for pattern, kind in types.items() if is_pattern(pattern) and compile_pattern(pattern)(lower)), None
    )


def requires_presence(statement: Statement, key: str) -> bool:
    """Whether some condition fails when ``key`` is not in the request."""
    lower = key.lower()
    return any(one.key.lower() == lower and fails_when_missing(one) for one in statement.conditions)


def fails_when_missing(condition: Condition) -> bool:
    """Whether the condition does not hold for a request without its key.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    operator = condition.operator
    if operator.comparison is Comparison.NULL:
        return "true" not in (value.lower() for value in condition.values)
    return not (operator.negated or operator.if_exists or operator.quantifier is Quantifier.ALL)


def pins(condition: Condition, keys: Iterable[str]) -> bool:
    """Whether the condition demands one of ``keys`` (lower case, patterns allowed) with values that say something.

    A value of wildcards alone, an ARN of any account, and a range of all addresses say nothing.
    """
    operator = condition.operator
    if operator.comparison is Comparison.NULL or not fails_when_missing(condition):
        return False
    key = condition.key.lower()
    if not any(key == one or (is_pattern(one) and compile_pattern(one)(key)) for one in keys):
        return False
    return bool(condition.values) and all(says_something(value) for value in condition.values)


def says_something(value: str) -> bool:
    """Whether a value of a condition rules anything out that matters for who may come in."""
    if value.startswith(("0.0.0.0/0", "::/0")):
        return False
    parts = value.split(":", 5)
    if parts[0] == "arn" and len(parts) == 6:
        account, resource = parts[4], parts[5]
        return bool(account.strip("*?")) or (account == "" and bool(resource.strip("*?/")))
    return bool(value.strip("*?/"))


def narrowed_by(statement: Statement, keys: Iterable[str]) -> bool:
    """Whether some condition of the statement pins one of ``keys``."""
    wanted = tuple(keys)
    return any(pins(condition, wanted) for condition in statement.conditions)
