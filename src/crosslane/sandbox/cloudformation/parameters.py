"""Parameters: declarations and what the request gives in, values out.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html (2026-11-24)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.template import ParameterDeclaration

MASK = "****"
_SSM_VALUE = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_AWS_SPECIFIC = re.compile(r"AWS::[A-Za-z0-9]+::[A-Za-z0-9]+(::[A-Za-z0-9]+)?")


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """``text`` is what was given or defaulted; ``resolved`` what the SSM parameter of that name holds."""

    name: str
    text: str
    no_echo: bool = False
    resolved: str | None = None


ReadSsm = Callable[[str], str]
"""The value of an SSM parameter by name; raises ServiceError if there is none."""


def check_declarations(declared: Mapping[str, ParameterDeclaration]) -> None:
    """Refuse types that CloudFormation does not know."""
    for parameter in declared.values():
        kind = _SSM_VALUE.fullmatch(parameter.type)
        inner = kind[1] if kind else parameter.type
        if inner not in ("String", "Number", "CommaDelimitedList") and not _AWS_SPECIFIC.fullmatch(_item_type(inner)):
            raise invalid(f"Template format error: Unrecognized parameter type: {parameter.type}")


def assign(
    declared: Mapping[str, ParameterDeclaration],
    given: Sequence[Mapping[str, Any]],
    previous: Mapping[str, ParameterValue],
    read_ssm: ReadSsm,
) -> tuple[ParameterValue, ...]:
    """The value of every declared parameter, checked. ``given`` is the request's list, ``previous`` the stack's."""
    texts: dict[str, str] = {}
    for item in given:
        name = item.get("ParameterKey", "")
        if item.get("UsePreviousValue"):
            if "ParameterValue" in item:
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty "
                    "value for a parameter"
                )
            if name not in previous:
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter "
                    "key not in the previous template"
                )
            texts[name] = previous[name].text
        elif "ParameterValue" in item:
            texts[name] = item["ParameterValue"]
    unknown = [item.get("ParameterKey", "") for item in given if item.get("ParameterKey") not in declared]
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, parameter in declared.items() if name not in texts and parameter.default is None]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return tuple(_value(parameter, texts.get(name), read_ssm) for name, parameter in declared.items())


def _value(declared: ParameterDeclaration, given: str | None, read_ssm: ReadSsm) -> ParameterValue:
    text = given if given is not None else declared.default or ""
    _check(declared, text)
    resolved = read_ssm(text) if _SSM_VALUE.fullmatch(declared.type) else None
    return ParameterValue(declared.name, text, declared.no_echo, resolved)


def plain_value(declared: ParameterDeclaration, value: ParameterValue) -> str | list[str]:
    """What ``Ref`` gives: a list for the list types, else text."""
    text = value.resolved if value.resolved is not None else value.text
    kind = _SSM_VALUE.fullmatch(declared.type)
    inner = kind[1] if kind else declared.type
    if inner == "CommaDelimitedList" or inner.startswith("List<"):
        return [item.strip() for item in text.split(",")] if text else []
    return text


def masked(value: Any, secrets: Sequence[str]) -> Any:
    """``value`` with every occurrence of a secret replaced by the mask."""
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, MASK)
            return value
        case dict():
            return {key: masked(item, secrets) for key, item in value.items()}
        case list():
            return [masked(item, secrets) for item in value]
        case _:
            return value


def _item_type(kind: str) -> str:
    found = re.fullmatch(r"List<(.+)>", kind)
    if not found:
        return kind
    return "AWS::List::Item" if found[1] in ("Number", "String") else found[1]


def _check(declared: ParameterDeclaration, text: str) -> None:
    for item in text.split(",") if declared.type in ("CommaDelimitedList", "List<Number>") else [text]:
        _check_one(declared, item.strip() if declared.type != "String" else item)


def _check_one(declared: ParameterDeclaration, text: str) -> None:
    name = declared.name

    def refuse(message: str) -> None:
        told = declared.constraint_description
        raise invalid(f"Parameter {name} failed to satisfy constraint: {told}" if told else message)

    if declared.type in ("Number", "List<Number>"):
        try:
            number = float(text)
        except ValueError:
            raise invalid(f"Parameter '{name}' must be a number.") from None
        if declared.min_value is not None and number < declared.min_value:
            refuse(f"Parameter '{name}' must be a number not less than {declared.min_value:g}")
        if declared.max_value is not None and number > declared.max_value:
            refuse(f"Parameter '{name}' must be a number not greater than {declared.max_value:g}")
    if declared.allowed_values and text not in declared.allowed_values:
        refuse(f"Parameter '{name}' must be one of AllowedValues")
    if declared.allowed_pattern is not None and not re.fullmatch(declared.allowed_pattern, text):
        refuse(f"Parameter '{name}' must match pattern {declared.allowed_pattern}")
    if declared.min_length is not None and len(text) < declared.min_length:
        refuse(f"Parameter '{name}' must contain at least {declared.min_length} characters")
    if declared.max_length is not None and len(text) > declared.max_length:
        refuse(f"Parameter '{name}' must contain at most {declared.max_length} characters")
