"""What each condition operator does with one value of a request, compiled from the values of the policy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (2026-11-24).
A value that is not of the operator's type does not hold, negated or not; nor does a negated operator with a policy
value that is not of its type.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import assert_never

from crosslane.iam.arn import compile_segments
from crosslane.iam.document import Comparison
from crosslane.iam.request import Request
from crosslane.iam.values import Networks, Number, address_of, bytes_of, date_of, network_of, number_of
from crosslane.iam.variables import Part, is_static, literals_of, parts_of, pattern_of
from crosslane.iam.wildcard import ANY_ONE, ANY_RUN, MANY, AnyOf, compile_tokens, size_of, tokens_of

Test = Callable[[str, Request], bool]
"""Whether one value of the request satisfies the operator (negation included)."""


def compile_test(comparison: Comparison, negated: bool, values: tuple[str, ...], variables: bool) -> Test:
    """The operator's test for one value; ``variables`` says whether ``${...}`` is one in the policy's values."""
    match comparison:
        case Comparison.STRING_EQUALS:
            return _text(values, variables, negated, _same)
        case Comparison.STRING_EQUALS_IGNORE_CASE:
            return _text(values, variables, negated, str.lower)
        case Comparison.STRING_LIKE:
            return _like(values, variables, negated)
        case Comparison.ARN_LIKE:
            return _arn(values, variables, negated)
        case Comparison.BOOL:
            return _bool(values, variables, negated)
        case Comparison.IP_ADDRESS:
            return _address(values, negated)
        case Comparison.BINARY_EQUALS:
            return _binary(values)
        case Comparison.NUMERIC_EQUALS:
            return _equal(values, number_of, negated)
        case Comparison.DATE_EQUALS:
            return _equal(values, date_of, negated)
        case Comparison.NUMERIC_LESS_THAN | Comparison.DATE_LESS_THAN:
            return _ordered(values, _reader(comparison), max, lambda given, bound: given < bound)
        case Comparison.NUMERIC_LESS_THAN_EQUALS | Comparison.DATE_LESS_THAN_EQUALS:
            return _ordered(values, _reader(comparison), max, lambda given, bound: given <= bound)
        case Comparison.NUMERIC_GREATER_THAN | Comparison.DATE_GREATER_THAN:
            return _ordered(values, _reader(comparison), min, lambda given, bound: given > bound)
        case Comparison.NUMERIC_GREATER_THAN_EQUALS | Comparison.DATE_GREATER_THAN_EQUALS:
            return _ordered(values, _reader(comparison), min, lambda given, bound: given >= bound)
        case Comparison.NULL:
            raise AssertionError("Null looks at no value")
        case _:
            assert_never(comparison)


def _same(text: str) -> str:
    return text


def _split(values: Sequence[str], variables: bool) -> tuple[list[tuple[Part, ...]], list[tuple[Part, ...]]]:
    """The values without and with variables that a request has to fill."""
    cut = [parts_of(value) if variables else ((value,) if value else ()) for value in values]
    return [parts for parts in cut if is_static(parts)], [parts for parts in cut if not is_static(parts)]


def _nowhere(key: str) -> None:
    return None


def _text(values: tuple[str, ...], variables: bool, negated: bool, fold: Callable[[str], str]) -> Test:
    static, dynamic = _split(values, variables)
    known = frozenset(fold("".join(literals_of(parts, _nowhere) or ())) for parts in static)
    if not dynamic:
        if fold is _same:
            return (lambda value, _: value not in known) if negated else (lambda value, _: value in known)
        return (lambda value, _: fold(value) not in known) if negated else (lambda value, _: fold(value) in known)

    def test(value: str, request: Request) -> bool:
        value = fold(value)
        if value in known:
            return not negated
        for parts in dynamic:
            pieces = literals_of(parts, request.single)
            # The lengths are compared first: a value repeated many times would make a huge text.
            if pieces is not None and sum(map(len, pieces)) == len(value) and fold("".join(pieces)) == value:
                return not negated
        return negated

    return test


def _tokens(parts: tuple[Part, ...]) -> list[str]:
    return pattern_of(parts, _nowhere) or []


def _like(values: tuple[str, ...], variables: bool, negated: bool) -> Test:
    static, dynamic = _split(values, variables)
    known: set[str] = set()
    patterns: list[list[str]] = []
    for parts in static:
        tokens = _tokens(parts)
        if ANY_RUN in tokens or ANY_ONE in tokens:
            patterns.append(tokens)
        else:
            known.add("".join(tokens))
    globs = [compile_tokens(tokens) for tokens in patterns]
    if len(globs) >= MANY:
        globs = [AnyOf(patterns).accepts]
    if not dynamic and len(globs) == 1 and not known:
        (glob,) = globs
        return (lambda value, _: not glob(value)) if negated else (lambda value, _: glob(value))

    def test(value: str, request: Request) -> bool:
        if value in known or any(glob(value) for glob in globs):
            return not negated
        for parts in dynamic:
            tokens = pattern_of(parts, request.single)
            if tokens is not None and _fits(tokens, value):
                return not negated
        return negated

    return test


def _fits(tokens: list[str], value: str) -> bool:
    return size_of(tokens) <= len(value) and compile_tokens(tokens)(value)


def _arn(values: tuple[str, ...], variables: bool, negated: bool) -> Test:
    """Segment by segment; a value or a pattern that is no ARN never holds. One without its resource has an empty one.

    As in ``Resource``, variables stand only behind the fifth colon; before it they are ordinary text.
    """
    known: set[str] = set()
    patterns: list[list[tuple[str, ...]]] = []
    dynamic: list[tuple[tuple[str, ...], tuple[Part, ...]]] = []
    sound = True
    for value in values:
        split = _segments(value)
        if split is None:
            sound = False
            continue
        *head, tail = split
        parts = parts_of(tail) if variables else ((tail,) if tail else ())
        if not is_static(parts):
            dynamic.append((tuple(head), parts))
            continue
        segments = [*map(tokens_of, head), tuple(_tokens(parts))]
        if any(token in (ANY_RUN, ANY_ONE) for segment in segments for token in segment):
            patterns.append(segments)
        else:
            known.add(":".join("".join(segment) for segment in segments))
    many = AnyOf([_joined(segments) for segments in patterns], segments=True) if len(patterns) >= MANY else None
    matchers = [] if many is not None else [compile_segments(segments) for segments in patterns]
    heads = [compile_segments([*map(tokens_of, head), (ANY_RUN,)]) for head, _ in dynamic]

    def test(value: str, request: Request) -> bool:
        split = value.split(":", 5)
        if len(split) != 6:
            found = _segments(value)
            if found is None:
                return False
            split, value = found, f"{value}:"
        if negated and not sound:
            return False
        if value in known or any(matcher(split) for matcher in matchers):
            return not negated
        if many is not None and many.accepts(value):
            return not negated
        for head, (_, parts) in zip(heads, dynamic, strict=True):
            if head(split):
                tokens = pattern_of(parts, request.single)
                if tokens is not None and _fits(tokens, split[5]):
                    return not negated
        return negated

    return test


def _segments(value: str) -> list[str] | None:
    split = value.split(":", 5)
    return split if len(split) == 6 else [*split, ""] if len(split) == 5 else None


def _joined(segments: Sequence[Sequence[str]]) -> list[str]:
    """Six tokenised segments as one tokenised pattern."""
    out = list(segments[0])
    for segment in segments[1:]:
        out.append(":")
        out.extend(segment)
    return out


def _bool(values: tuple[str, ...], variables: bool, negated: bool) -> Test:
    """ "true" or "false", without regard to case."""
    equals = _text(values, variables, negated, str.lower)

    def test(value: str, request: Request) -> bool:
        return value.lower() in ("true", "false") and equals(value, request)

    return test


def _address(values: tuple[str, ...], negated: bool) -> Test:
    found = [network_of(value) for value in values]
    networks = Networks(network for network in found if network is not None)
    if negated and None in found:
        return lambda value, _: False

    def test(value: str, _: Request) -> bool:
        address = address_of(value)
        return address is not None and (address in networks) is not negated

    return test


def _binary(values: tuple[str, ...]) -> Test:
    known = frozenset(values)
    decoded = frozenset(data for data in map(bytes_of, values) if data is not None)

    def test(value: str, _: Request) -> bool:
        return value in known or bytes_of(value) in decoded

    return test


def _equal(values: tuple[str, ...], read: Callable[[str], Hashable | None], negated: bool) -> Test:
    found = [read(value) for value in values]
    known = frozenset(value for value in found if value is not None)
    if negated and None in found:
        return lambda value, _: False

    def test(value: str, _: Request) -> bool:
        given = read(value)
        return given is not None and (given in known) is not negated

    return test


def _reader(comparison: Comparison) -> Callable[[str], Number | None]:
    return date_of if comparison.value.startswith("Date") else number_of


def _ordered(
    values: tuple[str, ...],
    read: Callable[[str], Number | None],
    widest: Callable[[list[Number]], Number],
    holds: Callable[[Number, Number], bool],
) -> Test:
    """The alternatives of an ordered comparison come down to the widest bound."""
    bounds = [bound for bound in map(read, values) if bound is not None]
    if not bounds:
        return lambda value, _: False
    bound = widest(bounds)

    def test(value: str, _: Request) -> bool:
        given = read(value)
        return given is not None and holds(given, bound)

    return test
