"""Intrinsic functions: a template value and what is known in, a plain value out.

Reference: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
(2026-11-24). Before a change set is executed some values cannot be known; they are ``Unknown`` values, which every
function hands on.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crosslane.sandbox.cloudformation.errors import invalid, unsupported
from crosslane.sandbox.cloudformation.template_text import text_of


class _NoValue:
    """``AWS::NoValue``: the property or list item that holds it is left out."""

    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE: Final = _NoValue()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is known only after execution; ``because`` names the resources (or ``Resource.Attribute``)."""

    because: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a template value may refer to. ``values`` are parameters and pseudo parameters by name."""

    values: Mapping[str, Any]
    mappings: Mapping[str, Mapping[str, Mapping[str, Any]]]
    conditions: Mapping[str, bool]
    reference: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    export: Callable[[str], str]


VARIABLE = re.compile(r"\$\{([^}]*)\}")


def is_function(value: Any) -> bool:
    """Whether ``value`` is a function call: an object whose only key is ``Ref`` or ``Fn::…``."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    (key,) = value
    return str(key) == "Ref" or str(key).startswith("Fn::")


def resolve(value: Any, scope: Scope) -> Any:
    """``value`` with every function evaluated. Raises ServiceError with AWS's words for a malformed call."""
    match value:
        case dict() if is_function(value):
            ((name, argument),) = value.items()
            return _call(name, argument, scope)
        case dict():
            resolved = ((key, resolve(item, scope)) for key, item in value.items())
            return {key: item for key, item in resolved if item is not NO_VALUE}
        case list():
            return [item for item in (resolve(item, scope) for item in value) if item is not NO_VALUE]
        case _:
            return value


def _call(name: str, argument: Any, scope: Scope) -> Any:
    function = _FUNCTIONS.get(name)
    if function is not None:
        return function(argument, scope)
    if name in ("Fn::Transform", "Fn::ForEach", "Fn::Length", "Fn::ToJsonString"):
        raise unsupported(f"the function {name}")
    raise invalid(f"Template error: unsupported function {name}")


def unknowns(value: Any) -> frozenset[str]:
    """The reasons of all Unknown values anywhere inside ``value``."""
    match value:
        case Unknown(because):
            return because
        case dict():
            return frozenset().union(*(unknowns(item) for item in value.values()))
        case list() | tuple():
            return frozenset().union(*(unknowns(item) for item in value))
        case _:
            return frozenset()


# --- functions --------------------------------------------------------------------------------------------------


def _ref(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, str):
        raise invalid("Template error: every Ref object must have a single String value.")
    if argument == "AWS::NoValue":
        return NO_VALUE
    return scope.values[argument] if argument in scope.values else scope.reference(argument)


def attribute_of(argument: Any) -> tuple[str, Any]:
    """Logical id and attribute (maybe a function still) of the argument of ``Fn::GetAtt``, in either form."""
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2 or not all(parts) or not isinstance(parts[0], str):
        raise invalid(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
            "resource attribute"
        )
    return parts[0], parts[1]


def _get_att(argument: Any, scope: Scope) -> Any:
    logical_id, attribute = attribute_of(argument)
    return scope.attribute(logical_id, text_of(resolve(attribute, scope), "Template error: Fn::GetAtt needs a name"))


def sub_parts(argument: Any) -> tuple[str, Mapping[str, Any]]:
    """Text and own variables of the argument of ``Fn::Sub``, in either form."""
    match argument:
        case str():
            return argument, {}
        case [str() as text, dict() as variables]:
            return text, variables
    raise invalid(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string "
        "as first argument, and an optional second argument to specify a mapping of values to replace in the string"
    )


def _sub(argument: Any, scope: Scope) -> Any:
    text, variables = sub_parts(argument)
    own = {name: resolve(value, scope) for name, value in variables.items()}
    missing: set[str] = set()

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        name = name.strip()
        value = own[name] if name in own else _named(name, scope)
        if isinstance(value, Unknown):
            missing.update(value.because)
            return ""
        return text_of(value, f"Template error: variable {name} in Fn::Sub expression does not resolve to a string")

    result = VARIABLE.sub(replace, text)
    return Unknown(frozenset(missing)) if missing else result


def _named(name: str, scope: Scope) -> Any:
    if "." in name:
        return scope.attribute(*name.split(".", 1))
    return _ref(name, scope)


def _join(argument: Any, scope: Scope) -> Any:
    complaint = (
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
        "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
    )
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        raise invalid(complaint)
    items = resolve(argument[1], scope)
    if because := unknowns(items):
        return Unknown(because)
    if not isinstance(items, list):
        raise invalid(complaint)
    return argument[0].join(text_of(item, complaint) for item in items)


def _select(argument: Any, scope: Scope) -> Any:
    complaint = "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
    if not isinstance(argument, list) or len(argument) != 2:
        raise invalid(complaint)
    position, items = resolve(argument[0], scope), resolve(argument[1], scope)
    if because := (unknowns(position) or (items.because if isinstance(items, Unknown) else frozenset())):
        return Unknown(because)
    if not isinstance(items, list) or not re.fullmatch(r"\d+", text_of(position, complaint)):
        raise invalid(complaint)
    index = int(position)
    if index >= len(items):
        raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return items[index]


def _split(argument: Any, scope: Scope) -> Any:
    complaint = (
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to "
        "be split or a function that returns a string to be split."
    )
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not argument[0]:
        raise invalid(complaint)
    source = resolve(argument[1], scope)
    if isinstance(source, Unknown):
        return source
    return text_of(source, complaint).split(argument[0])


def _if(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        raise invalid("Template error: Fn::If requires a list argument with three elements")
    name, when_true, when_false = argument
    if name not in scope.conditions:
        raise invalid(f"Template error: unresolved condition dependency {name} in Fn::If")
    return resolve(when_true if scope.conditions[name] else when_false, scope)


def _find_in_map(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) != 3:
        raise invalid(
            "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
            "attribute for return value"
        )
    keys = [text_of(resolve(item, scope), "Template error: Fn::FindInMap keys must be strings") for item in argument]
    if keys[0] not in scope.mappings:
        raise invalid(
            f"Template error: Mapping named '{keys[0]}' is not present in the 'Mappings' section of template."
        )
    try:
        return scope.mappings[keys[0]][keys[1]][keys[2]]
    except KeyError as error:
        raise invalid(f"Template error: Unable to get mapping for {'::'.join(keys)}") from error


def _import_value(argument: Any, scope: Scope) -> Any:
    name = resolve(argument, scope)
    if isinstance(name, Unknown):
        return name
    return scope.export(
        text_of(name, "Template error: the attribute in Fn::ImportValue must be a string or a function")
    )


def _base64(argument: Any, scope: Scope) -> Any:
    value = resolve(argument, scope)
    if isinstance(value, Unknown):
        return value
    text = text_of(value, "Template error: every Fn::Base64 object must have a String-typed value.")
    return base64.b64encode(text.encode()).decode()


def _get_azs(argument: Any, scope: Scope) -> Any:
    region = resolve(argument, scope) or scope.values["AWS::Region"]
    return region if isinstance(region, Unknown) else [f"{region}{letter}" for letter in "abc"]


def _cidr(argument: Any, scope: Scope) -> Any:
    complaint = "Template error: every Fn::Cidr object requires two or three parameters: a CIDR block, a count and bits"
    if not isinstance(argument, list) or len(argument) not in (2, 3):
        raise invalid(complaint)
    given = resolve(argument, scope)
    if because := unknowns(given):
        return Unknown(because)
    try:
        block = ipaddress.ip_network(given[0], strict=False)
        count = int(given[1])
        bits = int(given[2]) if len(given) == 3 else 8
        subnets = _first(block.subnets(new_prefix=block.max_prefixlen - bits), count)
    except (ValueError, TypeError) as error:
        raise invalid(complaint) from error
    if not 1 <= count <= 256 or len(subnets) < count:
        raise invalid(f"Template error: Fn::Cidr cannot make {count} blocks of {bits} bits in {given[0]}")
    return subnets


def _first(items: Iterable[Any], count: int) -> list[str]:
    return [str(item) for _, item in zip(range(count), items, strict=False)]


_FUNCTIONS: Final[Mapping[str, Callable[[Any, Scope], Any]]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": _import_value,
    "Fn::Base64": _base64,
    "Fn::GetAZs": _get_azs,
    "Fn::Cidr": _cidr,
}
