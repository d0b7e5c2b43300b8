"""Policy documents as values: every element of the IAM JSON grammar, with where it stood in the text.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html (2026-11-24).
``parse`` makes these values; nothing here is evaluated. Each element can name its JSON pointer, and a policy read from
text can turn a pointer into a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum

from crosslane.iam.locate import line_of


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


class PolicyKind(StrEnum):
    """What a policy is attached to; decides which elements it must and may have."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    """A role's trust policy: a resource policy without ``Resource``."""
    SESSION = "session"
    BOUNDARY = "boundary"
    SCP = "scp"
    RCP = "rcp"
    VPC_ENDPOINT = "vpce"


class PrincipalType(StrEnum):
    """The keys of a ``Principal`` map. ``{"AWS": "*"}`` and ``"*"`` both read as ANYONE.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """

    ANYONE = "*"
    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"
    CANONICAL_USER = "CanonicalUser"


class Quantifier(StrEnum):
    """The set operators of multivalued condition keys."""

    ALL = "ForAllValues"
    ANY = "ForAnyValue"


class Comparison(Enum):
    """What a condition operator does with one value of the request and one of the policy."""

    STRING_EQUALS = "StringEquals"
    STRING_EQUALS_IGNORE_CASE = "StringEqualsIgnoreCase"
    STRING_LIKE = "StringLike"
    NUMERIC_EQUALS = "NumericEquals"
    NUMERIC_LESS_THAN = "NumericLessThan"
    NUMERIC_LESS_THAN_EQUALS = "NumericLessThanEquals"
    NUMERIC_GREATER_THAN = "NumericGreaterThan"
    NUMERIC_GREATER_THAN_EQUALS = "NumericGreaterThanEquals"
    DATE_EQUALS = "DateEquals"
    DATE_LESS_THAN = "DateLessThan"
    DATE_LESS_THAN_EQUALS = "DateLessThanEquals"
    DATE_GREATER_THAN = "DateGreaterThan"
    DATE_GREATER_THAN_EQUALS = "DateGreaterThanEquals"
    BOOL = "Bool"
    BINARY_EQUALS = "BinaryEquals"
    IP_ADDRESS = "IpAddress"
    ARN_LIKE = "ArnLike"
    """``ArnEquals`` too: "The ArnEquals and ArnLike condition operators behave identically"."""
    NULL = "Null"


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator taken apart; ``text`` is as written."""

    text: str
    comparison: Comparison
    negated: bool = False
    if_exists: bool = False
    quantifier: Quantifier | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """``Action``, ``NotAction``, ``Resource`` or ``NotResource``: the ``element`` and its ``values`` as written."""

    element: str
    values: tuple[str, ...]
    listed: bool
    """Whether the values stood in a JSON array; decides their pointers."""
    pointer: str

    @property
    def negated(self) -> bool:
        return self.element.startswith("Not")

    def pointer_of(self, index: int) -> str:
        """The JSON pointer of the value at ``index``."""
        return f"{self.pointer}/{index}" if self.listed else self.pointer


@dataclass(frozen=True, slots=True)
class PolicyPrincipal:
    """One principal that a statement names."""

    type: PrincipalType
    value: str
    pointer: str


@dataclass(frozen=True, slots=True)
class PrincipalClause:
    """``Principal`` or ``NotPrincipal``."""

    element: str
    principals: tuple[PolicyPrincipal, ...]
    pointer: str

    @property
    def negated(self) -> bool:
        return self.element == "NotPrincipal"


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator: all of a statement's conditions must hold."""

    operator: Operator
    key: str
    values: tuple[str, ...]
    listed: bool
    pointer: str

    def pointer_of(self, index: int) -> str:
        """The JSON pointer of the value at ``index``."""
        return f"{self.pointer}/{index}" if self.listed else self.pointer


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``index`` counts from 0; ``principal`` is None in the kinds that have none.

    ``resource`` is None only where a service accepts that: trust policies have no ``Resource``, and a KMS key policy
    statement may lack it, and then has no effect.
    """

    index: int
    sid: str | None
    effect: Effect
    action: Clause
    resource: Clause | None
    principal: PrincipalClause | None
    conditions: tuple[Condition, ...]
    pointer: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document that was understood.

    ``name`` is what the caller calls it (an ARN, a file, ``inline:x``); ``text`` the source, where it came as text.
    """

    kind: PolicyKind
    name: str
    version: str | None
    id: str | None
    statements: tuple[Statement, ...]
    text: str | None = None

    @property
    def has_variables(self) -> bool:
        """Whether ``${...}`` means anything: only with Version 2012-10-17.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
        """
        return self.version == "2012-10-17"

    def line_of(self, pointer: str) -> int | None:
        """The 1-based line of a JSON pointer; None if the policy did not come as text."""
        return None if self.text is None else line_of(self.text, pointer)

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.statements)
