"""Template text, JSON or YAML, to plain data.

YAML's short function tags:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html (2026-11-25)
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.request import ServiceError

_DEEPEST = 100
"""A bound of ours: what is nested deeper is no template, and every walk over it is recursive."""
_SHORT_CONDITION_TAGS = ("Ref", "Condition")


def load(text: str) -> dict[str, Any]:
    """The object that a template in JSON or YAML stands for, short function tags written out.

    Raises ServiceError (``ValidationError``).
    """
    try:
        loaded = _read(text)
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(loaded, dict):
        raise invalid("Template format error: unsupported structure.")
    return loaded


def _read(text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            where = f"(line {error.lineno}, column {error.colno})"
            raise invalid(f"Template format error: JSON not well-formed. {where}") from error
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed.{where}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise invalid("Template format error: YAML not well-formed.") from error


class _Loader(yaml.CSafeLoader):
    """YAML as CloudFormation reads it: short function tags, dates as strings, keys as written."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":merge"))]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    # Keys stay text: an account id as a mapping key must not become a number.
    return {
        key.value if isinstance(key, yaml.ScalarNode) else str(loader.construct_object(key, deep=True)): (
            loader.construct_object(value, deep=True)
        )
        for key, value in node.value
    }


def _construct_function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in _SHORT_CONDITION_TAGS else f"Fn::{suffix}"
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = _construct_mapping(loader, node)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_Loader.add_multi_constructor("!", _construct_function)


def text_of(value: Any, complaint: str) -> str:
    """A scalar as CloudFormation writes it into a string. Raises ServiceError with the complaint for anything else."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return str(value)
        case _:
            raise invalid(complaint)


def refuse_nulls(value: Any, path: str = "", depth: int = 0) -> None:
    """Raise ServiceError where something is null or nested too deeply; ``path`` says where in the template."""
    if depth > _DEEPEST:
        raise _too_deep()
    match value:
        case None:
            raise invalid(f"[{path}] 'null' values are not allowed in templates")
        case dict():
            for key, item in value.items():
                refuse_nulls(item, f"{path}/{key}", depth + 1)
        case list():
            for index, item in enumerate(value):
                refuse_nulls(item, f"{path}/{index}", depth + 1)


def _too_deep() -> ServiceError:
    return invalid(f"Template format error: nested deeper than {_DEEPEST} levels")
