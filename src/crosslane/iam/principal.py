"""Who makes a request, and whether a ``Principal`` element means them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (2026-11-24).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache

from crosslane.iam.arn import Arn, is_account_id, parse_arn
from crosslane.iam.document import PrincipalClause, PrincipalType


class PrincipalKind(Enum):
    """What a request is signed as."""

    USER = "user"
    ROLE = "role"
    """The role itself, as a subject of questions; requests are made by its sessions."""
    ROLE_SESSION = "role session"
    FEDERATED_USER = "federated user"
    ROOT = "root user"
    SERVICE = "service"
    IDENTITY_PROVIDER = "identity provider"
    """Someone signed in with a web or SAML identity provider, before they have a role's session."""
    ANONYMOUS = "anonymous"


class Grant(IntEnum):
    """How directly a resource policy names the principal of a request; the greater, the fewer limits apply.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """

    NONE = 0
    ACCOUNT = 1
    """Through its account: an identity policy must still allow."""
    ENTITY = 2
    """Through the role behind a session, or the user behind a federated session: boundary and session policy limit."""
    DIRECT = 3
    """By the very ARN of the request's principal, by its service name, or by ``*``."""


_NONE, _ACCOUNT, _ENTITY, _DIRECT = Grant.NONE, Grant.ACCOUNT, Grant.ENTITY, Grant.DIRECT


class PrincipalError(ValueError):
    """The text names no principal that can make a request."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The principal of a request. Make one with ``parse`` or one of the named constructors.

    ``name`` is the ARN, or the name of the service or provider. ``entity`` is "ACCOUNT/role/NAME" or
    "ACCOUNT/user/NAME" of the role or user behind a session. ``user_id`` is the ``aws:userid``, where known.
    """

    kind: PrincipalKind
    name: str
    account: str | None = None
    entity: str | None = None
    user_id: str | None = None

    @classmethod
    def parse(cls, text: str, user_id: str | None = None) -> Principal:
        """From an ARN (user, role, assumed-role or federated-user session, account root, identity provider) or a
        service's name (``lambda.amazonaws.com``). Raises ``PrincipalError``."""
        found = _parse(text)
        return found if user_id is None else cls(found.kind, found.name, found.account, found.entity, user_id)

    @classmethod
    def session(cls, role_arn: str, session_name: str, user_id: str | None = None) -> Principal:
        """A session of the role; ``user_id`` is "ROLEID:SESSION". Raises ``PrincipalError``."""
        arn = parse_arn(role_arn)
        if arn is None or not arn.resource.startswith("role/"):
            raise PrincipalError(f"{role_arn!r} is no role ARN")
        name = arn.resource.rpartition("/")[2]
        return cls.parse(f"arn:{arn.partition}:sts::{arn.account}:assumed-role/{name}/{session_name}", user_id)

    @classmethod
    def service(cls, name: str) -> Principal:
        """An AWS service acting for itself, as ``cloudformation.amazonaws.com``."""
        return cls(PrincipalKind.SERVICE, name)

    @classmethod
    def identity_provider(cls, name: str) -> Principal:
        """Someone signed in with the provider: a SAML or OIDC provider's ARN, or ``accounts.google.com``."""
        return cls(PrincipalKind.IDENTITY_PROVIDER, name)

    @classmethod
    def anonymous(cls) -> Principal:
        """A request without a signature."""
        return cls(PrincipalKind.ANONYMOUS, "anonymous")

    @classmethod
    def root(cls, account: str, partition: str = "aws") -> Principal:
        """The account's root user."""
        return cls.parse(f"arn:{partition}:iam::{account}:root")

    def context(self, role_arn: str | None = None) -> dict[str, str]:
        """The principal's own condition keys, as AWS puts them in every request.

        ``role_arn`` is the ARN of a session's role with its path, which the session's ARN does not tell.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        out = {"aws:PrincipalIsAWSService": "true" if self.kind is PrincipalKind.SERVICE else "false"}
        if self.kind is PrincipalKind.SERVICE:
            out["aws:PrincipalServiceName"] = self.name
        if self.account is None:
            return out
        out["aws:PrincipalAccount"] = self.account
        out["aws:PrincipalType"] = _PRINCIPAL_TYPE[self.kind]
        out["aws:PrincipalArn"] = self.name
        if self.kind is PrincipalKind.ROLE_SESSION:
            arn = parse_arn(self.name)
            assert arn is not None
            role = arn.resource.split("/")[1]
            out["aws:PrincipalArn"] = role_arn or f"arn:{arn.partition}:iam::{arn.account}:role/{role}"
        if self.kind is PrincipalKind.USER:
            out["aws:username"] = self.name.rpartition("/")[2]
        if self.kind is PrincipalKind.ROOT:
            out["aws:userid"] = self.account
        if self.user_id is not None:
            out["aws:userid"] = self.user_id
        return out


_PRINCIPAL_TYPE = {
    PrincipalKind.USER: "User",
    PrincipalKind.ROLE: "AssumedRole",
    PrincipalKind.ROLE_SESSION: "AssumedRole",
    PrincipalKind.FEDERATED_USER: "FederatedUser",
    PrincipalKind.ROOT: "Account",
}
ANONYMOUS = Principal.anonymous()


@lru_cache(maxsize=4096)
def _parse(text: str) -> Principal:
    arn = parse_arn(text)
    if arn is not None:
        return _from_arn(text, arn)
    if "." in text and not any(char.isspace() or char in "*?/:" for char in text):
        return Principal.service(text)
    raise PrincipalError(f"{text!r} is neither an ARN nor the name of a service")


def _from_arn(text: str, arn: Arn) -> Principal:
    kind, _, rest = arn.resource.partition("/")
    account = arn.account
    if not is_account_id(account):
        raise PrincipalError(f"{text!r} names no account")
    if arn.service == "iam":
        if arn.resource == "root":
            return Principal(PrincipalKind.ROOT, text, account)
        if kind == "user" and rest:
            return Principal(PrincipalKind.USER, text, account)
        if kind == "role" and rest:
            return Principal(PrincipalKind.ROLE, text, account)
        if kind in ("saml-provider", "oidc-provider"):
            return Principal.identity_provider(text)
    elif arn.service == "sts":
        name, slash, session = rest.partition("/")
        if kind == "assumed-role" and name and slash and session:
            return Principal(PrincipalKind.ROLE_SESSION, text, account, f"{account}/role/{name}")
        if kind == "federated-user" and rest:
            return Principal(PrincipalKind.FEDERATED_USER, text, account, f"{account}/user/{rest}")
    raise PrincipalError(f"{text!r} is not a user, role, session or root ARN")


class PrincipalMatcher:
    """A ``Principal`` or ``NotPrincipal`` element, ready to be asked."""

    __slots__ = ("accounts", "anyone", "entities", "identifiers", "names", "negated", "providers", "services")

    def __init__(self, clause: PrincipalClause) -> None:
        self.negated = clause.negated
        self.anyone = False
        accounts, names, entities, identifiers = set(), set(), set(), set()
        services, providers = set(), set()
        for principal in clause.principals:
            value = principal.value
            if principal.type is PrincipalType.ANYONE:
                self.anyone = True
            elif principal.type is PrincipalType.SERVICE:
                services.add(value)
            elif principal.type is PrincipalType.FEDERATED:
                providers.add(value)
            elif principal.type is PrincipalType.AWS:
                account = account_named(value)
                if account is not None:
                    accounts.add(account)
                elif value.startswith("arn:"):
                    names.add(value)
                    entity = _entity_of(value)
                    if entity is not None:
                        entities.add(entity)
                else:
                    identifiers.add(value)
        self.accounts, self.names, self.entities = frozenset(accounts), frozenset(names), frozenset(entities)
        self.identifiers, self.services = frozenset(identifiers), frozenset(services)
        self.providers = frozenset(providers)

    def grant(self, principal: Principal, context: Mapping[str, object]) -> Grant:
        """How the element means the principal. ``NotPrincipal`` means whoever it does not name, directly."""
        if self.negated:
            return _DIRECT if self._named(principal, context) is _NONE else _NONE
        return _DIRECT if self.anyone else self._named(principal, context)

    def _named(self, principal: Principal, context: Mapping[str, object]) -> Grant:
        if self.anyone:
            return _DIRECT
        account = principal.account
        if account is None:
            kind, name = principal.kind, principal.name
            if kind is PrincipalKind.SERVICE and name in self.services:
                return _DIRECT
            if kind is PrincipalKind.IDENTITY_PROVIDER and name in self.providers:
                return _DIRECT
            return _NONE
        if principal.name in self.names:
            return _ENTITY if principal.kind is PrincipalKind.ROLE else _DIRECT
        if principal.entity is not None and principal.entity in self.entities:
            return _ENTITY
        if self.identifiers:
            by_identifier = self._by_identifier(principal, context)
            if by_identifier is not _NONE:
                return by_identifier
        return _ACCOUNT if account in self.accounts else _NONE

    def _by_identifier(self, principal: Principal, context: Mapping[str, object]) -> Grant:
        """Unique ids (AIDA…, AROA…), which are what AWS itself stores in place of ARNs.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
        """
        user_id = principal.user_id or context.get("aws:userid")
        if not isinstance(user_id, str):
            return _NONE
        if user_id in self.identifiers:
            return _DIRECT
        return _ENTITY if user_id.partition(":")[0] in self.identifiers else _NONE


def account_named(value: str) -> str | None:
    """The account of ``111111111111`` or ``arn:aws:iam::111111111111:root``, else None."""
    if value.startswith("arn:"):
        arn = parse_arn(value)
        if arn is None or arn.service != "iam" or arn.resource != "root":
            return None
        value = arn.account
    return value if is_account_id(value) else None


def _entity_of(value: str) -> str | None:
    """The role or user of an ARN as "ACCOUNT/role/NAME": names are unique in an account whatever their path."""
    arn = parse_arn(value)
    if arn is None or arn.service != "iam":
        return None
    kind, _, rest = arn.resource.partition("/")
    return f"{arn.account}/{kind}/{rest.rpartition('/')[2]}" if kind in ("role", "user") and rest else None
