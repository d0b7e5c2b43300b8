"""Laws that hold for every request under every set of policies."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crosslane.iam import Outcome, Request, decide, explain
from crosslane.iam.explain import grounds
from tests.properties.iam_documents import documents_by_layer, layers_of, quick, requests, statements

BLOCKING = ("identity", "resource", "session", "boundary", "endpoint")
DENY_ALL = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def outcome(request: Request, found: dict[str, Any]) -> Outcome:
    return decide(request, layers_of(found)).outcome


def with_statement(found: dict[str, Any], layer: str, statement: dict[str, Any]) -> dict[str, Any]:
    """The policies with one more statement in a layer; a layer that is absent stays absent."""
    out = copy.deepcopy(found)
    if layer == "identity":
        out["identity"].append({"Version": "2012-10-17", "Statement": [statement]})
    elif layer == "scps":
        for level in out["scps"]:
            level.append({"Version": "2012-10-17", "Statement": [statement]})
    elif out[layer] is not None:
        out[layer]["Statement"].append(statement)
    return out


@quick
@given(requests(), documents_by_layer)
def test_a_deny_anywhere_trumps_every_allow(request: Request, found: dict[str, Any]) -> None:
    denied = with_statement(found, "identity", DENY_ALL)
    assert outcome(request, denied) is Outcome.EXPLICIT_DENY


@quick
@given(requests(), documents_by_layer)
def test_without_any_allow_nothing_but_the_root_user_is_allowed(request: Request, found: dict[str, Any]) -> None:
    silent = {**found, "identity": [], "resource": None}
    allowed = outcome(request, silent) is Outcome.ALLOWED
    assert not allowed or request.principal.name.endswith(":root")


@quick
@given(requests(), documents_by_layer, st.sampled_from(BLOCKING), statements("Deny"), st.data())
def test_adding_a_deny_never_allows(
    request: Request, found: dict[str, Any], layer: str, statement: dict[str, Any], data: st.DataObject
) -> None:
    if layer in ("resource", "endpoint"):
        statement = data.draw(statements("Deny", principal=True))
    before = outcome(request, found)
    after = outcome(request, with_statement(found, layer, statement))
    assert after is before or after is Outcome.EXPLICIT_DENY


@quick
@given(requests(), documents_by_layer, st.sampled_from((*BLOCKING, "scps")), statements("Allow"), st.data())
def test_adding_an_allow_never_takes_one_away(
    request: Request, found: dict[str, Any], layer: str, statement: dict[str, Any], data: st.DataObject
) -> None:
    if layer in ("resource", "endpoint"):
        statement = data.draw(statements("Allow", principal=True))
    if outcome(request, found) is Outcome.ALLOWED:
        assert outcome(request, with_statement(found, layer, statement)) is Outcome.ALLOWED


@quick
@given(requests(), documents_by_layer)
def test_order_of_statements_and_policies_is_irrelevant(request: Request, found: dict[str, Any]) -> None:
    turned = copy.deepcopy(found)
    turned["identity"].reverse()
    turned["scps"].reverse()
    for layer in BLOCKING:
        for document in turned[layer] if layer == "identity" else [turned[layer]]:
            if document is not None:
                document["Statement"].reverse()
    for level in turned["scps"]:
        level.reverse()
    assert decide(request, layers_of(found))[:3] == decide(request, layers_of(turned))[:3]


@quick
@given(requests(), documents_by_layer)
def test_policies_are_asked_again_and_say_the_same(request: Request, found: dict[str, Any]) -> None:
    layers = layers_of(found)
    assert decide(request, layers)[:3] == decide(request, layers)[:3] == decide(request, layers_of(found))[:3]


@quick
@given(requests(), documents_by_layer)
def test_an_absent_limit_never_denies_more(request: Request, found: dict[str, Any]) -> None:
    if outcome(request, found) is Outcome.ALLOWED:
        for layer in ("session", "boundary", "endpoint"):
            assert outcome(request, {**found, layer: None}) is Outcome.ALLOWED
        assert outcome(request, {**found, "scps": []}) is Outcome.ALLOWED


@quick
@given(requests(), documents_by_layer)
def test_every_decision_is_explained_by_what_decided_it(request: Request, found: dict[str, Any]) -> None:
    decision = decide(request, layers_of(found))
    explanation = explain(decision)
    assert explanation.outcome is decision.outcome
    assert all(explanation.lines)
    for layer in explanation.layers:
        if layer.level is None:
            assert layer.outcome is decision.layers[layer.layer]
        assert all(miss.gaps for miss in layer.misses)
    denying = [one for one in explanation.layers if one.outcome is Outcome.EXPLICIT_DENY]
    assert bool(denying) == (decision.outcome is Outcome.EXPLICIT_DENY)
    assert all(one.determining for one in denying)


@quick
@given(requests(), documents_by_layer)
def test_the_grounds_of_a_decision_are_those_of_its_explanation(request: Request, found: dict[str, Any]) -> None:
    decision = decide(request, layers_of(found))
    short, full = grounds(decision), explain(decision)
    assert (short.reason, short.deciding) == (full.reason, full.deciding)
    assert [(layer, one.policy.name, one.statement.pointer) for layer, one in short.determining] == [
        (ref.layer, ref.policy, ref.pointer) for layer in full.layers for ref in layer.determining
    ]
