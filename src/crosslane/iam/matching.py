"""A policy's statements, compiled: which of them apply to a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html (2026-11-24).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from crosslane.iam.arn import ArnMatcher, compile_segments, compile_short, split_tokens
from crosslane.iam.condition import Check, compile_condition
from crosslane.iam.document import Clause, Effect, Policy, PolicyKind, Statement
from crosslane.iam.outcome import Outcome
from crosslane.iam.principal import PrincipalMatcher
from crosslane.iam.request import Request
from crosslane.iam.variables import Part, is_static, parts_of, pattern_of
from crosslane.iam.wildcard import ANY_ONE, ANY_RUN, MANY, AnyOf, Matcher, compile_pattern, compile_tokens, size_of

ResourceCheck = Callable[[Request], bool]


class CompiledStatement:
    """One statement, ready to be asked. ``resource`` None means any; ``conditions`` all have to hold."""

    __slots__ = ("allows", "conditions", "covers_action", "policy", "principal", "resource", "statement")

    def __init__(self, policy: Policy, statement: Statement) -> None:
        self.policy = policy
        self.statement = statement
        self.allows = statement.effect is Effect.ALLOW
        self.covers_action = compile_action(statement.action)
        self.principal = None if statement.principal is None else PrincipalMatcher(statement.principal)
        variables = policy.has_variables
        self.resource: ResourceCheck | None = _nothing
        if statement.resource is not None:
            self.resource = compile_resource(statement.resource, variables)
        elif policy.kind is PolicyKind.TRUST:
            self.resource = None
        self.conditions: tuple[Check, ...] = tuple(
            [compile_condition(condition, variables) for condition in statement.conditions]
        )

    @property
    def is_unconditional(self) -> bool:
        """Whether it applies to every request with its action."""
        return self.resource is None and not self.conditions

    def applies(self, request: Request) -> bool:
        """Whether resource and conditions fit; action and principal are the caller's."""
        if self.resource is not None and not self.resource(request):
            return False
        for condition in self.conditions:  # noqa: SIM110 - a generator here costs a third of the time
            if not condition(request):
                return False
        return True


Candidates = tuple[tuple[CompiledStatement, ...], tuple[CompiledStatement, ...], Outcome | None]
"""The Deny and the Allow statements that cover an action, in order; and their outcome for statements without
principals, if it is the same for every request with that action."""

_REMEMBERED = 256


class StatementSet:
    """The statements of policies that count together (all identity policies, one level of SCPs).

    Which statements cover an action is remembered for the last few hundred actions.
    """

    __slots__ = ("by_action", "policies", "statements")

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies = tuple(policies)
        self.statements = tuple(
            [CompiledStatement(policy, statement) for policy in self.policies for statement in policy.statements]
        )
        self.by_action: dict[str, Candidates] = {}

    def candidates(self, action: str) -> Candidates:
        """The statements that cover ``action``, given in lower case: first the denying, then the allowing ones."""
        found = self.by_action.get(action)
        if found is None:
            denies: list[CompiledStatement] = []
            allows: list[CompiledStatement] = []
            for one in self.statements:
                if one.covers_action(action):
                    (allows if one.allows else denies).append(one)
            found = (tuple(denies), tuple(allows), _settled(denies, allows))
            if len(self.by_action) >= _REMEMBERED:
                self.by_action.clear()
            self.by_action[action] = found
        return found


def _settled(denies: Sequence[CompiledStatement], allows: Sequence[CompiledStatement]) -> Outcome | None:
    if any(one.is_unconditional for one in denies):
        return Outcome.EXPLICIT_DENY
    if denies:
        return None
    if not allows:
        return Outcome.IMPLICIT_DENY
    return Outcome.ALLOWED if any(one.is_unconditional for one in allows) else None


def compile_action(clause: Clause) -> Matcher:
    """Whether an ``Action`` or ``NotAction`` covers an action given in lower case. Case does not matter."""
    exact: set[str] = set()
    prefixes: list[str] = []
    globs: list[Matcher] = []
    patterns: list[str] = []
    for value in clause.values:
        pattern = value.lower()
        if "*" not in pattern and "?" not in pattern:
            exact.add(pattern)
        elif pattern.find("*") == len(pattern) - 1 and "?" not in pattern:
            prefixes.append(pattern[:-1])
        else:
            patterns.append(pattern)
            globs.append(compile_pattern(pattern))
    if "" in prefixes:
        return _always if not clause.negated else _never
    starts = tuple(prefixes)
    if not clause.negated and not globs:
        if not starts:
            if len(exact) == 1:
                return exact.pop().__eq__
            return frozenset(exact).__contains__
        if not exact:
            return lambda action: action.startswith(starts)
    negated = clause.negated

    def covers(action: str) -> bool:
        hit = action in exact or action.startswith(starts) or any(glob(action) for glob in globs)
        return hit is not negated

    return covers


def compile_resource(clause: Clause, variables: bool) -> ResourceCheck | None:
    """Whether a ``Resource`` or ``NotResource`` covers a request's resource; None if it covers every one.

    A ``NotResource`` that hangs on a variable without value covers nothing, as does a ``Resource``: "the resource that
    includes a policy variable with no value will not match any resource"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value).
    """
    kept = _Resources(clause.values, variables)
    if kept.everything:
        return _nothing if clause.negated else None
    if not clause.negated and not kept.dynamic and not kept.matchers and not kept.globs:
        exact, prefixes = frozenset(kept.exact), kept.starts
        if not prefixes:
            if len(exact) == 1:
                (only,) = exact
                return lambda request: request.resource == only
            return lambda request: request.resource in exact
        if not exact:
            return lambda request: request.resource.startswith(prefixes)
        return lambda request: request.resource in exact or request.resource.startswith(prefixes)
    if not clause.negated:
        return lambda request: kept.match(request) is True
    return lambda request: kept.match(request) is False


class _Resources:
    """The values of one clause, sorted by how they are matched."""

    __slots__ = ("dynamic", "everything", "exact", "globs", "matchers", "patterns", "prefixes", "starts")

    def __init__(self, values: Sequence[str], variables: bool) -> None:
        self.everything = False
        self.exact: set[str] = set()
        self.prefixes: list[str] = []
        self.globs: list[Matcher] = []
        self.patterns: list[tuple[str, ...]] = []
        self.matchers: list[ArnMatcher] = []
        self.dynamic: list[tuple[tuple[Part, ...], ...] | None] = []
        """Templates with variables. None stands for one that can never be filled in: an ARN that stops short."""
        for value in values:
            self._add(value, variables)
        self.starts = tuple(self.prefixes)
        if len(self.globs) >= MANY:
            self.globs = [AnyOf(self.patterns).accepts]

    def _add(self, value: str, variables: bool) -> None:
        if variables and "${" in value:
            parts = parts_of(value)
            if is_static(parts):
                self._add_tokens(tuple(pattern_of(parts, lambda _: None) or ()))
            else:
                template = _segments_of(parts)
                # Before the fifth colon "${...}" is plain text, which stands in no ARN: such a value matches nothing.
                if template is not None or sum(part.count(":") for part in parts if isinstance(part, str)) < 5:
                    self.dynamic.append(template)
            return
        star = value.find("*")
        if not value.strip("*"):
            self.everything = True
        elif star == len(value) - 1 and "?" not in value:
            self.prefixes.append(value[:-1])
        elif value.count(":") < 5 and (value.startswith("arn:") or (":" in value and (star >= 0 or "?" in value))):
            if value.endswith("*") and value.startswith("arn:"):
                self.matchers.append(compile_short(value))
            else:
                self.dynamic.append(None)
        elif star < 0 and "?" not in value:
            self.exact.add(value)
        else:
            self._add_tokens(tuple(pattern_of((value,), lambda _: None) or ()))

    def _add_tokens(self, tokens: tuple[str, ...]) -> None:
        segments = split_tokens(tokens)
        if segments is not None and has_wild_type(segments):
            return
        wild = segments is not None and any(
            token in (ANY_ONE, ANY_RUN) for segment in segments[:5] for token in segment
        )
        if segments is not None and wild:
            self.matchers.append(compile_segments(segments))
        elif ANY_RUN in tokens or ANY_ONE in tokens:
            self.patterns.append(tokens)
            self.globs.append(compile_tokens(tokens))
        else:
            self.exact.add("".join(tokens))

    def match(self, request: Request) -> bool | None:
        """Whether any value matches; None if none does and one of them could not be filled in."""
        resource = request.resource
        if resource in self.exact or resource.startswith(self.starts):
            return True
        for glob in self.globs:
            if glob(resource):
                return True
        parts = request.parts
        for matcher in self.matchers:
            if matcher(parts):
                return True
        unknown = False
        for template in self.dynamic:
            found = None if template is None else _meets(template, request)
            if found:
                return True
            unknown = unknown or found is None
        return None if unknown else False


_UNTYPED = frozenset({"s3", "sns", "sqs", "codecommit", "codepipeline", "apigateway", "execute-api", "events"})
"""Services whose ARNs may name a thing without a resource type in front of it."""


def has_wild_type(segments: Sequence[Sequence[str]]) -> bool:
    """Whether a pattern has a wildcard inside the resource type, as ``ro?e/x``; such a pattern matches nothing.

    "You cannot use a wildcard in the portion of the ARN that specifies the resource type":
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html (2026-11-24). A whole ``*`` stands for any
    type, as in ``arn:aws:ec2:us-east-1:111122223333:*/*``, which AWS's own examples use.
    """
    if len(segments[2]) == 1 and segments[2][0] in _UNTYPED:
        return False
    kind: list[str] = []
    for token in segments[5]:
        if token not in (ANY_RUN, ANY_ONE) and ("/" in token or ":" in token):
            head = min((token.split(mark, 1)[0] for mark in "/:"), key=len)
            kind.append(head)
            break
        kind.append(token)
    else:
        return False
    kind = [token for token in kind if token]
    return kind != [ANY_RUN] and (ANY_RUN in kind or ANY_ONE in kind)


def _segments_of(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], ...] | None:
    """A template cut into six segments; None if a variable stands before the fifth colon, where none may stand.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse
    """
    first = parts[0] if isinstance(parts[0], str) else ""
    pieces = first.split(":", 5)
    if len(pieces) < 6:
        return None
    head: list[tuple[Part, ...]] = [(piece,) if piece else () for piece in pieces[:5]]
    rest: tuple[Part, ...] = ((pieces[5],) if pieces[5] else ()) + parts[1:]
    return (*head, rest)


def _meets(template: tuple[tuple[Part, ...], ...], request: Request) -> bool | None:
    """Whether the template fits the request's resource; None if that hangs on a variable without value."""
    parts = request.parts
    if len(parts) != 6:
        return False
    tokens = pattern_of(template[5], request.single)
    if tokens is not None and not _fits(tokens, parts[5]):
        return False
    if not all(_fits(pattern_of(one, _no_value) or [], part) for one, part in zip(template[:5], parts, strict=False)):
        return False
    return None if tokens is None else True


def _fits(tokens: list[str], part: str) -> bool:
    return size_of(tokens) <= len(part) and compile_tokens(tokens)(part)


def _no_value(_: str) -> None:
    return None


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _nothing(_: Request) -> bool:
    return False
