"""The names of condition operators.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (2026-11-24).
"""

from __future__ import annotations

from functools import lru_cache

from crosslane.iam.document import Comparison, Operator, Quantifier

_NEGATED = {
    "StringNotEquals": Comparison.STRING_EQUALS,
    "StringNotEqualsIgnoreCase": Comparison.STRING_EQUALS_IGNORE_CASE,
    "StringNotLike": Comparison.STRING_LIKE,
    "NumericNotEquals": Comparison.NUMERIC_EQUALS,
    "DateNotEquals": Comparison.DATE_EQUALS,
    "NotIpAddress": Comparison.IP_ADDRESS,
    "ArnNotLike": Comparison.ARN_LIKE,
    "ArnNotEquals": Comparison.ARN_LIKE,
}
_PLAIN = {comparison.value: comparison for comparison in Comparison} | {"ArnEquals": Comparison.ARN_LIKE}

OPERATORS = tuple(sorted(_PLAIN | _NEGATED))
"""The operators without prefix and suffix, for suggestions."""

_BY_LOWER = {name.lower(): (comparison, False) for name, comparison in _PLAIN.items()} | {
    name.lower(): (comparison, True) for name, comparison in _NEGATED.items()
}
_QUANTIFIERS = {quantifier.value.lower(): quantifier for quantifier in Quantifier}


@lru_cache(maxsize=512)
def parse_operator(text: str) -> Operator | None:
    """``ForAllValues:StringLikeIfExists`` taken apart, or None if there is no such operator.

    Case does not matter: AWS's own examples write ``bool`` and ``IPAddress`` too. ``IfExists`` goes with every
    operator but ``Null``.
    """
    quantifier: Quantifier | None = None
    prefix, colon, base = text.partition(":")
    if colon:
        quantifier = _QUANTIFIERS.get(prefix.lower())
        if quantifier is None:
            return None
    else:
        base = text
    base = base.lower()
    if_exists = base.endswith("ifexists")
    found = _BY_LOWER.get(base.removesuffix("ifexists"))
    if found is None:
        return None
    comparison, negated = found
    if comparison is Comparison.NULL and if_exists:
        return None
    return Operator(text, comparison, negated, if_exists, quantifier)
