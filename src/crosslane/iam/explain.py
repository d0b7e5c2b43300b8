"""Why a decision came out as it did: the statements behind it, and for a denial what was nearest to allowing it.

Costs more than the decision itself, and is worked out only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from crosslane.iam.authorize import Decision
from crosslane.iam.document import Clause, Condition, Effect, PrincipalClause
from crosslane.iam.layers import LAYERS, Layers
from crosslane.iam.matching import CompiledStatement, StatementSet
from crosslane.iam.outcome import Outcome
from crosslane.iam.principal import Grant, PrincipalKind
from crosslane.iam.request import Request, texts_of
from crosslane.iam.services.kms import needs_key_policy
from crosslane.iam.services.sts import needs_no_permission, needs_trust_policy


class Part(StrEnum):
    """The parts of a statement that a request can miss."""

    ACTION = "action"
    PRINCIPAL = "principal"
    RESOURCE = "resource"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class StatementRef:
    """A statement, so that a person finds it. ``line`` is None if the policy did not come as text."""

    layer: str
    policy: str
    sid: str | None
    index: int
    pointer: str
    line: int | None
    effect: Effect

    def __str__(self) -> str:
        which = f'"{self.sid}"' if self.sid else f"number {self.index + 1}"
        where = f", line {self.line}" if self.line is not None else ""
        name = f" of {self.policy}" if self.policy else ""
        return f"{self.effect} statement {which}{name} ({self.pointer}{where})"


@dataclass(frozen=True, slots=True)
class Gap:
    """One part of a statement that did not fit: what the policy wants, and what the request gives."""

    part: Part
    wanted: str
    given: str
    pointer: str

    def __str__(self) -> str:
        return f"the {self.part} does not fit: wanted {self.wanted}, given {self.given}"


@dataclass(frozen=True, slots=True)
class Miss:
    """A statement that would have allowed the request but for its ``gaps``."""

    statement: StatementRef
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class LayerExplanation:
    """One layer: its result, the statements that made it, and the nearest misses if nothing did.

    ``level`` counts the levels of an organization from 1 (its root); None elsewhere.
    """

    layer: str
    outcome: Outcome
    determining: tuple[StatementRef, ...]
    misses: tuple[Miss, ...]
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision in words. ``deciding`` names the layers that the outcome hangs on."""

    outcome: Outcome
    reason: str
    deciding: tuple[str, ...]
    layers: tuple[LayerExplanation, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def explain(decision: Decision) -> Explanation:
    """The statements behind a decision, and the decision in a few plain lines."""
    layers = tuple(_layers(decision))
    reason, deciding = _reason(decision)
    lines = [f"{decision.request.name} on {decision.request.resource} by {_who(decision.request)}: {reason}"]
    for one in layers:
        if one.layer in deciding or one.outcome is Outcome.EXPLICIT_DENY:
            lines.extend(_describe(one, decision.outcome))
    return Explanation(decision.outcome, reason, deciding, layers, tuple(lines))


class Grounds(NamedTuple):
    """What a decision rests on: as ``Explanation``, without what was near and without the wording."""

    reason: str
    deciding: tuple[str, ...]
    determining: tuple[tuple[str, CompiledStatement], ...]
    """Layers and their statements, in the order of the layers."""


def grounds(decision: Decision) -> Grounds:
    """The statements behind a decision and its reason, at about the cost of the decision: what ``explain`` calls the
    same are the same."""
    request, policies = decision.request, decision.policies
    found: list[tuple[str, CompiledStatement]] = []
    for name, result, levels in zip(LAYERS, decision.results, _levels(policies), strict=True):
        bounded = name == "resource" and policies.boundary is not None
        for level in () if result is None else levels:
            denies, allows, _ = level.candidates(request.action)
            fitting = [one for one in denies if _fits(one, request, bounded)]
            fitting = fitting or [one for one in allows if _fits(one, request, bounded)]
            found += [(name, one) for one in fitting]
    return Grounds(*_reason(decision), tuple(found))


def _fits(one: CompiledStatement, request: Request, bounded: bool) -> bool:
    """Whether a statement that covers the action has no gap."""
    names = one.principal
    if names is not None:
        denied_anyway = bounded and names.negated and not one.allows
        if not denied_anyway and not names.grant(request.principal, request.context):
            return False
    return one.applies(request)


def _levels(policies: Layers) -> tuple[tuple[StatementSet, ...], ...]:
    """The sets of statements of each layer, in the order of ``LAYERS``: one for each level of an organization."""
    return (
        (policies.identity,),
        () if policies.resource is None else (policies.resource,),
        () if policies.session is None else (policies.session,),
        () if policies.boundary is None else (policies.boundary,),
        policies.scps,
        policies.rcps,
        () if policies.vpc_endpoint is None else (policies.vpc_endpoint,),
    )


def _who(request: Request) -> str:
    if request.principal.kind is PrincipalKind.ANONYMOUS:
        return "an anonymous caller"
    return request.principal.name


_NAMES = {
    "identity": "the identity policies",
    "resource": "the resource policy",
    "session": "the session policy",
    "boundary": "the permissions boundary",
    "scp": "the service control policies",
    "rcp": "the resource control policies",
    "vpce": "the VPC endpoint policy",
}


def _reason(decision: Decision) -> tuple[str, tuple[str, ...]]:
    """One clause that says why, and the layers it speaks of."""
    if decision.outcome is Outcome.ALLOWED:
        return _why_allowed(decision)
    request, policies = decision.request, decision.policies
    results = dict(zip(LAYERS, decision.results, strict=True))
    denying = tuple(name for name in LAYERS if results[name] is Outcome.EXPLICIT_DENY)
    silent = tuple(name for name in LAYERS if results[name] is Outcome.IMPLICIT_DENY)
    if decision.outcome is Outcome.EXPLICIT_DENY:
        if not denying:
            return "denied, because S3 Block Public Access restricts a bucket with a public policy", ("resource",)
        return "denied explicitly by " + _join([_NAMES[name] for name in denying]), denying
    limits = tuple(name for name in ("scp", "vpce", "session", "boundary") if name in silent)
    if any(name in limits for name in ("scp", "vpce")):
        blocking = tuple(name for name in limits if name in ("scp", "vpce"))
        return f"denied, because {_do_not(blocking)} allow it", blocking
    if request.principal.account is None:
        return "denied, because only a resource policy can allow it, and none does", ("resource",)
    identity = results["identity"] is Outcome.ALLOWED
    if request.principal.account != request.account:
        return _why_not_across(decision, identity, limits)
    if decision.grant is Grant.ENTITY or (identity and limits):
        return f"denied, because {_do_not(limits)} allow it", limits
    strict = needs_key_policy(request) or needs_trust_policy(request)
    if strict and decision.grant is Grant.NONE:
        which = "the key policy" if needs_key_policy(request) else "the role's trust policy"
        absent = "; no such policy was given" if policies.resource is None else ""
        return f"denied, because {which} neither allows the principal nor its account{absent}", ("resource",)
    if policies.resource is None or strict:
        return "denied, because no identity policy allows it", ("identity",)
    return "denied, because neither an identity policy nor the resource policy allows it", ("identity", "resource")


def _why_not_across(decision: Decision, identity: bool, limits: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    missing = [] if identity else ["identity"]
    missing += limits
    if decision.grant is Grant.NONE:
        missing.append("resource")
    account = decision.request.account or "another account"
    reason = f"denied, because the resource is in {account} and both accounts must allow; {_do_not(missing)}"
    return reason, tuple(missing)


def _why_allowed(decision: Decision) -> tuple[str, tuple[str, ...]]:
    request = decision.request
    if needs_no_permission(request):
        return "allowed, because this action needs no permission", ()
    account = request.principal.account
    if account is None or (account == request.account and decision.grant is Grant.DIRECT):
        return "allowed by the resource policy, which names the principal itself", ("resource",)
    if account != request.account:
        return "allowed by both accounts: identity policy and resource policy", ("identity", "resource")
    if decision.grant is Grant.ENTITY:
        return "allowed by the resource policy, which names the role or user behind the session", ("resource",)
    if request.principal.kind is PrincipalKind.ROOT and not any(
        one.applies(request) for one in decision.policies.identity.candidates(request.action)[1]
    ):
        return "allowed, because the root user has full access in its own account", ()
    if needs_key_policy(request) or needs_trust_policy(request):
        return "allowed by an identity policy, which the resource policy lets count", ("identity", "resource")
    return "allowed by an identity policy", ("identity",)


def _do_not(layers: Sequence[str]) -> str:
    """The layers with their verb: "the resource policy does not"."""
    plural = len(layers) > 1 or _NAMES[layers[0]].endswith("policies")
    return _join([_NAMES[name] for name in layers]) + (" do not" if plural else " does not")


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else "nothing"


def _describe(layer: LayerExplanation, outcome: Outcome) -> Iterator[str]:
    name = layer.layer if layer.level is None else f"{layer.layer} level {layer.level}"
    for ref in layer.determining:
        yield f"  {name}: {ref} applies"
    if layer.outcome is Outcome.IMPLICIT_DENY and outcome is not Outcome.ALLOWED:
        if not layer.misses:
            yield f"  {name}: no Allow statement comes near"
        for miss in layer.misses:
            yield f"  {name}: nearest is {miss.statement}"
            for gap in miss.gaps:
                yield f"    {gap}"


def _layers(decision: Decision) -> Iterator[LayerExplanation]:
    policies, request = decision.policies, decision.request
    for name, outcome, levels in zip(LAYERS, decision.results, _levels(policies), strict=True):
        if outcome is None:
            continue
        for number, level in enumerate(levels, start=1):
            if name in ("scp", "rcp"):
                yield _layer(name, level, request, policies, number)
            else:
                one = _layer(name, level, request, policies, None)
                yield LayerExplanation(name, outcome, one.determining, one.misses)


def _layer(
    name: str, statements: StatementSet, request: Request, policies: Layers, level: int | None
) -> LayerExplanation:
    bounded = name == "resource" and policies.boundary is not None
    fitting: list[CompiledStatement] = []
    allowing: list[tuple[CompiledStatement, tuple[Gap, ...]]] = []
    for one in statements.statements:
        gaps = tuple(_gaps(one, request, bounded))
        if not gaps:
            fitting.append(one)
        elif one.allows:
            allowing.append((one, gaps))
    denies = [one for one in fitting if not one.allows]
    allows = [one for one in fitting if one.allows]
    if denies:
        refs = tuple(_ref(name, one) for one in denies)
        return LayerExplanation(name, Outcome.EXPLICIT_DENY, refs, (), level)
    if allows or name == "rcp":
        return LayerExplanation(name, Outcome.ALLOWED, tuple(_ref(name, one) for one in allows), (), level)
    return LayerExplanation(name, Outcome.IMPLICIT_DENY, (), _nearest(name, allowing), level)


def _nearest(name: str, candidates: list[tuple[CompiledStatement, tuple[Gap, ...]]]) -> tuple[Miss, ...]:
    """The statements with the fewest gaps, at most three. One that misses in action and resource is not near."""
    near = [(one, gaps) for one, gaps in candidates if not {Part.ACTION, Part.RESOURCE} <= {gap.part for gap in gaps}]
    if not near:
        return ()
    fewest = min(len(gaps) for _, gaps in near)
    # A wrong action says less about what was meant than a wrong condition does.
    best = [entry for entry in near if len(entry[1]) == fewest]
    best.sort(key=lambda entry: any(gap.part is Part.ACTION for gap in entry[1]))
    return tuple(Miss(_ref(name, one), gaps) for one, gaps in best[:3])


def _ref(layer: str, one: CompiledStatement) -> StatementRef:
    statement = one.statement
    return StatementRef(
        layer,
        one.policy.name,
        statement.sid,
        statement.index,
        statement.pointer,
        one.policy.line_of(statement.pointer),
        statement.effect,
    )


def _gaps(one: CompiledStatement, request: Request, bounded: bool) -> Iterator[Gap]:
    statement = one.statement
    if not one.covers_action(request.action):
        yield Gap(Part.ACTION, _clause(statement.action), request.name, statement.action.pointer)
    names = one.principal
    if names is not None and statement.principal is not None:
        denied_anyway = bounded and names.negated and not one.allows
        if not denied_anyway and not names.grant(request.principal, request.context):
            wanted = _principals(statement.principal)
            yield Gap(Part.PRINCIPAL, wanted, _who(request), statement.principal.pointer)
    if one.resource is not None and not one.resource(request):
        clause = statement.resource
        wanted = "a Resource element" if clause is None else _clause(clause)
        yield Gap(Part.RESOURCE, wanted, request.resource, statement.pointer if clause is None else clause.pointer)
    for check, condition in zip(one.conditions, statement.conditions, strict=True):
        if not check(request):
            yield Gap(Part.CONDITION, _condition(condition), _given(condition, request), condition.pointer)


def _clause(clause: Clause) -> str:
    return ("anything but " if clause.negated else "") + _values(clause.values)


def _principals(clause: PrincipalClause) -> str:
    names = _values([principal.value for principal in clause.principals])
    return ("anyone but " if clause.negated else "") + names


def _condition(condition: Condition) -> str:
    return f"{condition.operator.text} {condition.key} {_values(condition.values)}"


def _given(condition: Condition, request: Request) -> str:
    value = request.folded().get(condition.key.lower())
    if value is None:
        return f"no {condition.key}"
    return f"{condition.key} {_values(texts_of(value))}"


def _values(values: Sequence[str]) -> str:
    shown = [value if len(value) <= 200 else value[:197] + "..." for value in values[:5]]
    more = f" (and {len(values) - 5} more)" if len(values) > 5 else ""
    return (" or ".join(shown) if shown else "nothing") + more
