"""The ``Conditions`` section: declarations in, truth values by name out.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
(2026-11-24)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.intrinsics import Scope, resolve


def evaluate_conditions(declared: Mapping[str, Any], scope: Scope) -> dict[str, bool]:
    """Every condition's value. ``scope`` has parameters and mappings; resources are out of reach here.

    Raises ServiceError (``ValidationError``) for unknown or circular conditions and malformed operators.
    """
    known: dict[str, bool] = {}
    for name in declared:
        _evaluate_named(name, "Condition", declared, known, (), scope)
    return known


def _evaluate_named(
    name: str,
    where: str,
    declared: Mapping[str, Any],
    known: dict[str, bool],
    pending: tuple[str, ...],
    scope: Scope,
) -> bool:
    if name in known:
        return known[name]
    if name not in declared:
        raise invalid(f"Template error: unresolved condition dependency {name} in {where}")
    if name in pending:
        raise invalid(f"Template format error: Circular dependency between conditions: [{', '.join(pending)}]")
    known[name] = _evaluate(declared[name], declared, known, (*pending, name), scope)
    return known[name]


def _evaluate(
    expression: Any, declared: Mapping[str, Any], known: dict[str, bool], pending: tuple[str, ...], scope: Scope
) -> bool:
    def operands(argument: Any) -> list[bool]:
        return [_evaluate(item, declared, known, pending, scope) for item in argument]

    match expression:
        case {"Condition": str() as name} if len(expression) == 1:
            return _evaluate_named(name, "Condition", declared, known, pending, scope)
        case {"Fn::Equals": argument}:
            return _equals(argument, replace(scope, conditions=known))
        case {"Fn::Not": argument}:
            if not isinstance(argument, list) or len(argument) != 1:
                raise invalid("Template error: every Fn::Not object requires a list with exactly 1 boolean parameter.")
            return not operands(argument)[0]
        case {"Fn::And": argument} | {"Fn::Or": argument}:
            (operator,) = expression
            if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
                raise invalid(
                    f"Template error: every {operator} object requires a list of at least 2 and at most 10 boolean "
                    "parameters."
                )
            return all(operands(argument)) if operator == "Fn::And" else any(operands(argument))
        case "true" | "false" | bool():
            return expression in ("true", True)
        case _:
            raise invalid(
                "Template format error: Conditions can only be boolean operations on parameters and other conditions"
            )


def _equals(argument: Any, scope: Scope) -> bool:
    if not isinstance(argument, list) or len(argument) != 2:
        raise invalid("Template error: every Fn::Equals object requires a list of 2 string parameters.")
    left, right = (_comparable(resolve(item, scope)) for item in argument)
    return bool(left == right)


def _comparable(value: Any) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list():
            return [_comparable(item) for item in value]
        case _:
            return value
