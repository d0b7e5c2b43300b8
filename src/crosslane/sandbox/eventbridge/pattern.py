"""Whether an event matches an event pattern.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html (2026-11-25). A filter that is
not known matches nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

_COMPARE = {
    "=": lambda left, right: left == right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Every field of the pattern has to match the event's; ``event`` may be a part of an event."""
    return all(
        any(matches(one, event) for one in wanted) if name == "$or" else _field(wanted, event, name)
        for name, wanted in pattern.items()
    )


def _field(wanted: Any, event: Any, name: str) -> bool:
    found = list(_values(event, name))
    if isinstance(wanted, Mapping):
        return any(matches(wanted, value) for value in found if isinstance(value, Mapping)) or (
            not found and matches(wanted, {})
        )
    if not isinstance(wanted, list):
        return False
    leaves = [value for value in found if not isinstance(value, Mapping)]
    return any(_filter(one, leaves) for one in wanted)


def _values(event: Any, name: str) -> Iterator[Any]:
    """The field's values: an array stands for each of its elements, also on the way."""
    if isinstance(event, list):
        for element in event:
            yield from _values(element, name)
    elif isinstance(event, Mapping) and name in event:
        value = event[name]
        yield from value if isinstance(value, list) else (value,)


def _filter(wanted: Any, values: list[Any]) -> bool:
    if not isinstance(wanted, Mapping):
        return any(_same(wanted, value) for value in values)
    if "exists" in wanted:
        return bool(bool(values) == wanted["exists"])
    return any(all(_operator(name, operand, value) for name, operand in wanted.items()) for value in values)


def _operator(name: str, operand: Any, value: Any) -> bool:
    """One content filter on one value."""
    text = value if isinstance(value, str) else None
    match name:
        case "prefix":
            return text is not None and _affix(operand, text, str.startswith)
        case "suffix":
            return text is not None and _affix(operand, text, str.endswith)
        case "equals-ignore-case":
            return text is not None and any(text.lower() == one.lower() for one in _list(operand))
        case "wildcard":
            return text is not None and any(_wildcard(one, text) for one in _list(operand))
        case "anything-but" if isinstance(operand, Mapping):
            return not any(_operator(inner, below, value) for inner, below in operand.items())
        case "anything-but":
            return not any(_same(one, value) for one in _list(operand))
        case "numeric":
            return isinstance(value, (int, float)) and not isinstance(value, bool) and _numeric(operand, value)
        case "cidr":
            return text is not None and _in_network(operand, text)
    return False


def _list(operand: Any) -> list[Any]:
    return operand if isinstance(operand, list) else [operand]


def _same(wanted: Any, value: Any) -> bool:
    return (type(wanted) is type(value) or _number(wanted, value)) and bool(wanted == value)


def _number(*values: Any) -> bool:
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _affix(operand: Any, text: str, compare: Any) -> bool:
    if isinstance(operand, Mapping):
        wanted = _list(operand.get("equals-ignore-case", []))
        return any(compare(text.lower(), str(one).lower()) for one in wanted)
    return any(compare(text, str(one)) for one in _list(operand))


def _wildcard(pattern: Any, text: str) -> bool:
    """``*`` is any text; ``\\*`` and ``\\\\`` are a star and a backslash."""
    parts = re.findall(r"\\.|.", str(pattern), re.DOTALL)
    written = "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)
    return re.fullmatch(written, text, re.DOTALL) is not None


def _numeric(operand: Any, value: float) -> bool:
    pairs = list(zip(operand[::2], operand[1::2], strict=False))
    return all(sign in _COMPARE and _number(limit) and _COMPARE[sign](value, limit) for sign, limit in pairs)


def _in_network(operand: Any, text: str) -> bool:
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(str(operand), strict=False)
    except ValueError:
        return False
