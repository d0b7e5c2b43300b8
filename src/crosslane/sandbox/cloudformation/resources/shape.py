"""The shape of a resource type's properties: values from a template in, values for the service's API out.

A shape is written as plain data, so that a type reads like its page in the template reference::

    {"Name*": str, "Count": int, "Rules": [{"Id*": str}], "Document": JSON, "Labels": MapOf(str)}

``*`` marks a required property. CloudFormation converts scalars (``"true"`` to True, ``1`` to ``"1"``) and refuses
properties that it does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from crosslane.sandbox.cloudformation.intrinsics import Unknown


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with any keys and values of one shape."""

    item: Any


class _Json:
    """A document of any structure; text is parsed."""


JSON: Final = _Json()
TAGS: Final = [{"Key*": str, "Value*": str}]

Shape = Any
"""``str``, ``int``, ``float``, ``bool``, ``JSON``, ``MapOf``, a list of one shape, or a mapping of names to shapes."""


class PropertyError(Exception):
    """A property that the type does not take; the message is the resource's status reason."""


def check(shape: Mapping[str, Shape], properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a resource, converted to their shape. Raises PropertyError naming the first wrong one."""
    names = _names(shape)
    for name in properties:
        if name not in names:
            raise PropertyError(f"Encountered unsupported property {name}")
    converted = _object(shape, properties, "")
    return dict(converted)


def _names(shape: Mapping[str, Shape]) -> dict[str, tuple[Shape, bool]]:
    return {name.rstrip("*"): (item, name.endswith("*")) for name, item in shape.items()}


def _convert(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(value, Unknown):
        return value
    match shape:
        case list():
            if not isinstance(value, list):
                raise _mismatch(path, "List")
            return [_convert(shape[0], item, f"{path}/{index}") for index, item in enumerate(value)]
        case Mapping():
            if not isinstance(value, dict):
                raise _mismatch(path, "Map")
            return _object(shape, value, path)
        case MapOf(item):
            if not isinstance(value, dict):
                raise _mismatch(path, "Map")
            return {key: _convert(item, element, f"{path}/{key}") for key, element in value.items()}
        case _Json():
            return _document(value, path)
        case _:
            return _scalar(shape, value, path)


def _object(shape: Mapping[str, Shape], value: Mapping[str, Any], path: str) -> dict[str, Any]:
    names = _names(shape)
    unknown = [name for name in value if name not in names]
    if unknown:
        raise PropertyError(
            f"Property validation failure: [Encountered unsupported properties in {{{path or '/'}}}: "
            f"[{', '.join(unknown)}]]"
        )
    for name, (_, required) in names.items():
        if required and name not in value:
            raise PropertyError(f"Property validation failure: [The property {{{path}/{name}}} is required]")
    return {name: _convert(names[name][0], item, f"{path}/{name}") for name, item in value.items()}


def _document(value: Any, path: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        raise _mismatch(path, "Json") from None


def _scalar(shape: type, value: Any, path: str) -> Any:
    if isinstance(value, (dict, list)):
        raise _mismatch(path, {str: "String", bool: "Boolean"}.get(shape, "Number"))
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if shape is str:
        return text
    if shape is bool:
        if text.lower() not in ("true", "false"):
            raise _mismatch(path, "Boolean")
        return text.lower() == "true"
    if not re.fullmatch(r"-?\d+" if shape is int else r"-?\d+(\.\d+)?", text):
        raise _mismatch(path, "Integer" if shape is int else "Number")
    return shape(text)


def _mismatch(path: str, kind: str) -> PropertyError:
    return PropertyError(f"Property validation failure: [Value of property {{{path}}} does not match type {{{kind}}}]")


def lower_first(shape: Shape, value: Any) -> Any:
    """The value with the names of its shape as ``camelCase``, as some APIs want them; map keys stay."""
    match shape:
        case list():
            return [lower_first(shape[0], item) for item in value]
        case MapOf() | _Json():
            return value
        case Mapping():
            names = _names(shape)
            return {name[0].lower() + name[1:]: lower_first(names[name][0], item) for name, item in value.items()}
        case _:
            return value
