"""Template text in, a checked ``Template`` out.

Anatomy: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html (2026-11-24).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from crosslane.sandbox.cloudformation.errors import invalid, unsupported
from crosslane.sandbox.cloudformation.template_text import load, refuse_nulls, text_of

DeletionPolicy = Literal["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"]

_SECTIONS = frozenset(
    [
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Rules",
        "Mappings",
        "Conditions",
        "Transform",
        "Hooks",
        "Resources",
        "Outputs",
    ]
)
_RESOURCE_KEYS = frozenset(
    [
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "Metadata",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "CreationPolicy",
        "UpdatePolicy",
    ]
)
SERVERLESS: Final = "AWS::Serverless-2016-10-31"
"""The one transform that the sandbox knows; see ``transform``."""
_SERVERLESS_SECTIONS = frozenset(["Globals"])
_SERVERLESS_RESOURCE_KEYS = frozenset(["Connectors", "IgnoreGlobals"])
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class ResourceDeclaration:
    """One member of ``Resources``; ``properties`` and ``metadata`` still hold intrinsic functions."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    condition: str | None = None
    deletion_policy: DeletionPolicy = "Delete"
    update_replace_policy: DeletionPolicy = "Delete"
    metadata: Any = None


@dataclass(frozen=True, slots=True)
class OutputDeclaration:
    """One member of ``Outputs``; ``value`` and ``export_name`` still hold intrinsic functions."""

    name: str
    value: Any
    description: str | None = None
    condition: str | None = None
    export_name: Any = None


@dataclass(frozen=True, slots=True)
class ParameterDeclaration:
    """One member of ``Parameters``; ``default`` is the text CloudFormation would use, or None."""

    name: str
    type: str
    default: str | None = None
    description: str | None = None
    no_echo: bool = False
    allowed_values: tuple[str, ...] = ()
    allowed_pattern: str | None = None
    constraint_description: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_value: float | None = None
    max_value: float | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template. ``text`` is the body exactly as it was sent; ``body`` the same as plain data.

    A template with ``transforms`` is only the source of one until ``processed`` is there: the expanded text, which
    everything but ``text`` then describes.
    """

    text: str
    body: Mapping[str, Any] = field(repr=False)
    description: str | None
    metadata: Any
    parameters: Mapping[str, ParameterDeclaration]
    mappings: Mapping[str, Mapping[str, Mapping[str, Any]]]
    conditions: Mapping[str, Any]
    resources: Mapping[str, ResourceDeclaration]
    outputs: Mapping[str, OutputDeclaration]
    transforms: tuple[str, ...] = ()
    processed: str | None = field(default=None, repr=False)


def parse_template(text: str) -> Template:
    """Parse and check the structure of a template.

    References are checked by ``references.check_references``. Raises ServiceError (``ValidationError``).
    """
    body = load(text)
    transforms = declared_transforms(body)
    serverless = SERVERLESS in transforms
    unknown = sorted(set(body) - _SECTIONS - (_SERVERLESS_SECTIONS if serverless else frozenset()))
    if unknown:
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    _refuse_sections(body)
    refuse_nulls(body)
    version = body.get("AWSTemplateFormatVersion", "2010-09-09")
    if version != "2010-09-09":
        raise invalid(f"Template format error: Unsupported AWSTemplateFormatVersion: {version}.")
    description = body.get("Description")
    if description is not None and not isinstance(description, str):
        raise invalid("Template format error: Description must be a string.")
    if description is not None and len(description.encode()) > 1024:
        raise invalid("Template format error: 'Description' length is greater than 1024.")
    return Template(
        text=text,
        body=body,
        description=description,
        metadata=body.get("Metadata"),
        parameters={name: _parameter(name, value) for name, value in _section(body, "Parameters").items()},
        mappings=_mappings(_section(body, "Mappings")),
        conditions=_conditions(_section(body, "Conditions")),
        resources=_resources(body, _RESOURCE_KEYS | _SERVERLESS_RESOURCE_KEYS if serverless else _RESOURCE_KEYS),
        outputs={name: _output(name, value) for name, value in _section(body, "Outputs").items()},
        transforms=transforms,
    )


def declared_transforms(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in ``Transform``, as written."""
    declared = body.get("Transform", [])
    return tuple(str(name) for name in (declared if isinstance(declared, list) else [declared]))


def _refuse_sections(body: Mapping[str, Any]) -> None:
    for transform in declared_transforms(body):
        if transform != SERVERLESS:
            raise unsupported(f"the transform {transform}")
    for section in ("Rules", "Hooks"):
        if body.get(section):
            raise unsupported(f"the template section {section}")


def _section(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = body.get(name, {})
    if not isinstance(section, dict):
        raise invalid(f"Template format error: {name} must be an object.")
    return section


def _resources(body: Mapping[str, Any], keys: frozenset[str]) -> dict[str, ResourceDeclaration]:
    section = body.get("Resources")
    if not section:
        raise invalid("Template format error: At least one Resources member must be defined.")
    if not isinstance(section, dict) or not all(isinstance(value, dict) for value in section.values()):
        raise invalid("Template format error: Any Resources member must be an object.")
    if len(section) > 500:
        raise invalid(
            f"Template format error: Number of resources, {len(section)}, is greater than maximum allowed, 500"
        )
    return {logical_id: _resource(logical_id, value, keys) for logical_id, value in section.items()}


def _resource(logical_id: str, value: Mapping[str, Any], keys: frozenset[str]) -> ResourceDeclaration:
    if not _ALPHANUMERIC.fullmatch(logical_id):
        raise invalid(f"Template format error: Resource name {logical_id} is non alphanumeric.")
    kind = value.get("Type")
    if kind is None:
        raise invalid(
            f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
        )
    for key in value:
        if key not in keys:
            raise invalid(f"Invalid template resource property '{key}'")
    for key in ("CreationPolicy", "UpdatePolicy"):
        if key in value:
            raise unsupported(f"the resource attribute {key} ({logical_id})")
    properties = value.get("Properties", {})
    if not isinstance(kind, str) or not isinstance(properties, dict):
        raise invalid(f"Template format error: [/Resources/{logical_id}] resource definition is malformed")
    depends_on = value.get("DependsOn", [])
    depends_on = [depends_on] if isinstance(depends_on, str) else depends_on
    if not isinstance(depends_on, list) or not all(isinstance(name, str) for name in depends_on):
        raise invalid("Template format error: DependsOn must be a string or list of strings.")
    condition = value.get("Condition")
    if condition is not None and not isinstance(condition, str):
        raise invalid(f"Template format error: [/Resources/{logical_id}/Condition] must be a string.")
    return ResourceDeclaration(
        logical_id=logical_id,
        type=kind,
        properties=properties,
        depends_on=tuple(depends_on),
        condition=condition,
        deletion_policy=_policy(value, "DeletionPolicy"),
        update_replace_policy=_policy(value, "UpdateReplacePolicy"),
        metadata=value.get("Metadata"),
    )


def _policy(value: Mapping[str, Any], attribute: str) -> DeletionPolicy:
    given = value.get(attribute, "Delete")
    if given not in get_args(DeletionPolicy) or (
        attribute == "UpdateReplacePolicy" and given == "RetainExceptOnCreate"
    ):
        raise invalid(f"Template format error: Unrecognized {attribute} {given}")
    policy: DeletionPolicy = given
    return policy


def _output(name: str, value: Any) -> OutputDeclaration:
    if not _ALPHANUMERIC.fullmatch(name):
        raise invalid(f"Template format error: Output name {name} is non alphanumeric.")
    if not isinstance(value, dict) or "Value" not in value:
        raise invalid("Template format error: Every Outputs member must contain a Value object")
    export = value.get("Export")
    if export is not None and (not isinstance(export, dict) or set(export) != {"Name"}):
        raise invalid(f"Template format error: [/Outputs/{name}/Export] Export must contain a Name and nothing else")
    return OutputDeclaration(
        name=name,
        value=value["Value"],
        description=value.get("Description"),
        condition=value.get("Condition"),
        export_name=export["Name"] if export else None,
    )


def _conditions(section: Mapping[str, Any]) -> Mapping[str, Any]:
    for value in section.values():
        if not isinstance(value, dict) or len(value) != 1:
            raise invalid(
                "Template format error: Conditions can only be boolean operations on parameters and other conditions"
            )
    return section


def _mappings(section: Mapping[str, Any]) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    for name, top in section.items():
        if not isinstance(top, dict):
            raise invalid(f"Template format error: Every Mappings member {name} must be a map")
        for key, second in top.items():
            if not isinstance(second, dict):
                raise invalid(f"Template format error: [/Mappings/{name}/{key}] Every Mappings attribute must be a map")
            if any(isinstance(value, dict) for value in second.values()):
                raise invalid("Template format error: Every Mappings attribute must be a String or a List.")
    return section


_PARAMETER_KEYS = frozenset(
    [
        "Type",
        "Default",
        "Description",
        "NoEcho",
        "AllowedValues",
        "AllowedPattern",
        "ConstraintDescription",
        "MinLength",
        "MaxLength",
        "MinValue",
        "MaxValue",
    ]
)


def _parameter(name: str, value: Any) -> ParameterDeclaration:
    if not _ALPHANUMERIC.fullmatch(name):
        raise invalid(f"Template format error: Parameter name {name} is non alphanumeric.")
    if not isinstance(value, dict) or "Type" not in value:
        raise invalid(f"Template format error: Every Parameters object must contain a Type member. [{name}]")
    for key in value:
        if key not in _PARAMETER_KEYS:
            raise invalid(f"Invalid template parameter property '{key}'")
    try:
        return ParameterDeclaration(
            name=name,
            type=str(value["Type"]),
            default=None if "Default" not in value else _as_text(value["Default"]),
            description=value.get("Description"),
            no_echo=_as_text(value.get("NoEcho", False)) == "true",
            allowed_values=tuple(_as_text(item) for item in value.get("AllowedValues", ())),
            allowed_pattern=value.get("AllowedPattern"),
            constraint_description=value.get("ConstraintDescription"),
            min_length=int(value["MinLength"]) if "MinLength" in value else None,
            max_length=int(value["MaxLength"]) if "MaxLength" in value else None,
            min_value=float(value["MinValue"]) if "MinValue" in value else None,
            max_value=float(value["MaxValue"]) if "MaxValue" in value else None,
        )
    except (TypeError, ValueError) as error:
        raise invalid(f"Template format error: Parameter {name} has a constraint that is not a number") from error


def _as_text(value: Any) -> str:
    return text_of(value, "Template format error: Every Default member must be a string.")
