"""Condition keys, operators and values, compiled to functions of a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
(2026-11-24).

- Several values of one key are alternatives; with a negated operator none of them may match.
- A key that is not in the request: no match; with a negated operator or ``...IfExists``, a match.
- ``ForAllValues``: each value of the request must match; true without any.
- ``ForAnyValue``: one value of the request must match; false without any.
- Without a set operator a multivalued key never matches, whatever the operator.
"""

from __future__ import annotations

from collections.abc import Callable

from crosslane.iam.comparison import Test, compile_test
from crosslane.iam.document import Comparison, Condition, Quantifier
from crosslane.iam.request import Request, texts_of

Check = Callable[[Request], bool]


def compile_condition(condition: Condition, variables: bool) -> Check:
    """A function that says whether the condition holds; ``variables`` as in ``Policy.has_variables``."""
    operator = condition.operator
    if operator.comparison is Comparison.NULL:
        return _null(condition)
    test = compile_test(operator.comparison, operator.negated, condition.values, variables)
    key, folded = condition.key, condition.key.lower()
    match operator.quantifier:
        case None:
            return _single(key, folded, test, operator.negated or operator.if_exists)
        case Quantifier.ALL:
            return _for_all(key, folded, test)
        case Quantifier.ANY:
            return _for_any(key, folded, test)


def _single(key: str, folded: str, test: Test, when_absent: bool) -> Check:
    def check(request: Request) -> bool:
        value = request.context.get(key)
        if value is None:
            value = request.folded().get(folded)
            if value is None:
                return when_absent
        if type(value) is str:
            return test(value, request)
        if isinstance(value, list | tuple | set | frozenset):
            return False
        return test(texts_of(value)[0], request)

    return check


def _for_all(key: str, folded: str, test: Test) -> Check:
    def check(request: Request) -> bool:
        value = request.context.get(key)
        if value is None:
            value = request.folded().get(folded)
            if value is None:
                return True
        return all(test(text, request) for text in texts_of(value))

    return check


def _for_any(key: str, folded: str, test: Test) -> Check:
    def check(request: Request) -> bool:
        value = request.context.get(key)
        if value is None:
            value = request.folded().get(folded)
            if value is None:
                return False
        return any(test(text, request) for text in texts_of(value))

    return check


def _null(condition: Condition) -> Check:
    """``Null``: "true" holds where the key is absent, "false" where it is there. Set operators change nothing."""
    wanted = {value.lower() for value in condition.values}
    absent, present = "true" in wanted, "false" in wanted
    key, folded = condition.key, condition.key.lower()

    def check(request: Request) -> bool:
        if request.context.get(key) is None and request.folded().get(folded) is None:
            return absent
        return present

    return check
