"""Whether one statement covers another: every request that the inner one applies to, the outer one applies to too.

Cautious: a no may be wrong, a yes is not. So what rests on it (unreachable, redundant) is never reported in error.
"""

from __future__ import annotations

from collections.abc import Iterable

from crosslane.iam.document import Clause, Condition, PrincipalClause, PrincipalType, Statement
from crosslane.iam.lint.patterns import covers, meet
from crosslane.iam.lint.unknown import is_unknown

MOST_VALUE_PAIRS = 200_000
"""Above this number of pairs of values the cautious answer is given without looking."""


def statement_covers(outer: Statement, inner: Statement) -> bool:
    """Whether ``outer`` applies wherever ``inner`` does, whatever their effects."""
    return (
        clause_covers(outer.action, inner.action, fold=True)
        and resources_cover(outer.resource, inner.resource)
        and principals_cover(outer.principal, inner.principal)
        and conditions_cover(outer.conditions, inner.conditions)
    )


def clause_covers(outer: Clause, inner: Clause, *, fold: bool = False) -> bool:
    """Whether ``outer`` covers all that ``inner`` means; ``fold`` for actions, whose case does not matter."""
    wide, narrow = _values(outer, fold), _values(inner, fold)
    if len(wide) * len(narrow) > MOST_VALUE_PAIRS:
        return "*" in wide and not outer.negated
    if not outer.negated and not inner.negated:
        return bool(narrow) and all(any(covers(one, value) for one in wide) for value in narrow)
    if outer.negated and not inner.negated:
        known = not any(map(is_unknown, (*wide, *narrow)))
        return known and bool(narrow) and not any(meet(one, value) for one in wide for value in narrow)
    if outer.negated and inner.negated:
        return all(any(covers(one, value) for one in narrow) for value in wide)
    return "*" in wide


def _values(clause: Clause, fold: bool) -> tuple[str, ...]:
    return tuple(value.lower() for value in clause.values) if fold else clause.values


def resources_cover(outer: Clause | None, inner: Clause | None) -> bool:
    """As ``clause_covers``; statements without Resource cover only each other."""
    if outer is None or inner is None:
        return outer is inner
    return clause_covers(outer, inner)


def principals_cover(outer: PrincipalClause | None, inner: PrincipalClause | None) -> bool:
    """Whether ``outer`` names everyone that ``inner`` names, by the same names."""
    if outer is None or inner is None:
        return outer is inner
    named = {(one.type, one.value) for one in outer.principals}
    if outer.negated or inner.negated:
        return outer.negated and inner.negated and named <= {(one.type, one.value) for one in inner.principals}
    if any(one.type is PrincipalType.ANYONE for one in outer.principals):
        return True
    return bool(inner.principals) and all((one.type, one.value) in named for one in inner.principals)


def conditions_cover(outer: Iterable[Condition], inner: Iterable[Condition]) -> bool:
    """Whether each outer condition holds whenever all the inner ones do."""
    given = tuple(inner)
    return all(any(_condition_covers(one, other) for other in given) for one in outer)


def _condition_covers(outer: Condition, inner: Condition) -> bool:
    if outer.key.lower() != inner.key.lower():
        return False
    left, right = outer.operator, inner.operator
    same = (left.comparison, left.negated, left.if_exists, left.quantifier) == (
        right.comparison,
        right.negated,
        right.if_exists,
        right.quantifier,
    )
    if not same:
        return False
    wide, narrow = set(outer.values), set(inner.values)
    return wide <= narrow if left.negated else narrow <= wide
